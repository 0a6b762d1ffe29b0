"""photospotter-cli classify DIR --watch: rows are added as pictures come, until Ctrl+C."""

from __future__ import annotations

import argparse
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from model.atomic_file import AtomicFile, check_target, write_error
from model.cancel import Cancelled, CancelToken
from model.classify_request import ClassifyRequest
from model.cli_classify import LineSink, Sink
from model.cli_output import STANDARD_OUTPUT, on_one_line, say, standard_output
from model.cli_patience import DrivePatience
from model.cli_summary import summary_lines
from model.engine import Engine, RunEvent
from model.engine_choice import ENGINE_TITLES
from model.errors import UsageError, describe
from model.exit_codes import EXIT_OK, EXIT_SOME_FAILED
from model.export import CsvExport, CsvOptions, JsonLinesExport, RunFacts, common_root, run_file_of
from model.names import display_name
from model.results_file import ResultsFile
from model.run_summary import RunTally
from model.safe_files import sync
from model.sources import find_images
from model.types import EngineReady, InstalledWeights, Notice, ResultBatch, ScanBatch
from model.user_engine import user_engine
from model.watch import PicturesChanged, WatchEvent, WatchState, WatchTimes, watch

if TYPE_CHECKING:
    from model.weights import Catalogue

TIMES = WatchTimes(patience=300.0)
"""A row that is written stays: a copy that stops in the middle gets more time than in the window."""

_WAITS = (10.0, 20.0, 30.0, 60.0)
_MOST_BATCHES = 64  # found and not classified yet, so that a folder of any size needs no more memory
_POLL = 0.2

Found = WatchEvent | BaseException


def run_watch(arguments: argparse.Namespace, catalogue: Catalogue, weights_id: str, cancel: CancelToken) -> int:
    """Classify what is in the folders and what is added to them, until `cancel`; return the exit code.

    Raises PhotospotterError for what cannot be done at all; the rows written until then stay.
    """
    folders = [path for path in arguments.paths if path.is_dir()]
    if not folders:
        raise UsageError("usage-nothing-to-watch")
    installed = catalogue.open(weights_id)
    engine = user_engine(catalogue)
    run = _WatchRun(arguments, installed, engine, cancel)
    try:
        with suppress(Cancelled, KeyboardInterrupt):
            run.go(folders, TIMES)
    finally:
        cancel.cancel()  # also the thread that watches
        engine.close()
        run.tell_summary()
    return EXIT_SOME_FAILED if run.tally.errors else EXIT_OK


