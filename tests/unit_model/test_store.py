"""The store gives back what was put in, for the same file and the same weights only."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import make_result, make_weights, write_picture

from model.recall import ResultMemory
from model.store import ResultStore
from model.types import ImageResult, ResultBatch

WEIGHTS = make_weights()


def put_in(store: ResultStore, path: Path) -> ImageResult:
    result = make_result(path, WEIGHTS, 0.7, 0.2, 0.1)
    store.record([result], WEIGHTS)
    return result


def test_a_result_comes_back_equal(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    result = put_in(store, picture)
    store.close()
    reopened = ResultStore(tmp_path / "s.sqlite3")
    assert list(reopened.known([picture], WEIGHTS)) == [(picture, result)]
    reopened.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows names are text")
def test_a_name_that_is_not_utf8_is_no_obstacle(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png"))
    write_picture(picture)
    result = put_in(store, picture)
    assert list(store.known([picture], WEIGHTS)) == [(picture, result)]
    store.close()


def test_other_weights_and_other_preprocessing_do_not_share_results(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    put_in(store, picture)
    assert list(store.known([picture], make_weights("other"))) == [(picture, None)]
    preprocess = replace(WEIGHTS.weights.preprocess, resize=9)
    other = replace(WEIGHTS, weights=replace(WEIGHTS.weights, preprocess=preprocess))
    assert list(store.known([picture], other)) == [(picture, None)]
    store.close()


def test_an_edited_or_vanished_file_is_classified_anew(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    put_in(store, picture)
    write_picture(picture, size=(40, 30))
    assert list(store.known([picture], WEIGHTS)) == [(picture, None)]
    put_in(store, picture)
    picture.unlink()
    assert list(store.known([picture], WEIGHTS)) == [(picture, None)]
    store.close()


def test_errors_are_not_kept(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    store.record([make_result(picture, WEIGHTS, error="image-empty")], WEIGHTS)
    assert list(store.known([picture], WEIGHTS)) == [(picture, None)]
    store.close()


def test_a_damaged_store_is_set_aside_and_a_new_one_made(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite3"
    file.write_bytes(b"this is no database" * 100)
    store = ResultStore(file)
    picture = write_picture(tmp_path / "a.png")
    result = put_in(store, picture)
    assert list(store.known([picture], WEIGHTS)) == [(picture, result)]
    assert (tmp_path / "s.sqlite3.damaged").read_bytes().startswith(b"this is no database")
    store.close()


def test_memory_recalls_in_batches_and_names_what_it_does_not_know(tmp_path: Path) -> None:
    memory = ResultMemory(tmp_path / "s.sqlite3")
    known, unknown = write_picture(tmp_path / "a.png"), write_picture(tmp_path / "b.png")
    result = make_result(known, WEIGHTS, 0.7, 0.2, 0.1)
    memory.keep([result], WEIGHTS)
    recalled = list(memory.recall([unknown, known], WEIGHTS))
    assert recalled == [unknown, ResultBatch((result,))]
    memory.close()


def test_a_store_that_cannot_be_opened_costs_only_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    memory = ResultMemory(tmp_path / "file" / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    memory.keep([make_result(picture, WEIGHTS, 0.7, 0.2, 0.1)], WEIGHTS)
    assert list(memory.recall([picture], WEIGHTS)) == [picture]
    memory.close()


def test_without_a_file_nothing_is_remembered(tmp_path: Path) -> None:
    memory = ResultMemory(None)
    picture = write_picture(tmp_path / "a.png")
    memory.keep([make_result(picture, WEIGHTS, 0.7, 0.2, 0.1)], WEIGHTS)
    assert list(memory.recall([picture], WEIGHTS)) == [picture]
