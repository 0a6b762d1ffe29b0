"""Results that survive the program's end, in SQLite: what was classified before is shown again at once.

A picture is recognised by path, size and modification time; an edit that keeps all three goes unnoticed. Paths are
kept as bytes because names need not be valid text.
"""

import json
import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import get_args

from model.types import (
    DecodeMode,
    EngineName,
    ImageResult,
    InstalledWeights,
    PictureFacts,
    Prediction,
    WeightSet,
)

log = logging.getLogger(__name__)

SCHEMA_VERSION = 3
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
    unsure INTEGER,
    engine TEXT,
    PRIMARY KEY (path, weights_sha256, preprocess)
) WITHOUT ROWID
"""
# Version 1 knew no calibration: its rows are those of plain softmax, without a verdict, and stay what they are.
_FROM_VERSION_1 = "ALTER TABLE results ADD COLUMN unsure INTEGER"
# Up to version 2 torch was the only engine, of which no note was kept.
_FROM_VERSION_2 = "ALTER TABLE results ADD COLUMN engine TEXT"
_MIGRATIONS = {0: (_SCHEMA,), 1: (_FROM_VERSION_1, _FROM_VERSION_2), 2: (_FROM_VERSION_2,)}
_COLUMNS = (
    *("path", "weights_sha256", "preprocess", "size", "mtime_ns", "predictions", "format", "width", "height"),
    *("seconds", "classified_at", "unsure", "engine"),
)
# With names, since by number SQLite would not notice that another window has added a column meanwhile.
_INSERT = f"INSERT OR REPLACE INTO results ({','.join(_COLUMNS)}) VALUES ({','.join('?' * len(_COLUMNS))})"
_LOOKUP_CHUNK = 256
# Another window may hold the write lock for as long as it takes to commit a batch.
_BUSY_SECONDS = 5.0
# What SQLite keeps beside its file; next to a new file the old ones would be taken for its own.
_COMPANIONS = ("", "-wal", "-shm")
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@dataclass(frozen=True, slots=True)
class FileVersion:
    """What tells one version of a file from another without reading it: size in bytes and mtime in nanoseconds."""

    size: int
    mtime_ns: int


def file_version(path: Path) -> FileVersion | None:
    """Return the file's version; None when it cannot be looked at."""
    try:
        stat = path.stat()
    except (OSError, ValueError):  # ValueError: no file can have such a name
        return None
    return FileVersion(stat.st_size, stat.st_mtime_ns)


def is_damage(error: Exception) -> bool:
    """Return whether the file itself is no sound database; being locked, full or unreadable is something else."""
    # The low byte is the result code, the others refine it.
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE


def set_aside(file: Path) -> None:
    """Give a damaged store another name, so that a new one can be made; raises OSError."""
    log.warning("the store %s is damaged; it is set aside as %s.damaged", file, file.name)
    for companion in _COMPANIONS:
        part = file.with_name(f"{file.name}{companion}")
        if part.exists():
            part.replace(file.with_name(f"{file.name}.damaged{companion}"))