class _WatchRun:
    """One watch of the command: its files and its counts. Everything but finding is done on the calling thread."""

    def __init__(
        self, arguments: argparse.Namespace, installed: InstalledWeights, engine: Engine, cancel: CancelToken
    ) -> None:
        self.tally = RunTally()
        self._arguments = arguments
        self._installed = installed
        self._engine = engine
        self._cancel = cancel
        self._facts = RunFacts(settings={**_settings(arguments), "watch": True})
        self._patience = DrivePatience(cancel, _WAITS, for_ever=True)
        self._found: queue.Queue[Found] = queue.Queue(_MOST_BATCHES)
        self._seconds = 0.0
        self._engines: dict[str, None] = {}  # in the order of use
        self._told = 0

    def go(self, folders: Sequence[Path], times: WatchTimes) -> None:
        """Write rows until cancelled, or until something cannot go on."""
        with ExitStack() as stack:
            sinks = list(self._open_sinks(stack))
            stack.callback(self._count_inputs)  # before the files are finished
            others = [path for path in self._arguments.paths if not path.is_dir()]
            recursive = not self._arguments.no_recursive
            for event in find_images(others, recursive=False, cancel=self._cancel):
                if isinstance(event, ScanBatch):
                    self._classify([found.path for found in event.found], sinks)
            finding = _finder(folders, recursive, times, self._cancel, self._found)
            threading.Thread(target=finding, name="watch", daemon=True).start()
            while not self._cancel.cancelled:
                self._classify(self._next_pictures(), sinks)

    def tell_summary(self) -> None:
        """Say what was done, how fast, and with what."""
        if self._arguments.quiet or not self.tally.done:
            return
        weights = self._installed.weights
        summary = self.tally.summary(self._seconds)
        for line in summary_lines(summary, summary.done, calibrated=weights.calibration is not None):
            say(line)
        device = ", ".join([self._facts.device, *self._engines])
        say(f"weights: {weights.title} ({weights.id}, sha256 {self._installed.sha256[:12]}); {device}")

    def _next_pictures(self) -> list[Path]:
        """Return all pictures that have been found by now; none after a while without any."""
        paths: list[Path] = []
        wait = _POLL
        while True:
            try:
                event = self._found.get(timeout=wait) if wait else self._found.get_nowait()
            except queue.Empty:
                if not paths:
                    self._tell_idle()
                return paths
            wait = 0.0
            if isinstance(event, BaseException):
                raise event
            if isinstance(event, ScanBatch):
                paths += [found.path for found in event.found]
            else:
                self._hear(event)

    def _hear(self, event: PicturesChanged | WatchState | Notice) -> None:
        if isinstance(event, Notice):
            say(describe(event.problem))
        elif isinstance(event, PicturesChanged):
            for path in event.paths:
                say(f"{on_one_line(display_name(path))} has been changed after its row was written")
        elif event.folders and not self._arguments.quiet:
            say(f"Watching {', '.join(on_one_line(display_name(folder)) for folder in event.folders)}; Ctrl+C ends it.")

    def _tell_idle(self) -> None:
        """Say once after each burst how many pictures are done."""
        if self.tally.done != self._told and not self._arguments.quiet and not self._prints:
            say(f"{self.tally.done:,} pictures are done.")
        self._told = self.tally.done

    def _classify(self, paths: Sequence[Path], sinks: Sequence[Sink]) -> None:
        if not paths:
            return
        started = time.monotonic()
        try:
            for event in self._engine.run(self._request(paths), self._cancel):
                self._patience.heed(event)
                self._take(event, sinks)
        finally:
            self._seconds += time.monotonic() - started

    def _take(self, event: RunEvent, sinks: Sequence[Sink]) -> None:
        if isinstance(event, ResultBatch):
            for result in event.results:
                for sink in sinks:
                    sink.write(result)
            self.tally.add(event)
        elif isinstance(event, EngineReady):
            self._facts.device = event.device
            self._engines[ENGINE_TITLES[event.engine]] = None
        elif isinstance(event, Notice):
            say(describe(event.problem))

    def _count_inputs(self) -> None:
        self._facts.inputs = self.tally.done

    def _request(self, paths: Sequence[Path]) -> ClassifyRequest:
        chosen = self._arguments
        return ClassifyRequest(
            paths,
            self._installed.weights.id,
            device=chosen.device,
            batch_size=chosen.batch,
            top=chosen.top,
            engine=chosen.engine,
            decode=chosen.decode,
            fresh=chosen.fresh,
        )

    @property
    def _prints(self) -> bool:
        """Whether results go to standard output."""
        names = (self._arguments.csv, self._arguments.json)
        return STANDARD_OUTPUT in names or names == (None, None)

    def _open_sinks(self, stack: ExitStack) -> Iterator[Sink]:
        chosen, root = self._arguments, common_root(self._arguments.paths)
        if chosen.csv is not None:
            target, stream = _open(chosen.csv, chosen.force, stack)
            options = CsvOptions(top=chosen.top, raw=chosen.raw)
            yield stack.enter_context(_LiveCsv(stream, self._installed, root, options, self._facts).under(target))
        if chosen.json is not None:
            target, stream = _open(chosen.json, chosen.force, stack)
            yield stack.enter_context(_LiveJsonLines(stream, self._installed, root, self._facts).under(target))
        if (chosen.csv, chosen.json) == (None, None):
            yield LineSink()


class _LiveFile(ResultsFile):
    """A file of results that is there under its name from the beginning, a row longer after each picture."""

    _under: Path | None = None

    def under(self, target: Path | None) -> _LiveFile:
        """Name the file, for its run file and for what is said when it cannot be written."""
        self._under = target
        if target is not None:
            self._target = target
        return self

    def _finish(self) -> None:
        super()._finish()
        if self._under is None:
            return
        sync(self._stream.fileno())
        run = AtomicFile(run_file_of(self._under), overwrite=True)
        try:
            json.dump(self._report(), run.stream, ensure_ascii=False, indent=2)
            run.stream.write("\n")
            run.commit()
        finally:
            run.discard()


class _LiveCsv(_LiveFile, CsvExport):
    pass


class _LiveJsonLines(_LiveFile, JsonLinesExport):
    pass


def _open(name: str, overwrite: bool, stack: ExitStack) -> tuple[Path | None, TextIO]:
    """Return the target and an open stream; standard output has no target. Raises ExportError."""
    if name == STANDARD_OUTPUT:
        return None, standard_output()
    return Path(name), stack.enter_context(_live_stream(Path(name), overwrite))


@contextmanager
def _live_stream(target: Path, overwrite: bool) -> Iterator[TextIO]:
    final = check_target(target, overwrite=overwrite)
    try:
        stream = final.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise write_error(target, error) from error
    try:
        yield stream
    finally:
        with suppress(OSError):  # what could not be written has been told
            stream.close()


def _finder(
    folders: Sequence[Path], recursive: bool, times: WatchTimes, cancel: CancelToken, found: queue.Queue[Found]
) -> Callable[[], None]:
    """Return what the thread that watches runs: it hands on what it finds, and what ends it."""

    def hand_on(event: Found) -> None:
        while not cancel.cancelled:
            with suppress(queue.Full):
                found.put(event, timeout=_POLL)
                return

    def find() -> None:
        try:
            for event in watch(folders, recursive=recursive, cancel=cancel, times=times):
                hand_on(event)
        except Cancelled:
            pass
        except BaseException as exc:  # noqa: BLE001 - it is raised again on the thread that hears of it
            hand_on(exc)

    return find


def _settings(arguments: argparse.Namespace) -> dict[str, object]:
    names = ("weights", "top", "device", "engine", "decode", "no_recursive", "batch", "raw")
    return {name: getattr(arguments, name) for name in names}
