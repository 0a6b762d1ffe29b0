"""The tables of the store, how older ones are brought up to date, how one is opened, or set aside as damaged."""

import errno
import hashlib
import logging
import sqlite3
import time
from pathlib import Path

from model.picture_identity import DIGEST_BYTES

log = logging.getLogger(__name__)

SCHEMA_VERSION = 5
_BUSY_PAUSE = 0.02
BUSY_SECONDS = 5.0
"""Another process may hold the write lock for as long as it takes to commit a batch."""

# A picture is known by its bytes. Where its file lay last, and in which version, spares reading it again; so a result
# outlives a move, and two copies of a picture share it.
_PICTURES = """
CREATE TABLE pictures (
    path BLOB NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    digest BLOB NOT NULL
) WITHOUT ROWID
"""
_MADE_WITH = """
CREATE TABLE made_with (
    id INTEGER PRIMARY KEY,
    weights_sha256 TEXT NOT NULL,
    preprocess TEXT NOT NULL,
    precision TEXT NOT NULL,
    UNIQUE (weights_sha256, preprocess, precision)
)
"""
_RESULTS = """
CREATE TABLE results (
    digest BLOB NOT NULL,
    made_with INTEGER NOT NULL,
    predictions BLOB NOT NULL,
    format TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    seconds REAL NOT NULL,
    classified_at TEXT NOT NULL,
    unsure INTEGER,
    engine TEXT,
    batch INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (digest, made_with)
) WITHOUT ROWID
"""
# By path and version, not by digest: what cannot be opened has none.
_ERRORS = """
CREATE TABLE errors (
    path BLOB NOT NULL,
    made_with INTEGER NOT NULL,
    size INTEGER,
    mtime_ns INTEGER,
    problem TEXT NOT NULL,
    seconds REAL NOT NULL,
    classified_at TEXT NOT NULL,
    program TEXT NOT NULL,
    batch INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (path, made_with)
) WITHOUT ROWID
"""
_LIMITS = "CREATE TABLE limits (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID"
_TABLES = (_PICTURES, _MADE_WITH, _RESULTS, _ERRORS, _LIMITS)
# Version 1 knew no calibration: its rows are those of plain softmax, without a verdict, and stay what they are.
_FROM_VERSION_1 = "ALTER TABLE results ADD COLUMN unsure INTEGER"
# Up to version 2 torch was the only engine, of which no note was kept.
_FROM_VERSION_2 = "ALTER TABLE results ADD COLUMN engine TEXT"
# Up to version 3 results were known by path and no digest was taken. Each gets a stand-in that no picture's bytes can
# have, so it is found by its path as before, but not when it is moved.
_FROM_VERSION_3 = (
    "ALTER TABLE results RENAME TO old",
    *_TABLES,
    """INSERT OR REPLACE INTO pictures SELECT path, size, mtime_ns, stand_in(path, size, mtime_ns) FROM old""",
    """INSERT OR IGNORE INTO made_with (weights_sha256, preprocess, precision)
       SELECT DISTINCT weights_sha256, preprocess, 'float32' FROM old""",
    """INSERT OR REPLACE INTO results
       SELECT stand_in(path, size, mtime_ns), made_with.id, predictions, format, width, height, seconds,
              classified_at, unsure, engine, 0
       FROM old JOIN made_with USING (weights_sha256, preprocess)""",
    "DROP TABLE old",
)
_MIGRATIONS: dict[int, tuple[str, ...]] = {
    0: _TABLES,
    1: (_FROM_VERSION_1, _FROM_VERSION_2, *_FROM_VERSION_3),
    2: (_FROM_VERSION_2, *_FROM_VERSION_3),
    3: _FROM_VERSION_3,
    # From here on batches are numbered, so that the oldest are known also after the clock was moved back; and
    # predictions are packed numbers: those that are JSON are still read.
    4: tuple(f"ALTER TABLE {table} ADD COLUMN batch INTEGER NOT NULL DEFAULT 0" for table in ("results", "errors")),
}
# Results lie in the order of their digests, which is none: read through SQLite's own small cache, each costs a page.
_MAPPED_BYTES = 1 << 30
# What SQLite keeps beside its file; next to a new file the old ones would be taken for its own.
_COMPANIONS = ("", "-wal", "-shm")
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def result_code(error: Exception) -> int | None:
    """Return SQLite's primary result code; None for an error that is not SQLite's."""
    if not isinstance(error, sqlite3.Error):
        return None
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF  # the other bytes refine it


def is_damage(error: Exception) -> bool:
    """Return whether the file itself is no sound database; being locked, full or unreadable is something else."""
    return result_code(error) in _DAMAGE


def is_busy(error: Exception) -> bool:
    """Return whether another process has kept the store locked for longer than BUSY_SECONDS."""
    return result_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_full(error: Exception) -> bool:
    """Return whether there is no room on the disk."""
    return result_code(error) == sqlite3.SQLITE_FULL or getattr(error, "errno", None) == errno.ENOSPC


def set_aside(file: Path) -> Path:
    """Give a damaged store another name, so that a new one can be made, and return that; raises OSError."""
    damaged = file.with_name(f"{file.name}.damaged")
    log.warning("the store %s is damaged; it is set aside as %s", file, damaged.name)
    for companion in _COMPANIONS[1:]:  # those of an earlier one belong to another file
        damaged.with_name(f"{damaged.name}{companion}").unlink(missing_ok=True)
    for companion in _COMPANIONS:
        part = file.with_name(f"{file.name}{companion}")
        if part.exists():
            part.replace(file.with_name(f"{damaged.name}{companion}"))
    return damaged


def stand_in(path: bytes, size: int, mtime_ns: int) -> bytes:
    """Return what stands for the digest of a picture of which only these were noted."""
    name = b"%d\0%d\0%s" % (size, mtime_ns, path)
    return hashlib.blake2b(name, digest_size=DIGEST_BYTES, person=b"no digest taken").digest()


def open_store(file: Path) -> sqlite3.Connection:
    """Open or make the store, bringing an older one up to date; the connection belongs to the calling thread.

    Raises sqlite3.NotSupportedError for a store of a later version of the program, and sqlite3.Error.
    """
    until = time.monotonic() + BUSY_SECONDS
    while True:
        connection = sqlite3.connect(file, timeout=BUSY_SECONDS)
        try:
            _prepare(connection)
        except BaseException as exc:
            connection.close()  # Windows does not let go of the file otherwise
            # SQLite waits for no other process that turns the file to WAL mode, or reads its log after a crash.
            if not (isinstance(exc, sqlite3.Error) and is_busy(exc)) or time.monotonic() > until:
                raise
            time.sleep(_BUSY_PAUSE)
        else:
            return connection


def open_for_reading(file: Path) -> sqlite3.Connection:
    """Open a second connection to a store that is up to date; any thread may use it, one at a time."""
    connection = sqlite3.connect(file, timeout=BUSY_SECONDS, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA query_only = ON")
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.row_factory = sqlite3.Row
    version = _schema_version(connection)
    if version > SCHEMA_VERSION:
        raise sqlite3.NotSupportedError(f"a later version of the program made it (schema {version})")
    connection.execute("PRAGMA journal_mode = WAL")
    # In WAL mode NORMAL loses no committed batch when the program dies, only, at worst, when the power fails.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
    if version < SCHEMA_VERSION:
        connection.create_function("stand_in", 3, stand_in, deterministic=True)
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
