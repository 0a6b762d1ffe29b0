"""The life cycle of a file of results, whatever its form, and the run file with the facts of the run beside it."""

import io
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from model.atomic_file import AtomicFile, check_target, write_error
from model.cancel import Cancelled
from model.csv_text import time_cell
from model.errors import PhotospotterError
from model.names import display_name
from model.sources import absolute
from model.types import ImageResult, InstalledWeights
from model.versions import installed_versions


@dataclass(slots=True)
class RunFacts:
    """What the run file tells beside the counts; the owner fills in what becomes known while the run goes on.

    `inputs` is the number of pictures asked for, None while unknown. `settings` hold whatever shaped the results.
    """

    device: str = ""
    inputs: int | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))


def run_file_of(target: Path) -> Path:
    """Return where the facts of the run go: out.csv has out.run.json, any other name has `.run.json` added."""
    stem = target.stem if target.suffix.lower() == ".csv" else target.name
    return target.with_name(f"{stem}.run.json")


class ResultsFile(ABC):
    """A file of results with its life cycle; belongs to one thread.

    Use it in a `with` statement. Left normally, or because the run was interrupted or failed for a reason told to the
    user, it puts what was written in the target's place (an interrupted run without a single row changes nothing).
    Left by any other exception, or after a failed write, it leaves the target as it was. A stream given in place of a
    path is only written to and flushed, and gets no run file.
    """

    def __init__(
        self, target: Path | TextIO, installed: InstalledWeights, root: Path | None, facts: RunFacts, *, overwrite: bool
    ) -> None:
        """Check the target and open a temporary file beside it; a path is relative to `root` where there is one.

        Raises:
            ExportError: the target exists and may not be overwritten, or cannot be written. Nothing has been changed.
        """
        self.rows = 0
        self.errors = 0
        self._installed = installed
        self._root = None if root is None else absolute(root)
        self._facts = facts
        self._written: set[str] = set()  # text: it takes a fraction of a Path's memory
        self._engines: Counter[str] = Counter()
        self._decodes: Counter[str] = Counter()
        self._open = True
        self._file: AtomicFile | None = None
        if isinstance(target, Path):
            self._target = target
            check_target(run_file_of(target), overwrite=True)
            self._file = AtomicFile(target, overwrite=overwrite)
            self._stream = self._file.stream
        else:
            self._target = Path("-")
            self._stream = target
            if isinstance(target, io.TextIOWrapper):  # a terminal's or pipe's own encoding and line ends do not count
                target.reconfigure(encoding="utf-8", newline="")

    @property
    def pending(self) -> int | None:
        """How many pictures have no row (yet); None while the number of inputs is unknown."""
        return None if self._facts.inputs is None else self._facts.inputs - self.rows

    def write(self, result: ImageResult) -> None:
        """Write one row.

        Raises:
            ExportError: the file could not be written; what was written of it is gone, the old target is intact.
            ValueError: the result belongs to other weights, or its picture has a row already. Both are bugs.
        """
        if result.weights_sha256 != self._installed.sha256:
            raise ValueError(f"a result of {result.weights_id} among those of {self._installed.weights.id}")
        name = str(result.path)
        if name in self._written:
            raise ValueError("a second row for one picture")
        self._attempt(result)
        self._written.add(name)
        if result.problem is None:
            self._engines[result.engine or "unknown"] += 1
        self._decodes[result.decode] += 1
        self.rows += 1
        self.errors += result.problem is not None

    def commit(self) -> None:
        """Finish the file and the run file beside it.

        Raises:
            ExportError: they could not be written; the old target is intact.
            ValueError: there are more rows than inputs, which is a bug.
        """
        if not self._open:
            return
        try:
            if self.pending is not None and self.pending < 0:
                raise ValueError(f"{self.rows} rows of {self._facts.inputs} inputs")
            self._finish()
        except OSError as error:
            raise write_error(self._target, error) from error
        finally:
            self.discard()

    def discard(self) -> None:
        """Drop what was not committed; the target stays as it is. Harmless when called again."""
        self._open = False
        if self._file is not None:
            self._file.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        told = isinstance(error, KeyboardInterrupt | SystemExit | Cancelled | PhotospotterError)
        if error is None or (told and self.rows):
            self.commit()
        else:
            self.discard()

    @abstractmethod
    def _write_row(self, result: ImageResult) -> None:
        """Write one result to the stream."""

    @abstractmethod
    def _settings(self) -> Mapping[str, object]:
        """Return what of the file's own form belongs in the run file."""

    def _attempt(self, result: ImageResult) -> None:
        try:
            self._write_row(result)
            if self._file is None:
                self._stream.flush()  # whoever reads the pipe sees each row when it is finished
        except OSError as error:
            self.discard()
            raise write_error(self._target, error) from error

    def _finish(self) -> None:
        if self._file is None:
            self._stream.flush()
            return
        run = AtomicFile(run_file_of(self._target), overwrite=True)
        try:
            json.dump(self._report(), run.stream, ensure_ascii=False, indent=2)
            run.stream.write("\n")
            run.seal()  # both files are on the disk before either is in its place
            self._file.commit()
            run.commit()
        finally:
            run.discard()

    def _report(self) -> dict[str, object]:
        weights = self._installed.weights
        report = {
            "results": self._target.name,
            "root": None if self._root is None else self._root.as_posix(),
            "paths": "absolute" if self._root is None else "relative",
            "weights": {
                "id": weights.id,
                "title": weights.title,
                "sha256": self._installed.sha256,
                "files": [{"role": file.role, "name": file.name, "sha256": file.sha256} for file in weights.files],
                "classes": len(weights.classes),
            },
            "preprocessing": {**asdict(weights.preprocess), "assumed": weights.preprocess_assumed},
            "device": self._facts.device,
            "engines": self._engines,
            "decode": self._decodes,
            "versions": installed_versions(),
            "counts": {
                "inputs": self._facts.inputs,
                "rows": self.rows,
                "ok": self.rows - self.errors,
                "errors": self.errors,
                "pending": self.pending,
            },
            "settings": {**self._facts.settings, **self._settings()},
            "started": time_cell(self._facts.started),
            "finished": time_cell(datetime.now(UTC)),
        }
        return {key: plain(value) for key, value in report.items()}

    def _name(self, path: Path) -> str:
        """Return `path` relative to the root, with `/`; absolute where there is no root or it lies elsewhere."""
        if self._root is not None and path.is_relative_to(self._root):
            return path.relative_to(self._root).as_posix()
        return path.as_posix()


def plain(value: object) -> object:
    """Return `value` as JSON can hold it, with every text valid Unicode."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {display_name(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return display_name(str(value))
