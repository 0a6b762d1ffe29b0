"""photospotter-cli weights."""

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from model.architectures import title_of
from model.cancel import Cancelled, CancelToken
from model.cards import card_to_json
from model.cli_arguments import Commands
from model.cli_output import ProgressBar, emit, format_seconds, say
from model.errors import UsageError, describe
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_INTERRUPTED, EXIT_OK
from model.names import display_name
from model.types import ArchiveSaved, CatalogueEntry, DownloadProgress, WeightsInstalled
from model.weight_archive import SUFFIX, export_archive, is_archive
from model.weights import Catalogue, default_catalogue


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's actions."""
    parser.set_defaults(run=run_list)
    actions = parser.add_subparsers(metavar="ACTION")
    actions.add_parser("list", help="list the weight sets").set_defaults(run=run_list)
    show = actions.add_parser("show", help="show everything known of a weight set, as JSON")
    show.add_argument("id", metavar="ID")
    show.set_defaults(run=run_show)
    fetch = actions.add_parser("fetch", help="fetch a weight set from its publisher or the mirror")
    fetch.add_argument("id", metavar="ID")
    fetch.add_argument("--quiet", action="store_true", help="no progress")
    fetch.set_defaults(run=run_fetch)
    _add_import(actions)
    export = actions.add_parser("export", help="save a weight set as a .zip that another copy of the program imports")
    export.add_argument("id", metavar="ID")
    export.add_argument("file", type=Path, metavar="FILE.zip")
    export.add_argument("--force", action="store_true", help="replace a file that exists")
    export.add_argument("--quiet", action="store_true", help="no progress")
    export.set_defaults(run=run_export)
    remove = actions.add_parser("remove", help="delete a weight set's files from your data folder")
    remove.add_argument("id", metavar="ID")
    remove.set_defaults(run=run_remove)


def _add_import(actions: Commands) -> None:
    parser = actions.add_parser(
        "import",
        help="import a network of your own, a .zip that was exported, or the file of a set that is to be fetched",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help=".pth, .pt or .safetensors; or a .zip, without options")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="the class names: one a line, or JSON")
    parser.add_argument("--name", metavar="NAME", help="what to call the set (default: the file's name)")
    parser.add_argument(
        "--arch",
        metavar="NAME",
        help="which network it is: resnet18, wide_resnet50_2, timm:convnext_tiny or any other name of torchvision or "
        "timm (default: find out from the file)",
    )
    parser.add_argument(
        "--preprocess",
        metavar="torchvision-v1|torchvision-v2|FILE.json",
        help="how pictures were prepared in training (default: assume what is usual for the network)",
    )
    parser.set_defaults(run=run_import)


def run_list(_arguments: argparse.Namespace, _cancel: CancelToken) -> int:
    """List the weight sets, one a line: id, state, classes, size, accuracy, title, between tabs."""
    catalogue = default_catalogue()
    for entry in catalogue.entries():
        emit("\t".join(_cells(entry)))
    problems = catalogue.problems()
    for problem in problems:
        say(describe(problem))
    return EXIT_CANNOT_RUN if problems else EXIT_OK


def _cells(entry: CatalogueEntry) -> tuple[str, ...]:
    weights = entry.weights
    size = sum(file.size for file in weights.files) / 1e6
    best = next((figure for figure in weights.accuracy if figure.metric == "top-1"), None)
    accuracy = f"{100 * best.value:.1f} % top-1" if best else "accuracy unknown"
    return weights.id, entry.state.value, f"{len(weights.classes):,} classes", f"{size:.1f} MB", accuracy, weights.title


def run_fetch(arguments: argparse.Namespace, cancel: CancelToken) -> int:
    """Fetch a weight set."""
    from model.download import fetch_weights  # with http, which no other command needs

    catalogue = default_catalogue()
    entry = catalogue.entry(arguments.id)
    progress = ProgressBar(quiet=arguments.quiet)
    try:
        for event in fetch_weights(entry, catalogue, mirror=None, cancel=cancel):
            if isinstance(event, DownloadProgress):
                left = f", {format_seconds(event.seconds_left)} left" if event.seconds_left is not None else ""
                progress.update(event.done, event.total, f"bytes{left}")
    except Cancelled:
        progress.clear()
        say("Interrupted; what has come is kept, and the next fetch goes on from there.")
        return EXIT_INTERRUPTED
    progress.clear()
    say(f"{entry.weights.id} is on this computer now.")
    return EXIT_OK


