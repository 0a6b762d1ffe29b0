"""A weight set in words."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QLocale
from weights_makers import built_in, damaged, entry, imported, to_fetch, weight_set

from gui.weights_texts import (
    accuracy_text,
    fetch_text,
    figure_text,
    files_to_fetch,
    is_usable,
    measured_on_text,
    progress_text,
    state_text,
    summary_text,
)
from model.types import Accuracy, CatalogueEntry, DownloadProgress, WeightsFile, WeightsState


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale("en_GB"))
    yield
    QLocale.setDefault(before)


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_every_state_has_a_word() -> None:
    assert len({state_text(state) for state in WeightsState}) == len(WeightsState)


def test_summary() -> None:
    shown = entry(weight_set("a", classes=1000))
    assert plain(summary_text(shown)) == "on this computer · 1,000 classes · 103 MB"


def test_the_size_is_that_of_all_files() -> None:
    weights = weight_set("a")
    two = replace(weights, files=(*weights.files, WeightsFile("head", "h", "resources", 900_000_000)))
    assert "1 GB" in plain(summary_text(CatalogueEntry(two, WeightsState.BUILT_IN, (None, None))))


def test_a_published_and_a_measured_figure_read_differently() -> None:
    published = Accuracy("top-1", 0.80858, "ImageNet-1K validation", published=True)
    measured = Accuracy("top-1", 0.957, "1,124 photographs", published=False, spread=0.0123)
    assert plain(figure_text(published)) == "80.9 % top-1, published"
    assert plain(figure_text(measured)) == "95.7 % ± 1.2 top-1, measured here"


def test_the_first_figure_stands_for_the_set() -> None:
    assert plain(accuracy_text(weight_set("a"))) == "80.9 % top-1, published"
    assert measured_on_text(weight_set("a")) == "on ImageNet-1K validation"


def test_a_set_without_figures_says_so() -> None:
    assert accuracy_text(imported("own").weights) == "accuracy not measured"
    assert measured_on_text(imported("own").weights) == ""


def test_what_is_to_be_fetched() -> None:
    assert files_to_fetch(to_fetch("a")) == list(weight_set("a").files)
    assert files_to_fetch(damaged("a")) == list(weight_set("a").files)
    assert files_to_fetch(entry("a")) == []
    assert files_to_fetch(built_in("a")) == []
    assert files_to_fetch(replace(imported("own"), state=WeightsState.DAMAGED)) == []


def test_only_what_is_absent_is_fetched() -> None:
    weights = weight_set("a")
    head = WeightsFile("head", "h", "download", 5_000_000, url="https://weights.example/h")
    two = replace(weights, files=(*weights.files, head))
    half = CatalogueEntry(two, WeightsState.TO_BE_FETCHED, (entry("a").paths[0], None))
    assert files_to_fetch(half) == [head]
    assert plain(fetch_text(half)) == "Fetch 5 MB"


def test_fetching_in_words() -> None:
    assert plain(fetch_text(to_fetch("a"))) == "Fetch 103 MB"
    assert plain(fetch_text(damaged("a"))) == "Fetch again (103 MB)"
    assert plain(progress_text(DownloadProgress(41_000_000, 102_540_417, 35.0))) == "41 MB of 103 MB · 35 s left"
    assert plain(progress_text(DownloadProgress(41_000_000, 102_540_417, None))) == "41 MB of 103 MB"
    assert plain(progress_text(DownloadProgress(41_000_000, None, None))) == "41 MB so far"


@pytest.mark.parametrize(
    ("shown", "usable"),
    [(built_in("a"), True), (entry("a"), True), (to_fetch("a"), False), (damaged("a"), False)],
)
def test_what_can_classify(shown: CatalogueEntry, usable: bool) -> None:
    assert is_usable(shown) is usable
