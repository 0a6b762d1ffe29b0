"""photospotter-cli: the command line. Scripts rely on every name here, and on the exit codes."""

from __future__ import annotations

import argparse
import importlib.metadata
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from model.cancel import Cancelled, CancelToken
from model.cli_classify import run_classify
from model.cli_output import say
from model.cli_train import run_train
from model.cli_weights import run_fetch, run_import, run_list, run_show
from model.errors import PhotospotterError, UsageError
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_INTERRUPTED, EXIT_USAGE

if TYPE_CHECKING:
    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]

log = logging.getLogger(__name__)

USAGE_CODES = {"export-target-exists", "usage-nothing-to-do"}
"""Errors that are the caller's to mend: they end with EXIT_USAGE, before any work."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
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
        say(f"photospotter-cli: {exc}")
        if exc.remedy:
            say(exc.remedy)
        usage = isinstance(exc, UsageError) or exc.problem.code in USAGE_CODES
        return EXIT_USAGE if usage else EXIT_CANNOT_RUN
    except (Cancelled, KeyboardInterrupt):
        say("Interrupted.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has gone; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_CANNOT_RUN


@contextmanager
def _interrupts_cancel(cancel: CancelToken) -> Iterator[None]:
    """Let the first Ctrl+C ask the run to stop and keep what is finished; the second ends it where it is."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if cancel.cancelled:
            raise KeyboardInterrupt
        cancel.cancel()

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
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
    _add_weights(commands)
    _add_train(commands)
    return parser


def _add_classify(commands: _Commands) -> None:
    parser = commands.add_parser("classify", help="classify pictures and folders of pictures")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a picture or a folder")
    parser.add_argument(
        "--weights", default="imagenet", metavar="imagenet|weather|ID", help="which labels to use (default: imagenet)"
    )
    parser.add_argument("--csv", metavar="FILE|-", help="write a table; - is standard output")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write JSON Lines, one object a picture")
    parser.add_argument("--top", type=_positive, default=5, metavar="N", help="labels for each picture (default: 5)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--no-recursive", action="store_true", help="leave the folders inside folders out")
    parser.add_argument("--batch", type=_positive, metavar="N", help="pictures the network takes at a time")
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.add_argument("--raw", action="store_true", help="write CSV text that a spreadsheet may run as a formula")
    parser.add_argument("--quiet", action="store_true", help="no progress, no summary")
    parser.set_defaults(run=run_classify)


def _add_weights(commands: _Commands) -> None:
    parser = commands.add_parser("weights", help="list, fetch, import and show weight sets")
    parser.set_defaults(run=run_list)
    actions = parser.add_subparsers(metavar="ACTION")
    actions.add_parser("list", help="list the weight sets").set_defaults(run=run_list)
    fetch = actions.add_parser("fetch", help="fetch a weight set from its publisher or the mirror")
    fetch.add_argument("id", metavar="ID")
    fetch.add_argument("--quiet", action="store_true", help="no progress")
    fetch.set_defaults(run=run_fetch)
    own = actions.add_parser("import", help="import a network of your own, or the file of a set that is to be fetched")
    own.add_argument("file", type=Path, metavar="FILE")
    own.add_argument("--labels", type=Path, metavar="FILE", help="the class names: one a line, or JSON")
    own.add_argument("--name", metavar="NAME", help="what to call the set")
    own.add_argument(
        "--preprocess",
        metavar="torchvision-v1|torchvision-v2|FILE.json",
        help="how pictures were prepared in training (default: assume torchvision-v1)",
    )
    own.set_defaults(run=run_import)
    show = actions.add_parser("show", help="show everything known of a weight set, as JSON")
    show.add_argument("id", metavar="ID")
    show.set_defaults(run=run_show)


def _add_train(commands: _Commands) -> None:
    parser = commands.add_parser("train", help="train a weight set on folders of your own, one folder a class")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--out", required=True, metavar="NAME", help="the id of the new weight set")
    parser.add_argument("--backbone", default="imagenet-lite2", metavar="ID", help="default: imagenet-lite2")
    parser.add_argument("--groups", type=Path, metavar="FILE", help="copies, one group a line (default: find them)")
    parser.add_argument("--folds", type=_folds, default=5, metavar="K", help="grouped folds (default: 5)")
    parser.add_argument("--seeds", type=_positive, default=5, metavar="N", help="fold seeds (default: 5)")
    parser.add_argument("--title", metavar="TEXT", help="the set's name for people")
    parser.add_argument("--dataset-name", metavar="TEXT", help="what the card calls the pictures")
    parser.add_argument("--family", choices=("custom", "weather", "imagenet"), default="custom", help=argparse.SUPPRESS)
    parser.add_argument("--licence", metavar="TEXT", default="of your own making", help="the weights' licence")
    parser.add_argument("--into", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    parser.add_argument("--force", action="store_true", help="replace a weight set that exists")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.set_defaults(run=run_train)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _folds(text: str) -> int:
    number = int(text)
    if number < 2:
        raise argparse.ArgumentTypeError("must be 2 or more")
    return number


def _version() -> str:
    try:
        return importlib.metadata.version("photospotter")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"
