"""photospotter-cli weights."""

import argparse
import json

from model.cancel import Cancelled, CancelToken
from model.cards import card_to_json
from model.cli_output import ProgressBar, emit, format_seconds, say
from model.download import fetch_weights, import_file
from model.errors import UsageError, describe
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_INTERRUPTED, EXIT_OK
from model.names import display_name
from model.types import CatalogueEntry, DownloadProgress, WeightsInstalled
from model.weights import default_catalogue


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
    """Import a person's own network, or, without labels, the file of a set that is to be fetched."""
    catalogue = default_catalogue()
    if arguments.labels is None:
        waiting = [entry for entry in catalogue.entries() if _waits_for(entry, arguments.file.name)]
        if not waiting:
            raise UsageError("usage-import-needs-labels", file=display_name(arguments.file.name))
        events = import_file(waiting[0], arguments.file, catalogue, cancel=cancel)
    else:
        from model.weights_import import import_weights

        name = arguments.name or arguments.file.stem
        events = import_weights(
            arguments.file,
            arguments.labels,
            name,
            preprocess=arguments.preprocess,
            data_dir=catalogue.data_dir,
            cancel=cancel,
        )
    for event in events:
        if isinstance(event, WeightsInstalled):
            weights = event.entry.weights
            say(f"{weights.title} is on this computer now; use it with --weights {weights.id}")
            if weights.preprocess_assumed:
                say("How its pictures were prepared in training is assumed (torchvision-v1); --preprocess sets it.")
            return EXIT_OK
    return EXIT_INTERRUPTED


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
