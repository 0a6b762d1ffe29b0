"""photospotter-cli: the command line. Scripts rely on every name here, and on the exit codes."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from model.cancel import Cancelled, CancelToken
from model.cli_output import let_go_of_streams, say
from model.errors import DeviceError, PhotospotterError, UsageError, WeightsError
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_INTERRUPTED, EXIT_USAGE
from model.garbage import end_without_collecting, without_collecting

log = logging.getLogger(__name__)

USAGE_CODES = {
    "archive-id-taken",
    "export-target-exists",
    "sort-no-runs",
    "sort-run-unknown",
    "sort-target-not-folder",
    "train-name-taken",
    "train-name-shipped",
    "train-name-unusable",
    "train-one-fold",
    "train-fold-unknown",
    "train-nothing-to-learn-from",
    "train-teacher-needs-epochs",
    "weights-architecture-name",
    "weights-id-taken",
    "weights-name-empty",
}
"""Errors that are the caller's to mend: they end with EXIT_USAGE, before any work."""


_COMMANDS = {
    "classify": "classify pictures and folders of pictures",
    "sort": "copy or move pictures into folders by label, or write XMP keywords; and undo it",
    "weights": "list, show, fetch, import, export and remove weight sets",
    "train": "train a weight set on folders of your own, one folder a class",
    "evaluate": "measure how good a weight set is on pictures with known labels",
    "export": "make the ONNX file of a weight set, for the engine onnx",
    "doctor": "say what this computer has, how fast each engine is on it, which is used and why",
}
"""Command -> its purpose; `model.cli_COMMAND` adds the options and runs it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    multiprocessing.freeze_support()  # an installed program is also the program of its child processes
    # Busy neighbours and spinning OpenMP threads slow torch down more than tenfold; read when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    words = sys.argv[1:] if argv is None else argv
    end_without_collecting()
    with without_collecting():
        arguments = _parser(words).parse_args(words)
    level = logging.DEBUG if arguments.verbose else logging.ERROR
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    cancel = CancelToken()
    try:
        with _interrupts_cancel(cancel):
            return int(arguments.run(arguments, cancel))
    except PhotospotterError as exc:
        return _tell(exc, verbose=arguments.verbose)
    except (Cancelled, KeyboardInterrupt):
        say("Interrupted.")
        return EXIT_INTERRUPTED
    finally:
        let_go_of_streams()


def _tell(error: PhotospotterError, *, verbose: bool) -> int:
    """Say what went wrong; return the exit code that stands for it."""
    if isinstance(error.__cause__, BrokenPipeError):  # `| head` has seen enough, which is no news to anybody
        return EXIT_CANNOT_RUN
    say(f"photospotter-cli: {error}")
    if error.remedy:
        say(error.remedy)
    if error.problem.detail:
        log.info("%s", error.problem.detail)
        if isinstance(error, WeightsError | DeviceError) and not verbose:
            say("“photospotter-cli --verbose ...” tells more.")
    is_usage = isinstance(error, UsageError) or error.problem.code in USAGE_CODES
    return EXIT_USAGE if is_usage else EXIT_CANNOT_RUN


@contextmanager
def _interrupts_cancel(cancel: CancelToken) -> Iterator[None]:
    """Let the first Ctrl+C ask the run to stop and keep what is finished; the second ends it where it is.

    A request to terminate, and the terminal being closed, count as Ctrl+C does; under nohup the latter does not.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if cancel.cancelled:
            raise KeyboardInterrupt
        cancel.cancel()

    numbers = [signal.SIGINT, signal.SIGTERM]
    hang_up = getattr(signal, "SIGHUP", None)
    if hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN:
        numbers.append(hang_up)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="photospotter-cli",
        description="Say what is in pictures, without a window.",
        epilog="Exit codes: 0 all classified, 1 some pictures failed, 2 wrong usage or nothing to do, "
        "3 could not run, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"photospotter {_version()}")
    parser.add_argument("--verbose", action="store_true", help="log what is going on")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    # Only what is asked for is imported: the other commands' modules are a fifth of what a start would load.
    asked = next((word for word in words if word in _COMMANDS), None)
    for name, purpose in _COMMANDS.items():
        command = commands.add_parser(name, help=purpose)
        if name == asked:
            importlib.import_module(f"model.cli_{name}").add_arguments(command)
    return parser


def _version() -> str:
    try:
        return importlib.metadata.version("photospotter")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"
