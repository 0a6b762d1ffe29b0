"""photospotter-cli sort: pictures into folders by their likeliest label, or keywords into side-cars, and back again."""

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from model.cancel import Cancelled, CancelToken
from model.classify_request import ClassifyRequest
from model.cli_arguments import share, whole_number
from model.cli_output import ProgressBar, emit, on_one_line, say
from model.engine import Engine
from model.errors import UsageError, describe, remedy
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED
from model.names import display_name
from model.sorting import carry_out
from model.sorting_journal import find_run, last_run, runs
from model.sorting_plan import check_folder, plan_sorting
from model.sorting_types import SortAction, SortDone, SortItem, SortPlan, SortRequest, SortRun, SortStep, UndoDone
from model.sorting_undo import undo_sorting
from model.sources import absolute, find_images
from model.types import InstalledWeights, Notice, ResultBatch, ScanBatch, ScanReport
from model.user_engine import user_engine
from model.weights import default_catalogue

LAST = "last"
"""What `--undo` stands for without a name."""

_DONE: dict[SortAction, str] = {"copy": "copied", "move": "moved", "xmp": "given keywords"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="a picture or a folder")
    parser.add_argument("--by-label", action="store_true", help="by the likeliest label, which is the only way so far")
    parser.add_argument("--into", type=Path, metavar="OUT", help="the folder of the labels' folders; made if missing")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--copy", dest="action", action="store_const", const="copy", help="copy the pictures (default)")
    way.add_argument("--move", dest="action", action="store_const", const="move", help="move the pictures")
    way.add_argument(
        "--xmp",
        dest="action",
        action="store_const",
        const="xmp",
        help="leave the pictures, and write their labels as keywords into XMP side-cars beside them",
    )
    parser.set_defaults(action="copy")
    parser.add_argument(
        "--min",
        type=share,
        default=0.0,
        metavar="P",
        help="keep pictures apart whose likeliest label has less (0 to 1)",
    )
    parser.add_argument(
        "--unsure",
        choices=("apart", "leave", "label"),
        default="apart",
        help="apart: pictures below --min or called unsure go into the folder “unsure” (default); leave: they stay; "
        "label: what the network calls unsure is sorted like the others",
    )
    parser.add_argument(
        "--sidecar-name",
        choices=("full", "stem"),
        default="full",
        help="full: IMG.JPG.xmp, as digiKam and darktable do (default); stem: IMG.xmp, as Adobe's programs do",
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would go where, and change nothing")
    parser.add_argument(
        "--undo", nargs="?", const=LAST, metavar="RUN", help="take back the last run, or the one of that name"
    )
    parser.add_argument("--runs", action="store_true", help="list the runs that can be undone")
    parser.add_argument("--weights", default="imagenet", metavar="imagenet|weather|ID", help="which labels to use")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--engine", choices=("auto", "torch", "onnx"), default="auto", help="what computes")
    parser.add_argument("--decode", choices=("exact", "fast"), default="exact", help="how pictures are read")
    parser.add_argument("--no-recursive", action="store_true", help="leave the folders inside folders out")
    parser.add_argument("--batch", type=whole_number(1, 1024), metavar="N", help="pictures the network takes at a time")
    parser.add_argument("--quiet", action="store_true", help="no progress, no summary")
    parser.set_defaults(run=run_sort)


def run_sort(arguments: argparse.Namespace, cancel: CancelToken) -> int:
    """Run the command; return its exit code. Raises PhotospotterError for what cannot be done at all."""
    if arguments.runs or arguments.undo is not None:
        if arguments.paths or arguments.into or (arguments.runs and arguments.undo is not None):
            raise UsageError("usage-undo-alone")
        return _list_runs() if arguments.runs else _undo(arguments.undo, cancel, quiet=arguments.quiet)
    request = _request(arguments)
    catalogue = default_catalogue()
    weights_id = catalogue.resolve(arguments.weights)
    paths, report = _scan(arguments, request, cancel)
    for problem in report.unreadable:
        say(describe(problem))
    if not paths:
        raise UsageError("usage-nothing-to-do")
    installed = catalogue.open(weights_id)
    if not arguments.quiet and arguments.weights != weights_id:
        say(f"{arguments.weights} is {installed.weights.title} ({weights_id})")
    try:
        with closing(user_engine(catalogue)) as engine:
            items = _classify(arguments, engine, installed, paths, cancel)
        plan = _plan(items, installed, request, cancel)
    except (Cancelled, KeyboardInterrupt):
        say("Interrupted; no picture was touched.")
        return EXIT_INTERRUPTED
    if arguments.dry_run or not arguments.quiet:
        _show(plan)
    some_failed = bool(plan.errors or report.unreadable)
    if arguments.dry_run:
        return EXIT_SOME_FAILED if some_failed else EXIT_OK
    return _carry_out(plan, cancel, quiet=arguments.quiet, some_failed=some_failed)


def _request(arguments: argparse.Namespace) -> SortRequest:
    """Return what is asked for, after making sure that it makes sense."""
    target = None
    if arguments.action == "xmp" and arguments.into is not None:
        raise UsageError("sort-target-needless", folder=display_name(arguments.into))
    if arguments.action != "xmp":
        if arguments.into is None:
            raise UsageError("sort-target-missing")
        target = check_folder(arguments.into)
    return SortRequest(arguments.action, target, arguments.min, arguments.unsure, arguments.sidecar_name)


def _scan(arguments: argparse.Namespace, request: SortRequest, cancel: CancelToken) -> tuple[list[Path], ScanReport]:
    """Find the pictures; those that lie in the target from earlier runs, where it is inside a folder named, are not."""
    paths: list[Path] = []
    report = ScanReport(0, 0, 0, ())
    inside = _is_inside(request.target, arguments.paths)
    left_out = 0
    for event in find_images(arguments.paths, recursive=not arguments.no_recursive, cancel=cancel):
        if isinstance(event, ScanReport):
            report = event
        elif isinstance(event, ScanBatch):
            taken = [one.path for one in event.found if not (inside and _lies_in(one.identity, request.target))]
            left_out += len(event.found) - len(taken)
            paths += taken
    if left_out and not arguments.quiet:
        say(f"{left_out:,} in {display_name(request.target or '')} from earlier on left out")
    return paths, report


def _is_inside(target: Path | None, folders: Sequence[Path]) -> bool:
    """Return whether the target is deeper than a folder named; one that is the same is not."""
    if target is None:
        return False
    return any(Path(os.path.realpath(absolute(folder))) in target.parents for folder in folders)


def _lies_in(identity: str, target: Path | None) -> bool:
    return target is not None and target in Path(identity).parents


def _classify(
    arguments: argparse.Namespace,
    engine: Engine,
    installed: InstalledWeights,
    paths: Sequence[Path],
    cancel: CancelToken,
) -> list[SortItem]:
    """Return the pictures in the order of the scan; raises Cancelled."""
    request = ClassifyRequest(
        paths,
        installed.weights.id,
        device=arguments.device,
        batch_size=arguments.batch,
        engine=arguments.engine,
        decode=arguments.decode,
    )
    items: dict[Path, SortItem] = {}
    progress = ProgressBar(quiet=arguments.quiet)
    try:
        for event in engine.run(request, cancel):
            if isinstance(event, ResultBatch):
                for result in event.results:
                    items[result.path] = SortItem.of(result)
                    if result.problem is not None:
                        progress.clear()
                        say(f"{display_name(result.path)}: {describe(result.problem)}")
                progress.update(len(items), len(paths), "classified")
            elif isinstance(event, Notice):
                progress.clear()
                say(describe(event.problem))
        cancel.raise_if_cancelled()
    finally:
        progress.clear()
    return [items[path] for path in paths]


def _plan(
    items: Sequence[SortItem], installed: InstalledWeights, request: SortRequest, cancel: CancelToken
) -> SortPlan:
    for event in plan_sorting(items, installed.weights.classes, request, cancel):
        if isinstance(event, SortPlan):
            return event
    raise AssertionError("a plan ends with itself")


def _show(plan: SortPlan) -> None:
    """Write the tree with its counts to standard output."""
    for line in tree_lines(plan):
        emit(on_one_line(line))


def tree_lines(plan: SortPlan) -> Iterator[str]:
    """Yield what the plan would do, folder by folder, and what it would leave."""
    yield "keywords" if plan.request.target is None else display_name(plan.request.target)
    width = max((len(folder.name) for folder in plan.folders), default=0)
    for folder in plan.folders:
        renamed = f"  ({folder.renumbered:,} with a number, since the name is taken)" if folder.renumbered else ""
        yield f"  {folder.name:<{width}}  {folder.count:>7,}{renamed}"
    for count, why in (
        (plan.errors, "could not be read and stay"),
        (plan.unsure_left, "are unsure and stay"),
        (plan.in_place, "lie in their folder already"),
        (plan.already_there, "were copied there before"),
    ):
        if count:
            yield f"  {count:,} {why}"


def _carry_out(plan: SortPlan, cancel: CancelToken, *, quiet: bool, some_failed: bool) -> int:
    progress = ProgressBar(quiet=quiet)
    done = None
    for event in carry_out(plan, cancel):
        if isinstance(event, SortStep):
            _tell(event, progress, _DONE[plan.request.action])
        else:
            done = event
    progress.clear()
    assert done is not None, "a run ends with its counts"
    if done.stopped is not None:
        say(describe(done.stopped))
        say(remedy(done.stopped))
    if not quiet or done.cancelled or done.stopped:
        _summarise(done)
    if done.cancelled:
        return EXIT_INTERRUPTED
    if done.stopped is not None:
        return EXIT_CANNOT_RUN
    return EXIT_SOME_FAILED if some_failed or done.failed else EXIT_OK


def _summarise(done: SortDone) -> None:
    parts = [f"{done.done:,} {_DONE[done.action]}"]
    parts += [f"{done.failed:,} failed"] if done.failed else []
    parts += [f"{done.left:,} not come to"] if done.left else []
    say(("Interrupted; " if done.cancelled else "") + ", ".join(parts))
    if done.run and done.done:
        say(f"“photospotter-cli sort --undo {done.run}” takes this back.")


def _tell(step: SortStep, progress: ProgressBar, word: str) -> None:
    for failure in step.failures:
        progress.clear()
        say(describe(failure.problem))
    progress.update(step.done, step.total, word)


def _list_runs() -> int:
    for run in runs():
        emit(on_one_line(_line_of(run)))
    return EXIT_OK


def _line_of(run: SortRun) -> str:
    into = "" if run.target is None else f" into {display_name(run.target)}"
    tried = " (undone as far as possible)" if run.tried else ""
    return f"{run.run}  {run.started}  {run.total:,} to be {_DONE[run.action]}{into}{tried}"


def _undo(name: str, cancel: CancelToken, *, quiet: bool) -> int:
    run = last_run() if name == LAST else find_run(name)
    if not quiet:
        say(_line_of(run))
    progress = ProgressBar(quiet=quiet)
    done = None
    for event in undo_sorting(run.run, cancel):
        if isinstance(event, UndoDone):
            done = event
        else:
            _tell(event, progress, "taken back")
    progress.clear()
    assert done is not None, "an undo ends with its counts"
    if not quiet or done.cancelled:
        kept = f", {done.kept:,} kept" if done.kept else ""
        say(("Interrupted; " if done.cancelled else "") + f"{done.undone:,} taken back{kept}")
    if done.cancelled:
        return EXIT_INTERRUPTED
    return EXIT_SOME_FAILED if done.kept else EXIT_OK
