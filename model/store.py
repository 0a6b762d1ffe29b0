"""Results that survive the program's end, in SQLite: what was classified before is shown again at once.

A picture is recognised by path, size and modification time; an edit that keeps all three goes unnoticed. Paths are
kept as bytes because names need not be valid text.
"""

import json
import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from model.types import ImageResult, InstalledWeights, PictureFacts, Prediction

log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE results (
    path BLOB NOT NULL,
    weights_sha256 TEXT NOT NULL,
    preprocess TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    predictions TEXT NOT NULL,
    format TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    seconds REAL NOT NULL,
    classified_at TEXT NOT NULL,
    PRIMARY KEY (path, weights_sha256, preprocess)
) WITHOUT ROWID
"""
_LOOKUP_CHUNK = 256
# Another window may hold the write lock for as long as it takes to commit a batch.
_BUSY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class FileVersion:
    """What tells one version of a file from another without reading it: size in bytes and mtime in nanoseconds."""

    size: int
    mtime_ns: int


def file_version(path: Path) -> FileVersion | None:
    """Return the file's version; None when it cannot be looked at."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return FileVersion(stat.st_size, stat.st_mtime_ns)


class ResultStore:
    """One connection; owned by the thread that opens it. Raises sqlite3.Error and OSError when the disk does."""

    def __init__(self, file: Path) -> None:
        """Open or make the store; a damaged file is set aside under another name and a new one made."""
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = _open(file)
        except sqlite3.DatabaseError as exc:
            if isinstance(exc, sqlite3.OperationalError):
                raise
            set_aside = file.with_name(f"{file.name}.damaged")
            log.warning("the store %s is damaged (%s); it is set aside as %s", file, exc, set_aside)
            file.replace(set_aside)
            self._connection = _open(file)

    def record(self, results: Sequence[ImageResult], installed: InstalledWeights) -> None:
        """Commit one batch in one transaction. Errors are not kept: a later run tries those pictures again."""
        rows = list(self._rows(results, installed))
        with self._connection:
            self._connection.executemany(f"INSERT OR REPLACE INTO results VALUES ({','.join('?' * 11)})", rows)

    def known(self, paths: Iterable[Path], installed: InstalledWeights) -> Iterator[tuple[Path, ImageResult | None]]:
        """For each path, in order, its result by these weights, or None when there is none or the file has changed."""
        iterator = iter(paths)
        while chunk := list(islice(iterator, _LOOKUP_CHUNK)):
            stored = self._stored(chunk, installed)
            for path in chunk:
                row = stored.get(os.fsencode(path))
                version = file_version(path) if row is not None else None
                fresh = row is not None and version == FileVersion(row["size"], row["mtime_ns"])
                yield path, _result(path, row, installed) if fresh and row is not None else None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _stored(self, paths: Sequence[Path], installed: InstalledWeights) -> dict[bytes, sqlite3.Row]:
        marks = ",".join("?" * len(paths))
        query = f"SELECT * FROM results WHERE weights_sha256 = ? AND preprocess = ? AND path IN ({marks})"
        values = [installed.sha256, _preprocess_key(installed), *(os.fsencode(path) for path in paths)]
        return {row["path"]: row for row in self._connection.execute(query, values)}

    @staticmethod
    def _rows(results: Sequence[ImageResult], installed: InstalledWeights) -> Iterator[tuple[object, ...]]:
        for result in results:
            version = file_version(result.path)
            if result.problem is not None or result.facts is None or version is None:
                continue
            yield (
                os.fsencode(result.path),
                result.weights_sha256,
                _preprocess_key(installed),
                version.size,
                version.mtime_ns,
                json.dumps([(p.class_index, p.probability) for p in result.predictions]),
                result.facts.format,
                result.facts.width,
                result.facts.height,
                result.seconds,
                result.classified_at.isoformat(),
            )


def _preprocess_key(installed: InstalledWeights) -> str:
    return repr(installed.weights.preprocess)


def _open(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_BUSY_SECONDS)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    # In WAL mode NORMAL loses no committed batch when the program dies, only, at worst, when the power fails.
    connection.execute("PRAGMA synchronous = NORMAL")
    with connection:
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            connection.execute(_SCHEMA)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return connection


def _result(path: Path, row: sqlite3.Row, installed: InstalledWeights) -> ImageResult:
    weights = installed.weights
    predictions = tuple(
        Prediction(index, weights.classes[index], probability) for index, probability in json.loads(row["predictions"])
    )
    unsure = predictions[0].probability < weights.threshold if weights.threshold is not None else None
    return ImageResult(
        path=path,
        predictions=predictions,
        problem=None,
        facts=PictureFacts(row["format"], row["width"], row["height"]),
        weights_id=weights.id,
        weights_sha256=installed.sha256,
        seconds=row["seconds"],
        classified_at=datetime.fromisoformat(row["classified_at"]),
        unsure=unsure,
    )