class ResultStore:
    """One connection; owned by the thread that opens it. Raises sqlite3.Error and OSError when the disk does."""

    def __init__(self, file: Path) -> None:
        """Open or make the store; a damaged file is set aside under another name and a new one made.

        A store of a later version of the program is left alone: sqlite3.NotSupportedError.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = _open(file)
        except sqlite3.DatabaseError as exc:
            if not is_damage(exc):
                raise
            set_aside(file)
            self._connection = _open(file)

    def record(
        self, results: Sequence[ImageResult], installed: InstalledWeights, versions: Mapping[Path, FileVersion]
    ) -> None:
        """Commit one batch in one transaction.

        `versions` are those of the files before they were read: one that has been edited since is then classified
        anew. Not kept are pictures without a version, results of other weights or another calibration, and errors,
        which a later run tries again.
        """
        rows = list(self._rows(results, installed, versions))
        with self._connection:
            self._connection.executemany(_INSERT, rows)

    def known(
        self, paths: Iterable[Path], installed: InstalledWeights, top: int, decode: DecodeMode = "exact"
    ) -> Iterator[tuple[Path, ImageResult | None]]:
        """For each path, in order, its result by these weights with `top` labels (or all, where there are fewer).

        None when there is no such result, when it has fewer labels, or when the file has changed. What was found with
        another preprocessing, calibration or way of decoding is no such result.
        """
        iterator = iter(paths)
        while chunk := list(islice(iterator, _LOOKUP_CHUNK)):
            stored = self._stored(chunk, installed, decode)
            for path in chunk:
                row = stored.get(_key(path))
                if row is not None and file_version(path) == FileVersion(row["size"], row["mtime_ns"]):
                    yield path, _result(path, row, installed, top, decode)
                else:
                    yield path, None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _stored(
        self, paths: Sequence[Path], installed: InstalledWeights, decode: DecodeMode
    ) -> dict[bytes, sqlite3.Row]:
        marks = ",".join("?" * len(paths))
        query = f"SELECT * FROM results WHERE weights_sha256 = ? AND preprocess = ? AND path IN ({marks})"
        values = [installed.sha256, _preprocess_key(installed.weights, decode), *(_key(path) for path in paths)]
        return {row["path"]: row for row in self._connection.execute(query, values)}

    @staticmethod
    def _rows(
        results: Sequence[ImageResult], installed: InstalledWeights, versions: Mapping[Path, FileVersion]
    ) -> Iterator[tuple[object, ...]]:
        for result in results:
            version = versions.get(result.path)
            is_failure = result.problem is not None or result.facts is None or not result.predictions
            is_others = result.weights_sha256 != installed.sha256 or result.calibration != installed.weights.calibration
            if is_failure or version is None or is_others:
                continue
            assert result.facts is not None
            yield (
                _key(result.path),
                result.weights_sha256,
                _preprocess_key(installed.weights, result.decode),
                version.size,
                version.mtime_ns,
                json.dumps([(p.class_index, p.probability) for p in result.predictions]),
                result.facts.format,
                result.facts.width,
                result.facts.height,
                result.seconds,
                result.classified_at.isoformat(),
                result.unsure,
                result.engine,
            )


def _preprocess_key(weights: WeightSet, decode: DecodeMode) -> str:
    """Return what shapes results beside the weights: preprocessing, decoding, and the numbers of a calibration.

    A set that is calibrated anew thus shares no row with what it was; where its figures were fitted does not matter.
    """
    key = repr(weights.preprocess)
    if decode != "exact":
        key = f"{key} {decode}"
    if weights.calibration is None:
        return key
    fitted = weights.calibration
    return f"{key} {(fitted.temperature, fitted.score, fitted.threshold)!r}"


def _key(path: Path) -> bytes:
    """Return the path's bytes; a name that no file can have becomes one that no file has."""
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:
        return b""


def _open(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_BUSY_SECONDS)
    try:
        _prepare(connection)
    except BaseException:
        connection.close()  # Windows does not let go of the file otherwise
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.row_factory = sqlite3.Row
    version = _schema_version(connection)
    if version > SCHEMA_VERSION:
        raise sqlite3.NotSupportedError(f"a later version of the program made it (schema {version})")
    connection.execute("PRAGMA journal_mode = WAL")
    # In WAL mode NORMAL loses no committed batch when the program dies, only, at worst, when the power fails.
    connection.execute("PRAGMA synchronous = NORMAL")
    if version < SCHEMA_VERSION:
        with connection:
            # The lock first: two windows may come here at the same time, and a crash leaves all or nothing.
            connection.execute("BEGIN IMMEDIATE")
            version = _schema_version(connection)
            if version < SCHEMA_VERSION:
                for statement in _MIGRATIONS[version]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _schema_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _result(
    path: Path, row: sqlite3.Row, installed: InstalledWeights, top: int, decode: DecodeMode
) -> ImageResult | None:
    """Return the stored result, or None when it does not fit the card or the wish for `top` labels."""
    weights = installed.weights
    try:
        stored = [(int(index), float(probability)) for index, probability in json.loads(row["predictions"])]
        moment = datetime.fromisoformat(row["classified_at"])
    except (ValueError, TypeError) as exc:
        log.warning("a damaged row of the store is passed over: %s", exc)
        return None
    wanted = min(top, len(weights.classes))
    if len(stored) < wanted or not all(0 <= index < len(weights.classes) for index, _ in stored):
        return None
    predictions = tuple(Prediction(index, weights.classes[index], value) for index, value in stored[:wanted])
    if weights.calibration is not None and row["unsure"] is None:
        return None
    return ImageResult(
        path=path,
        predictions=predictions,
        problem=None,
        facts=PictureFacts(row["format"], row["width"], row["height"]),
        weights_id=weights.id,
        weights_sha256=installed.sha256,
        seconds=row["seconds"],
        classified_at=moment,
        unsure=None if weights.calibration is None else bool(row["unsure"]),
        calibration=weights.calibration,
        engine=row["engine"] if row["engine"] in get_args(EngineName) else None,
        decode=decode,
    )
