"""photospotter-cli evaluate."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from model.atomic_file import check_target
from model.cancel import Cancelled, CancelToken
from model.cli_arguments import whole_number
from model.cli_output import ProgressBar, emit, format_seconds, on_one_line, say, standard_output
from model.errors import ExportError, UsageError, describe
from model.evaluate import evaluate
from model.evaluation_queries import occurring_classes, shown_path, unique_labels, worst_errors
from model.evaluation_types import EvaluateRequest, Evaluation, EvaluationProgress, EvaluationStarted
from model.exit_codes import EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED
from model.names import display_name
from model.report_files import write_csv, write_html, write_json
from model.report_texts import TRAINED_ON_THESE, counted, data_name, interval, percent, points, temperature_text
from model.types import Notice
from model.weights import default_catalogue

_TABLE_CLASSES = 20
_ERRORS = 3
_BAD_LINES = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="folders named like the classes, or see --labels")
    parser.add_argument("--weights", required=True, metavar="imagenet|weather|ID", help="which weight set to measure")
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="CSV or TSV with the columns file and label, class_index or wnid"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a report for people, one page with pictures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything, for programs")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a table, one row a picture")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    batch = whole_number(1, 1024)
    parser.add_argument("--batch", type=batch, metavar="N", help="pictures the network takes at a time, up to 1024")
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.set_defaults(run=run_evaluate)


def run_evaluate(arguments: argparse.Namespace, cancel: CancelToken) -> int:
    """Run the command; return its exit code. Raises PhotospotterError for what cannot be done at all."""
    standard_output()
    _check_targets(arguments)
    try:
        evaluation = _evaluate(arguments, cancel)
    except (Cancelled, KeyboardInterrupt):
        say("Interrupted; an evaluation of only some pictures would say nothing, so nothing was written.")
        return EXIT_INTERRUPTED
    failure = _write_reports(evaluation, arguments)
    for line in summary(evaluation):
        emit(on_one_line(line))
    if failure is not None:
        raise failure
    return EXIT_SOME_FAILED if evaluation.bad else EXIT_OK


def _evaluate(arguments: argparse.Namespace, cancel: CancelToken) -> Evaluation:
    request = EvaluateRequest(
        root=arguments.folder,
        weights=arguments.weights,
        labels=arguments.labels,
        device=arguments.device,
        batch_size=arguments.batch,
    )
    progress = ProgressBar(quiet=arguments.quiet)
    evaluation: Evaluation | None = None
    try:
        for event in evaluate(request, default_catalogue(), cancel):
            if isinstance(event, EvaluationProgress):
                left = (event.total - event.done) / event.rate if event.rate else None
                time_left = "" if left is None else f", {format_seconds(left)} left"
                progress.update(event.done, event.total, f"{event.rate:.1f} images/s{time_left}")
            elif isinstance(event, EvaluationStarted):
                if not arguments.quiet:
                    say(_started(event, arguments))
            elif isinstance(event, Notice):
                progress.clear()
                say(describe(event.problem))
            else:
                evaluation = event
    finally:
        progress.clear()
    assert evaluation is not None, "a job that ends by itself has a result"
    return evaluation


def _started(event: EvaluationStarted, arguments: argparse.Namespace) -> str:
    named = f"{arguments.weights} is " if arguments.weights != event.weights_id else ""
    part = f" of the part “{event.part}”" if event.part is not None else ""
    return f"{named}{event.weights_title} ({event.weights_id}); {counted(event.total, 'picture')}{part}"


def _check_targets(arguments: argparse.Namespace) -> None:
    """Refuse files that exist, cannot be written or would replace one another or the labels, before any work."""
    taken = set() if arguments.labels is None else {arguments.labels.resolve()}
    for target in _targets(arguments):
        final = check_target(target, overwrite=arguments.force)
        if final in taken:
            raise UsageError("evaluate-targets-collide", name=display_name(target.name))
        taken.add(final)


def _targets(arguments: argparse.Namespace) -> list[Path]:
    return [target for target in (arguments.html, arguments.json, arguments.csv) if target is not None]


def _write_reports(evaluation: Evaluation, arguments: argparse.Namespace) -> ExportError | None:
    """Write the reports; one that fails costs neither the others nor the summary. Return the first failure."""
    failure: ExportError | None = None
    writers: Sequence[tuple[Path | None, Callable[[Path], None]]] = (
        (arguments.html, lambda path: write_html(evaluation, path, overwrite=arguments.force)),
        (arguments.json, lambda path: write_json(evaluation, path, overwrite=arguments.force)),
        (arguments.csv, lambda path: write_csv(evaluation, path, overwrite=arguments.force)),
    )
    for path, write in writers:
        if path is None:
            continue
        try:
            write(path)
        except ExportError as exc:
            if failure is not None:
                say(str(exc))
            failure = failure or exc
    return failure


def summary(evaluation: Evaluation) -> Iterator[str]:
    """Yield the lines that say how good the weights are."""
    weights = f"{evaluation.weights_title} ({evaluation.weights_id}, sha256 {evaluation.weights_sha256[:12]})"
    classes = counted(sum(figures.support > 0 for figures in evaluation.per_class), "class")
    yield f"{weights} on {data_name(evaluation)}: {counted(len(evaluation.images), 'picture')} of {classes}"
    if evaluation.trained_on_these:
        yield TRAINED_ON_THESE
    yield from _figures(evaluation)
    occurring = occurring_classes(evaluation)
    if len(occurring) <= _TABLE_CLASSES:
        yield ""
        yield from _table(evaluation)
    errors = worst_errors(evaluation.images, _ERRORS)
    if errors:
        labels = unique_labels(evaluation.classes)
        yield ""
        yield "most confident errors"
        for image in errors:
            name = display_name(shown_path(image.path, evaluation.root))
            taken = f"taken for {labels[image.predicted]} at {percent(image.probabilities[0])}"
            yield f"  {name}: is {labels[image.true]}, {taken}{', unsure' if image.unsure else ''}"
    if evaluation.bad:
        yield ""
        has = "has" if len(evaluation.bad) == 1 else "have"
        yield f"{counted(len(evaluation.bad), 'file')} could not be read, and {has} no part in any figure"
        for path, problem in evaluation.bad[:_BAD_LINES]:
            yield f"  {display_name(shown_path(path, evaluation.root))}: {describe(problem)}"
        if len(evaluation.bad) > _BAD_LINES:
            yield f"  and {len(evaluation.bad) - _BAD_LINES:,} more; --csv lists them all"


def _figures(evaluation: Evaluation) -> Iterator[str]:
    top_1, top_5, unsure = evaluation.top_1, evaluation.top_5, evaluation.unsure
    right = sum(image.right for image in evaluation.images)
    total = len(evaluation.images)
    yield f"top-1              {percent(top_1.value)}, 95 % interval {interval(top_1)} ({right:,} of {total:,})"
    if top_5 is not None:
        among = round(top_5.value * total)
        yield f"top-5              {percent(top_5.value)}, 95 % interval {interval(top_5)} ({among:,} of {total:,})"
    yield f"macro F1           {percent(evaluation.macro.f1)} (weighted {percent(evaluation.weighted.f1)})"
    yield f"calibration error  {points(evaluation.calibration_error)} ({temperature_text(evaluation)})"
    if unsure is None:
        yield "unsure             no verdicts; this set has no rejection threshold"
    else:
        sure = unsure.accuracy_when_sure
        others = f", of the others {percent(sure.value)} right" if sure is not None else ""
        yield f"unsure             {unsure.unsure:,} of {total:,}{others}"
    yield f"speed              {evaluation.rate:.1f} images/s on {evaluation.device}"


def _table(evaluation: Evaluation) -> Iterator[str]:
    labels = unique_labels(evaluation.classes)
    occurring = occurring_classes(evaluation)
    width = max(len("class"), *(len(labels[figures.class_index]) for figures in occurring))
    yield f"{'class':{width}}  pictures   recall  precision       F1"
    for figures in occurring:
        yield (
            f"{labels[figures.class_index]:{width}}  {figures.support:8,}  {percent(figures.recall):>7}"
            f"  {percent(figures.precision):>9}  {percent(figures.f1):>7}"
        )
