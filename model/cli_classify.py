"""photospotter-cli classify."""

import argparse
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Protocol, TextIO

from model.atomic_file import check_target
from model.cancel import Cancelled, CancelToken
from model.classify_request import ClassifyRequest
from model.cli_arguments import whole_number
from model.cli_output import STANDARD_OUTPUT, ProgressBar, emit, format_seconds, on_one_line, say, standard_output
from model.cli_patience import DrivePatience
from model.engine import Engine, RunEvent
from model.engine_choice import ENGINE_TITLES
from model.errors import DeviceError, UsageError, WeightsError, describe
from model.exit_codes import EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED
from model.export import CsvExport, CsvOptions, JsonLinesExport, RunFacts, common_root, run_file_of
from model.names import display_name
from model.run_summary import RunTally
from model.sources import find_images
from model.types import EngineReady, ImageResult, InstalledWeights, Notice, ResultBatch, ScanBatch, ScanReport
from model.user_engine import user_engine
from model.weights import default_catalogue

PIECE = 10_000
"""So many pictures are classified in one go, so that memory does not grow with the number of pictures."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a picture or a folder")
    parser.add_argument(
        "--weights", default="imagenet", metavar="imagenet|weather|ID", help="which labels to use (default: imagenet)"
    )
    parser.add_argument("--csv", metavar="FILE|-", help="write a table; - is standard output")
    parser.add_argument("--json", metavar="FILE|-", help="write JSON Lines, one object a picture")
    parser.add_argument("--xlsx", metavar="FILE", help="write an Excel workbook (needs the extra xlsx)")
    parser.add_argument(
        "--top", type=whole_number(1), default=5, metavar="N", help="labels for each picture (default: 5)"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument(
        "--engine",
        choices=("auto", "torch", "onnx"),
        default="auto",
        help="what computes: PyTorch, or ONNX Runtime, which is faster on the CPU; auto takes ONNX Runtime as soon as "
        "the network has been exported for it and compared with PyTorch, which it also begins (default: auto)",
    )
    parser.add_argument(
        "--decode",
        choices=("exact", "fast"),
        default="exact",
        help="exact: the pixels of torchvision's transforms; fast: large JPEG files at reduced size (default: exact)",
    )
    parser.add_argument("--no-recursive", action="store_true", help="leave the folders inside folders out")
    # More gains nothing on any device, and that many prepared pictures are held in memory.
    batch = whole_number(1, 1024)
    parser.add_argument("--batch", type=batch, metavar="N", help="pictures the network takes at a time, up to 1024")
    again = parser.add_mutually_exclusive_group()
    again.add_argument(
        "--fresh", action="store_true", help="classify everything, also what the history of earlier runs knows"
    )
    again.add_argument(
        "--only-errors", action="store_true", help="classify only the pictures that failed last time, and no others"
    )
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.add_argument("--raw", action="store_true", help="write CSV text that a spreadsheet may run as a formula")
    parser.add_argument("--quiet", action="store_true", help="no progress, no summary")
    parser.add_argument(
        "--watch", action="store_true", help="go on with what is added to the folders, until Ctrl+C; rows as they come"
    )
    parser.set_defaults(run=run_classify)


class Sink(Protocol):
    """Somewhere that results are written to."""

    def write(self, result: ImageResult) -> None:
        """Write one result."""


class InputOrder:
    """Hands results on in the order of the inputs; the pipeline finishes them in any order.

    Holds back what came before its turn: at most what is finished while one picture is being waited for.
    """

    def __init__(self, paths: Sequence[Path], sinks: Sequence[Sink]) -> None:
        """Take the inputs, without repeats."""
        self._paths = paths
        self._sinks = sinks
        self._next = 0
        self._early: dict[Path, ImageResult] = {}

    def add(self, results: Sequence[ImageResult]) -> None:
        """Write what is due now."""
        self._early.update((result.path, result) for result in results)
        while self._next < len(self._paths) and self._paths[self._next] in self._early:
            self._write(self._early.pop(self._paths[self._next]))
            self._next += 1

    def flush(self) -> None:
        """Write all that was held back, in order, leaving out what never came."""
        for path in self._paths[self._next :]:
            if path in self._early:
                self._write(self._early.pop(path))
        self._next = len(self._paths)

    def _write(self, result: ImageResult) -> None:
        for sink in self._sinks:
            sink.write(result)


class LineSink:
    """One line a picture on standard output."""

    def write(self, result: ImageResult) -> None:
        """Write path, then labels with percentages or the error, between tabs; `unsure` comes before labels."""
        name = on_one_line(display_name(result.path))
        if result.problem is not None:
            emit(f"{name}\terror: {describe(result.problem)}")
            return
        labels = (f"{item.label} {100 * item.probability:.1f} %" for item in result.predictions)
        emit("\t".join([name, *(["unsure"] if result.unsure else []), *labels]))


def run_classify(arguments: argparse.Namespace, cancel: CancelToken) -> int:
    """Run the command; return its exit code. Raises PhotospotterError for what cannot be done at all."""
    catalogue = default_catalogue()
    _check_targets(arguments)
    if arguments.watch:
        _check_watch(arguments)
    weights_id = catalogue.resolve(arguments.weights)
    if arguments.watch:
        from model.cli_watch import run_watch

        return run_watch(arguments, catalogue, weights_id, cancel)
    paths, report = _scan(arguments, cancel)
    for problem in report.unreadable:
        say(describe(problem))
    if not arguments.quiet:
        for line in _scan_lines(report):
            say(line)
    if not paths:
        raise UsageError("usage-nothing-to-do")
    installed = catalogue.open(weights_id)
    if not arguments.quiet and arguments.weights != weights_id:
        say(f"{arguments.weights} is {installed.weights.title} ({weights_id})")
    with closing(user_engine(catalogue)) as engine:
        if arguments.only_errors:
            paths = _failed_before(arguments, installed, engine, paths)
        run = _Run(arguments, installed, paths)
        try:
            run.classify(engine, cancel)
        except (Cancelled, KeyboardInterrupt):
            say(f"Interrupted; {run.done:,} of {len(paths):,} pictures were finished and kept.")
            run.tell_summary()
            return EXIT_INTERRUPTED
        except (WeightsError, DeviceError):
            run.tell_summary()
            raise
    assert run.done == len(paths), "every input has one result"
    run.tell_summary()
    return EXIT_SOME_FAILED if run.errors or report.unreadable else EXIT_OK


def _check_watch(arguments: argparse.Namespace) -> None:
    """Refuse what watching cannot do: a workbook does not grow, and pictures that come have no earlier failure."""
    for option, is_given in {"--xlsx": arguments.xlsx is not None, "--only-errors": arguments.only_errors}.items():
        if is_given:
            raise UsageError("usage-watch-with", option=option)


class _Run:
    """One run of the command: its files, its counts, its progress."""

    def __init__(self, arguments: argparse.Namespace, installed: InstalledWeights, paths: Sequence[str]) -> None:
        self._tally = RunTally()
        self._arguments = arguments
        self._installed = installed
        self._paths = paths
        self._facts = RunFacts(inputs=len(paths), settings=_settings(arguments))
        # Lines of results on the same terminal would be written into the bar.
        targets = {arguments.csv, arguments.json, arguments.xlsx}
        prints = STANDARD_OUTPUT in targets or targets == {None}
        self._progress = ProgressBar(quiet=arguments.quiet or (prints and standard_output().isatty()))
        self._started = time.monotonic()
        self._seconds = 0.0
        self._engines: dict[str, None] = {}  # in the order of use

    @property
    def done(self) -> int:
        """How many pictures have a result."""
        return self._tally.done

    @property
    def errors(self) -> int:
        """How many of these failed."""
        return self._tally.errors

    def classify(self, engine: Engine, cancel: CancelToken) -> None:
        """Classify everything into the files; raises Cancelled when interrupted, after writing what was finished."""
        with ExitStack() as stack:
            sinks = self._open_sinks(stack)
            stack.callback(self._progress.clear)
            patience = DrivePatience(cancel, say_before=self._progress.clear)
            try:
                for start in range(0, len(self._paths), PIECE):
                    piece = [Path(name) for name in self._paths[start : start + PIECE]]
                    self._classify(piece, InputOrder(piece, sinks), engine, patience, cancel)
            finally:
                self._seconds = time.monotonic() - self._started

    def _classify(
        self, piece: Sequence[Path], order: InputOrder, engine: Engine, patience: DrivePatience, cancel: CancelToken
    ) -> None:
        try:
            for event in engine.run(_request(self._arguments, self._installed, piece), cancel):
                patience.heed(event)
                self._take(event, order)
            cancel.raise_if_cancelled()
        except (Cancelled, KeyboardInterrupt, WeightsError, DeviceError):
            order.flush()
            raise

    def tell_summary(self) -> None:
        """Say what was done, how fast, and with what; nothing where nothing was, or nobody wants to know."""
        if self._arguments.quiet or not self.done:
            return
        from model.cli_summary import summary_lines  # which a start does without

        device = "; ".join(["", ", ".join([self._facts.device, *self._engines])]) if self._engines else ""
        weights = self._installed.weights
        summary = self._tally.summary(self._seconds)
        for line in summary_lines(summary, len(self._paths), calibrated=weights.calibration is not None):
            say(line)
        calibrated = "" if weights.calibration is None else "; calibrated"
        say(f"weights: {weights.title} ({weights.id}, sha256 {self._installed.sha256[:12]}){calibrated}{device}")

    def _take(self, event: RunEvent, order: InputOrder) -> None:
        if isinstance(event, ResultBatch):
            order.add(event.results)
            self._tally.add(event)
            rate = (self.done - self._tally.recalled) / max(time.monotonic() - self._started, 1e-6)
            left = f"{rate:.1f} images/s, {format_seconds((len(self._paths) - self.done) / rate)} left" if rate else ""
            self._progress.update(self.done, len(self._paths), left)
        elif isinstance(event, EngineReady):
            self._facts.device = event.device
            self._engines[ENGINE_TITLES[event.engine]] = None
            if self.done == self._tally.recalled:
                self._started = time.monotonic()
        elif isinstance(event, Notice):
            self._progress.clear()
            say(describe(event.problem))

    def _open_sinks(self, stack: ExitStack) -> list[Sink]:
        chosen, facts = self._arguments, self._facts
        root = common_root(chosen.paths)
        sinks: list[Sink] = []
        if chosen.csv is not None:
            options = CsvOptions(top=chosen.top, raw=chosen.raw, overwrite=chosen.force)
            table = CsvExport(_target(chosen.csv), self._installed, root, options, facts)
            sinks.append(stack.enter_context(table))
        if chosen.json is not None:
            lines = JsonLinesExport(_target(chosen.json), self._installed, root, facts, overwrite=chosen.force)
            sinks.append(stack.enter_context(lines))
        if chosen.xlsx is not None:
            from model.xlsx_export import XlsxExport

            book = XlsxExport(Path(chosen.xlsx), self._installed, root, facts, top=chosen.top, overwrite=chosen.force)
            sinks.append(stack.enter_context(book))
        return sinks or [LineSink()]


def _request(chosen: argparse.Namespace, installed: InstalledWeights, paths: Iterable[Path]) -> ClassifyRequest:
    return ClassifyRequest(
        paths,
        installed.weights.id,
        device=chosen.device,
        batch_size=chosen.batch,
        top=chosen.top,
        fresh=chosen.fresh or chosen.only_errors,
        engine=chosen.engine,
        decode=chosen.decode,
    )


def _failed_before(
    arguments: argparse.Namespace, installed: InstalledWeights, engine: Engine, paths: Sequence[str]
) -> list[str]:
    """Return those that failed when they were last classified with these weights; raises UsageError if none did."""
    failed = [str(path) for path in engine.failed(_request(arguments, installed, map(Path, paths)))]
    if not failed:
        raise UsageError("usage-no-errors")
    if not arguments.quiet:
        say(f"{len(failed):,} of {len(paths):,} pictures failed last time")
    return failed


def _target(name: str) -> Path | TextIO:
    return standard_output() if name == STANDARD_OUTPUT else Path(name)


def _check_targets(arguments: argparse.Namespace) -> None:
    """Refuse files that exist, cannot be written or would replace one another, before any work."""
    if arguments.xlsx == STANDARD_OUTPUT:
        raise UsageError("usage-xlsx-needs-file")
    names = [name for name in (arguments.csv, arguments.json, arguments.xlsx) if name is not None]
    if not names or STANDARD_OUTPUT in names:
        standard_output()
    files = [Path(name) for name in names if name != STANDARD_OUTPUT]
    final = [check_target(file, overwrite=arguments.force) for file in files]
    final += [check_target(run_file_of(file), overwrite=arguments.force) for file in files]
    if len(set(final)) < len(final) or names == [STANDARD_OUTPUT, STANDARD_OUTPUT]:
        raise UsageError("usage-targets-collide", names=", ".join(f"“{display_name(name)}”" for name in names))


def _scan(arguments: argparse.Namespace, cancel: CancelToken) -> tuple[list[str], ScanReport]:
    paths: list[str] = []  # a Path takes several times the memory of its text
    report = ScanReport(0, 0, 0, ())
    for event in find_images(arguments.paths, recursive=not arguments.no_recursive, cancel=cancel):
        if isinstance(event, ScanBatch):
            paths.extend(str(found.path) for found in event.found)
        else:
            report = event
    return paths, report


def _settings(arguments: argparse.Namespace) -> dict[str, object]:
    names = ("weights", "top", "device", "engine", "decode", "no_recursive", "batch", "raw", "fresh", "only_errors")
    return {name: getattr(arguments, name) for name in names}


def _scan_lines(report: ScanReport) -> Iterator[str]:
    if report.other_files:
        yield f"{report.other_files:,} other file{'s' if report.other_files > 1 else ''} left out"
    if report.repeats:
        yield f"{report.repeats:,} picture{'s' if report.repeats > 1 else ''} named more than once, taken once"
