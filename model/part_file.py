"""The part of a file that has come so far, kept between fetches."""

import json
from pathlib import Path

from model.transfer import Head


class PartFile:
    """NAME.part, and NAME.part.json with what tells whether the file on the server is still the same."""

    def __init__(self, path: Path) -> None:
        """`path` is the part file; neither it nor the notes need to exist."""
        self.path = path
        self._notes = path.with_name(f"{path.name}.json")

    def size(self) -> int:
        """Return how many bytes have come, 0 where there is no part."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def range_headers(self, url: str) -> dict[str, str]:
        """Return the headers that ask for the rest, on condition that the file on that server has not changed."""
        offset = self.size()
        if not offset:
            return {}
        headers = {"Range": f"bytes={offset}-"}
        try:
            notes = json.loads(self._notes.read_bytes())
        except (OSError, ValueError, RecursionError):
            return headers
        if isinstance(notes, dict) and notes.get("url") == url and isinstance(notes.get("validator"), str):
            headers["If-Range"] = notes["validator"]
        return headers

    def remember_validators(self, url: str, head: Head) -> None:
        """Note what the server says of the version that it is about to send; raises OSError."""
        etag = head.headers.get("ETag") or ""
        # RFC 9110, 13.1.5: a weak entity tag must not be used in If-Range.
        validator = etag if etag.startswith('"') else head.headers.get("Last-Modified")
        self._notes.write_bytes(json.dumps({"url": url, "validator": validator}).encode())

    def delete(self) -> None:
        """Remove the part, if there is one, and the notes about it."""
        self.path.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)
