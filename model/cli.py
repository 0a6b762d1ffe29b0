"""photospotter-cli: the command line. Scripts rely on every name here, and on the exit codes."""

from __future__ import annotations

import argparse
import importlib.metadata
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from model.cancel import Cancelled, CancelToken
from model.cli_arguments import Commands, whole_number
from model.cli_classify import run_classify
from model.cli_doctor import add_doctor
from model.cli_evaluate import add_evaluate
from model.cli_export import add_export
from model.cli_output import let_go_of_streams, say
from model.cli_train import add_train
from model.cli_weights import add_weights
from model.errors import DeviceError, PhotospotterError, UsageError, WeightsError
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_INTERRUPTED, EXIT_USAGE

log = logging.getLogger(__name__)

USAGE_CODES = {
    "archive-id-taken",
    "export-target-exists",
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    multiprocessing.freeze_support()  # an installed program is also the program of its child processes
    # Busy neighbours and spinning OpenMP threads slow torch down more than tenfold; read when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    arguments = _parser().parse_args(argv)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="photospotter-cli",
        description="Say what is in pictures, without a window.",
        epilog="Exit codes: 0 all classified, 1 some pictures failed, 2 wrong usage or nothing to do, "
        "3 could not run, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"photospotter {_version()}")
    parser.add_argument("--verbose", action="store_true", help="log what is going on")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_classify(commands)
    add_weights(commands)
    add_train(commands)
    add_evaluate(commands)
    add_export(commands)
    add_doctor(commands)
    return parser


def _add_classify(commands: Commands) -> None:
    parser = commands.add_parser("classify", help="classify pictures and folders of pictures")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a picture or a folder")
    parser.add_argument(
        "--weights", default="imagenet", metavar="imagenet|weather|ID", help="which labels to use (default: imagenet)"
    )
    parser.add_argument("--csv", metavar="FILE|-", help="write a table; - is standard output")
    parser.add_argument("--json", metavar="FILE|-", help="write JSON Lines, one object a picture")
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
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.add_argument("--raw", action="store_true", help="write CSV text that a spreadsheet may run as a formula")
    parser.add_argument("--quiet", action="store_true", help="no progress, no summary")
    parser.set_defaults(run=run_classify)


def _version() -> str:
    try:
        return importlib.metadata.version("photospotter")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"
