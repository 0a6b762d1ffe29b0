"""What the window says in words about a weight set."""

from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication, QLocale

from gui.durations import time_left_text
from gui.percent import format_size, percent_text
from model.types import Accuracy, CatalogueEntry, DownloadProgress, WeightSet, WeightsFile, WeightsState

_DOT = " \u00b7 "


def state_text(state: WeightsState) -> str:
    """Return where a set's files are, in a word or two."""
    match state:
        case WeightsState.BUILT_IN:
            return QCoreApplication.translate("Weights", "built in")
        case WeightsState.ON_COMPUTER:
            return QCoreApplication.translate("Weights", "on this computer")
        case WeightsState.TO_BE_FETCHED:
            return QCoreApplication.translate("Weights", "to be fetched")
        case WeightsState.DAMAGED:
            return QCoreApplication.translate("Weights", "damaged")


def summary_text(entry: CatalogueEntry) -> str:
    """Return state, number of classes and size: `built in · 1,000 classes · 25 MB`."""
    return _DOT.join(
        [state_text(entry.state), classes_text(entry.weights), format_size(total_size(entry.weights.files))]
    )


def classes_text(weights: WeightSet) -> str:
    """Return how many classes a set knows."""
    count = len(weights.classes)
    text = QCoreApplication.translate("Weights", "{n}\u00a0classes")
    return text.format(n=QLocale().toString(count))


def accuracy_text(weights: WeightSet) -> str:
    """Return the card's first figure and whose it is: `80.9 % top-1, published`."""
    if not weights.accuracy:
        return QCoreApplication.translate("Weights", "accuracy not measured")
    return figure_text(weights.accuracy[0])


def measured_on_text(weights: WeightSet) -> str:
    """Return on what the card's first figure was measured; empty where there is none."""
    if not weights.accuracy:
        return ""
    return QCoreApplication.translate("Weights", "on {data}").format(data=weights.accuracy[0].on)


def figure_text(figure: Accuracy) -> str:
    """Return a figure with its spread, if it has one, and whose it is."""
    value = percent_text(figure.value, 1)
    if figure.spread is not None:
        spread = QLocale().toString(100.0 * figure.spread, "f", 1)
        value = f"{value} \u00b1\u00a0{spread}"
    if figure.published:
        text = QCoreApplication.translate("Weights", "{value} {metric}, published")
    else:
        text = QCoreApplication.translate("Weights", "{value} {metric}, measured here")
    return text.format(value=value, metric=figure.metric)


def assumed_text() -> str:
    """Return the note for a set whose preprocessing was not stated when it was imported."""
    return QCoreApplication.translate("Weights", "preprocessing assumed")


def fetch_text(entry: CatalogueEntry) -> str:
    """Return the words of the button that fetches a set, with what that will cost."""
    size = format_size(total_size(files_to_fetch(entry)))
    if entry.state is WeightsState.DAMAGED:
        return QCoreApplication.translate("Weights", "Fetch again ({size})").format(size=size)
    return QCoreApplication.translate("Weights", "Fetch {size}").format(size=size)


def progress_text(progress: DownloadProgress) -> str:
    """Return how far a fetch is: `41 MB of 103 MB · 35 s left`."""
    done = format_size(progress.done)
    if progress.total is None:
        return QCoreApplication.translate("Weights", "{done} so far").format(done=done)
    text = QCoreApplication.translate("Weights", "{done} of {total}")
    parts = [text.format(done=done, total=format_size(progress.total))]
    if progress.seconds_left is not None:
        parts.append(time_left_text(progress.seconds_left))
    return _DOT.join(parts)


def files_to_fetch(entry: CatalogueEntry) -> list[WeightsFile]:
    """Return the files of a set that can be fetched and are not here, or are damaged."""
    pairs = zip(entry.weights.files, entry.paths, strict=True)
    damaged = entry.state is WeightsState.DAMAGED
    wanted = [file for file, path in pairs if file.place == "download" and path is None]
    # A damaged file of the right size has a path: its digest is wrong, and all of it has to come again.
    return wanted or [file for file in entry.weights.files if damaged and file.place == "download"]


def total_size(files: Iterable[WeightsFile]) -> int:
    """Return the size of files together, in bytes."""
    return sum(file.size for file in files)


def is_usable(entry: CatalogueEntry) -> bool:
    """Return whether a set can classify now."""
    return entry.state in (WeightsState.BUILT_IN, WeightsState.ON_COMPUTER)