def run_import(arguments: argparse.Namespace, cancel: CancelToken) -> int:
    """Import a person's own network, an archive, or, without labels, the file of a set that is to be fetched."""
    progress = ProgressBar(quiet=False)
    installed = None
    for event in _import(arguments, default_catalogue(), cancel):
        if isinstance(event, DownloadProgress):
            progress.update(event.done, event.total, "bytes")
        elif isinstance(event, WeightsInstalled):
            installed = event
    progress.clear()
    if installed is None:
        return EXIT_INTERRUPTED
    weights = installed.entry.weights
    already = " already" if installed.was_there else ""
    say(f"{weights.title} is on this computer{already}; use it with --weights {weights.id}")
    say(f"The network is {title_of(weights.architecture)}, with {len(weights.classes):,} classes.")
    if weights.preprocess_assumed and not is_archive(arguments.file):
        size = f"resize to {weights.preprocess.resize}, crop {weights.preprocess.crop}"
        say(f"How its pictures were prepared in training is assumed ({size}); --preprocess sets it.")
    return EXIT_OK


def _import(arguments: argparse.Namespace, catalogue: Catalogue, cancel: CancelToken) -> Iterator[object]:
    file: Path = arguments.file
    if is_archive(file):
        if any((arguments.labels, arguments.name, arguments.arch, arguments.preprocess)):
            raise UsageError("usage-archive-says-all", file=display_name(file.name))
        from model.archive_import import import_archive

        return import_archive(file, catalogue, cancel=cancel)
    if arguments.labels is None:
        waiting = [entry for entry in catalogue.entries() if _waits_for(entry, file.name)]
        if not waiting:
            raise UsageError("usage-import-needs-labels", file=display_name(file.name))
        from model.download import import_file

        return import_file(waiting[0], file, catalogue, cancel=cancel)
    from model.weights_import import import_weights

    return import_weights(
        file,
        arguments.labels,
        arguments.name or file.stem,
        preprocess=arguments.preprocess,
        architecture=arguments.arch,
        data_dir=catalogue.data_dir,
        cancel=cancel,
    )


def _waits_for(entry: CatalogueEntry, name: str) -> bool:
    return any(file.place == "download" and file.name == name for file in entry.weights.files)


def run_show(arguments: argparse.Namespace, _cancel: CancelToken) -> int:
    """Show a weight set's card and state as JSON."""
    catalogue = default_catalogue()
    entry = catalogue.entry(catalogue.resolve(arguments.id))
    shown = {
        "state": entry.state.value,
        "paths": [display_name(path) if path is not None else None for path in entry.paths],
        **card_to_json(entry.weights),
    }
    emit(json.dumps(shown, indent=2, ensure_ascii=False))
    return EXIT_OK


def run_export(arguments: argparse.Namespace, cancel: CancelToken) -> int:
    """Save a weight set as an archive."""
    if not is_archive(arguments.file):
        raise UsageError("usage-archive-name", file=display_name(arguments.file.name), suffix=SUFFIX)
    catalogue = default_catalogue()
    weights_id = catalogue.resolve(arguments.id)
    progress = ProgressBar(quiet=arguments.quiet)
    events: Iterable[DownloadProgress | ArchiveSaved] = export_archive(
        catalogue, weights_id, arguments.file, cancel=cancel, overwrite=arguments.force
    )
    for event in events:
        if isinstance(event, DownloadProgress):
            progress.update(event.done, event.total, "bytes")
        else:
            progress.clear()
            size = f"{event.size / 1e6:.1f} MB" if event.size >= 1e6 else f"{event.size / 1e3:.0f} kB"
            say(f"{event.weights.title} was saved as {display_name(event.target)} ({size}).")
    return EXIT_OK


def run_remove(arguments: argparse.Namespace, _cancel: CancelToken) -> int:
    """Delete the files of a weight set from the user's data folder."""
    catalogue = default_catalogue()
    catalogue.remove(arguments.id)
    say(f"{arguments.id} was removed from this computer.")
    return EXIT_OK
