"""photospotter-cli doctor."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from model.atomic_file import AtomicFile, check_target, write_error
from model.cancel import Cancelled, CancelToken
from model.child_process import run_in_child
from model.cli_arguments import number_above_0
from model.cli_output import STANDARD_OUTPUT, ProgressBar, emit, on_one_line, say, standard_output
from model.doctor_facts import versions
from model.doctor_texts import report_json, report_lines
from model.doctor_types import Choice, DoctorEvent, DoctorRequest, Finding, Measuring
from model.engine_choice import ENGINE_TITLES
from model.errors import PhotospotterError
from model.exit_codes import EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED
from model.weights import Catalogue, default_catalogue

_JOB = "model.doctor:examine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = "Exit codes: 0 no problem found, 1 there are problems, 3 could not run, 130 interrupted."
    parser.add_argument(
        "--weights", default="imagenet", metavar="imagenet|weather|ID", help="whose network to measure with"
    )
    parser.add_argument(
        "--seconds", type=number_above_0, default=1.0, metavar="S", help="the most for each figure (default: 1)"
    )
    parser.add_argument("--no-speed", action="store_true", help="measure nothing")
    parser.add_argument("--json", metavar="FILE|-", help="write everything, for programs; - is standard output")
    parser.add_argument("--force", action="store_true", help="replace a file that exists")
    parser.set_defaults(run=run_doctor)


def run_doctor(arguments: argparse.Namespace, cancel: CancelToken) -> int:
    """Run the command; return its exit code. Raises PhotospotterError for what cannot be done at all."""
    standard_output()
    if arguments.json not in (None, STANDARD_OUTPUT):
        check_target(Path(arguments.json), overwrite=arguments.force)
    catalogue = default_catalogue()
    request = DoctorRequest(
        catalogue.resolve(arguments.weights), seconds=arguments.seconds, measure=not arguments.no_speed
    )
    events: list[DoctorEvent] = []
    try:
        _examine(request, catalogue, cancel, events)
    except (Cancelled, KeyboardInterrupt):
        _print(events)
        say("Interrupted; what was found until then is above.")
        return EXIT_INTERRUPTED
    except PhotospotterError:
        _print(events)  # how far it came says what failed
        raise
    if arguments.json != STANDARD_OUTPUT:
        _print(events)
    if arguments.json is not None:
        _write_json(events, arguments)
    are_problems = any(isinstance(event, Finding) and event.kind == "problem" for event in events)
    is_usable = any(isinstance(event, Choice) for event in events)
    return EXIT_SOME_FAILED if are_problems or not is_usable else EXIT_OK


def _examine(request: DoctorRequest, catalogue: Catalogue, cancel: CancelToken, events: list[DoctorEvent]) -> None:
    """Add what comes to `events`; in a child process, so that a driver that crashes does not end this one."""
    progress = ProgressBar(quiet=False)
    try:
        for event in run_in_child(_JOB, (request, catalogue), cancel, abandon=cancel):
            events.append(event)  # type: ignore[arg-type]
            if isinstance(event, Measuring):
                progress.update(sum(isinstance(known, Measuring) for known in events), None, _task(event))
    finally:
        progress.clear()


def _task(event: Measuring) -> str:
    if event.engine is None:
        return "decoding"
    return f"{ENGINE_TITLES[event.engine]} on {event.device_label}, {event.batch} at a time"


def _print(events: Sequence[DoctorEvent]) -> None:
    for line in report_lines(events):
        emit(on_one_line(line))


def _write_json(events: Sequence[DoctorEvent], arguments: argparse.Namespace) -> None:
    report = report_json(events, versions())
    if arguments.json == STANDARD_OUTPUT:
        emit(_dumped(report))
        return
    target = Path(arguments.json)
    file = AtomicFile(target, overwrite=arguments.force)
    try:
        file.stream.write(_dumped(report) + "\n")
        file.commit()
    except OSError as error:
        raise write_error(target, error) from error
    finally:
        file.discard()


def _dumped(report: dict[str, object]) -> str:
    return json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False)
