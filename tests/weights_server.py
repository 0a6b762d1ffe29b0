"""A server on 127.0.0.1 that misbehaves as told, and a computer that fetches from it."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from model.cancel import CancelToken
from model.cards import card_bytes
from model.download import fetch_weights, import_file
from model.errors import WeightsError
from model.types import DownloadProgress, Preprocess, WeightSet, WeightsFile, WeightsInstalled
from model.weights import Catalogue

BODY = bytes(range(256)) * 2048  # half a megabyte
DIGEST = hashlib.sha256(BODY).hexdigest()
NAME = f"net-{DIGEST[:8]}.pth"
OTHER = b"X" + BODY[1:]


@dataclass
class Script:
    """What the server does, and what it was asked for."""

    body: bytes = BODY
    status: int = 200
    etag: str | None = '"one"'
    last_modified: str | None = None
    ranges: bool = True
    says_length: bool = True
    length: int | None = None
    wrong_range: bool = False
    cut_after: int | None = None
    stall_after: int | None = None
    redirect: str | None = None
    stalled: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    """Answers each GET by the server's script."""

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        script: Script = self.server.script  # type: ignore[attr-defined]
        script.asked.append((self.path, dict(self.headers)))
        if script.redirect is not None and not self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", script.redirect)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start, status = self._start(script)
        body = script.body[start:]
        self.send_response(status)
        if script.etag is not None:
            self.send_header("ETag", script.etag)
        if script.last_modified is not None:
            self.send_header("Last-Modified", script.last_modified)
        if status == 206:
            first = start + 1 if script.wrong_range else start
            self.send_header("Content-Range", f"bytes {first}-{len(script.body) - 1}/{len(script.body)}")
        if script.says_length:
            self.send_header("Content-Length", str(script.length or len(body)) if status < 400 else "0")
        self.end_headers()
        if status < 400:
            self._send(script, body)

    def _start(self, script: Script) -> tuple[int, int]:
        wanted = self.headers.get("Range")
        if script.status != 200 or wanted is None or not script.ranges:
            return 0, script.status
        condition = self.headers.get("If-Range")
        if condition is not None and condition not in {script.etag, script.last_modified}:
            return 0, 200
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        return (start, 206) if start < len(script.body) else (0, 416)

    def _send(self, script: Script, body: bytes) -> None:
        if script.stall_after is not None:
            self.wfile.write(body[: script.stall_after])
            self.wfile.flush()
            script.stalled.set()
            script.release.wait(20)
            return
        self.wfile.write(body if script.cut_after is None else body[: script.cut_after])


class Server:
    """The server and the address that a mirror's setting would hold."""

    def __init__(self) -> None:
        self.script = Script()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.script = self.script  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def play(self, script: Script) -> Script:
        self.script = script
        self._http.script = script  # type: ignore[attr-defined]
        return script

    def stop(self) -> None:
        self.script.release.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def card_of(*, size: int = len(BODY), digest: str = DIGEST, name: str = NAME) -> WeightSet:
    file = WeightsFile(
        role="network",
        name=name,
        place="download",
        size=size,
        sha256_prefix=digest[:8],
        url=f"https://weights.invalid/models/{name}",
    )
    gray = (0.5, 0.5, 0.5)
    return WeightSet(
        id="net",
        title="A net",
        family="imagenet",
        architecture="torchvision:resnet50",
        layout="torchvision",
        classes=("cat", "dog"),
        preprocess=Preprocess(256, 224, "bilinear", gray, gray),
        files=(file,),
        licence="none",
        source="a test",
    )


class Computer:
    """A computer where the set `net` is known and not fetched yet."""

    def __init__(self, root: Path) -> None:
        shipped = root / "shipped"
        shipped.mkdir()
        self.card = shipped / "net.json"
        self.card.write_bytes(card_bytes(card_of()))
        self.catalogue = Catalogue(root / "data", root / "hub", shipped_dir=shipped)
        self.folder = root / "data" / "weights" / "net"
        self.file = self.folder / NAME
        self.part = self.folder / f"{NAME}.part"
        self.hub_file = root / "hub" / NAME
        self.token = CancelToken()

    def fetch(self, mirror: str | None, timeout: float = 10) -> Iterator[DownloadProgress | WeightsInstalled]:
        entry = self.catalogue.entry("net")
        return fetch_weights(entry, self.catalogue, mirror=mirror, timeout=timeout, cancel=self.token)

    def refusal(self, mirror: str | None, timeout: float = 10) -> WeightsError:
        with pytest.raises(WeightsError) as caught:
            list(self.fetch(mirror, timeout))
        return caught.value

    def import_from(self, path: Path) -> Iterator[DownloadProgress | WeightsInstalled]:
        return import_file(self.catalogue.entry("net"), path, self.catalogue, cancel=self.token)

    def leave_part(self, content: bytes, *, url: str = "", validator: str | None = None) -> None:
        self.folder.mkdir(parents=True)
        self.part.write_bytes(content)
        if url:
            notes = {"url": f"{url}/{NAME}", "validator": validator}
            self.part.with_name(f"{NAME}.part.json").write_text(json.dumps(notes))

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


def failing(error: OSError) -> Callable[..., Any]:
    def fail(*args: object, **more: object) -> None:
        raise error

    return fail
