"""Dry runs: which picture goes where, what is left, and that nothing is changed by asking."""

import os
from pathlib import Path

import pytest
from export_samples import failed, ok
from sorting_desk import CLASSES, give_file, item, plan, sort, tree

from model.cancel import Cancelled, CancelToken
from model.errors import SortError
from model.sorting_plan import plan_sorting
from model.sorting_types import PlanProgress, SortItem, SortRequest

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


def counts(made: object) -> dict[str, int]:
    return {folder.name: folder.count for folder in made.folders}  # type: ignore[attr-defined]


def test_results_become_items(tmp_path: Path) -> None:
    assert SortItem.of(ok(tmp_path / "a.jpg", 0.75, 0.25)) == SortItem(tmp_path / "a.jpg", "cloudy", 0.75, False)
    assert SortItem.of(failed(tmp_path / "a.jpg")) == SortItem(tmp_path / "a.jpg", None, 0.0, False)


def test_a_tree_with_counts_and_nothing_changed(tmp_path: Path) -> None:
    pictures = [give_file(tmp_path / "in" / f"{number}.jpg") for number in range(6)]
    items = [
        item(pictures[0], "cat"),
        item(pictures[1], "dog"),
        item(pictures[2], "cat"),
        item(pictures[3], "cat", 0.4),
        item(pictures[4], "dog", unsure=True),
        item(pictures[5], None),
    ]
    before = tree(tmp_path)
    made = plan(items, SortRequest("move", tmp_path / "out", minimum=0.5))
    assert tree(tmp_path) == before
    assert list(counts(made).items()) == [("cat", 2), ("dog", 1), ("unsure", 2)]
    assert made.errors == 1
    assert [(file.path.name, file.folder) for file in made.files] == [
        ("0.jpg", "cat"),
        ("1.jpg", "dog"),
        ("2.jpg", "cat"),
        ("3.jpg", "unsure"),
        ("4.jpg", "unsure"),
    ]


@pytest.mark.parametrize(
    ("wish", "expected", "left"),
    [
        ("apart", {"cat": 1, "unsure": 2}, 0),
        ("leave", {"cat": 1}, 2),
        ("label", {"cat": 2, "unsure": 1}, 0),
    ],
)
def test_what_becomes_of_unsure_pictures(tmp_path: Path, wish: str, expected: dict[str, int], left: int) -> None:
    items = [
        item(give_file(tmp_path / "sure.jpg"), probability=0.8),
        item(give_file(tmp_path / "below.jpg"), probability=0.79),
        item(give_file(tmp_path / "unsure.jpg"), unsure=True),
    ]
    made = plan(items, SortRequest("copy", tmp_path / "out", 0.8, wish))  # type: ignore[arg-type]
    assert (counts(made), made.unsure_left) == (expected, left)


def test_equal_names_get_numbers_also_where_only_case_differs(tmp_path: Path) -> None:
    give_file(tmp_path / "out" / "cat" / "a.jpg", b"was there")
    items = [
        item(give_file(tmp_path / place / name)) for place, name in (("1", "a.jpg"), ("2", "A.JPG"), ("3", "b.jpg"))
    ]
    made = plan(items, SortRequest("move", tmp_path / "out"))
    assert [file.name for file in made.files] == ["a (2).jpg", "A (3).JPG", "b.jpg"]
    assert made.folders[0].renumbered == 2


def test_many_equal_names_are_numbered_quickly(tmp_path: Path) -> None:
    items = [item(tmp_path / str(number) / "IMG_0001.JPG") for number in range(3000)]
    made = plan(items, SortRequest("move", tmp_path / "out"))
    assert len({file.name for file in made.files}) == 3000
    assert made.files[-1].name == "IMG_0001 (3000).JPG"


def test_hostile_labels_stay_inside_the_target(tmp_path: Path) -> None:
    labels = ("../../up", "/etc", "CON", "", "unsure", "a/b", "a:b", "x" * 500)
    items = [item(give_file(tmp_path / f"{number}.jpg"), label) for number, label in enumerate(labels)]
    made = plan(items, SortRequest("copy", tmp_path / "out"), labels)
    folders = [file.folder for file in made.files]
    assert len(set(folders)) == len(labels)
    assert all(Path(folder).name == folder for folder in folders)
    assert "unsure" not in folders
    done, failures = sort(items, tmp_path / "out", "copy")
    assert (done.done, failures) == (len(labels), [])
    assert {path.name for path in tmp_path.iterdir()} == {"out", *(f"{number}.jpg" for number in range(len(labels)))}


def test_pictures_in_their_folder_already_stay(tmp_path: Path) -> None:
    out = tmp_path / "out"
    items = [item(give_file(out / "cat" / "a.jpg")), item(give_file(out / "cat" / "b.jpg"), "dog")]
    made = plan(items, SortRequest("move", out))
    assert (made.in_place, counts(made)) == (1, {"dog": 1})


def test_a_copy_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    items = [item(give_file(tmp_path / place / "a.jpg", place.encode())) for place in ("1", "2")]
    assert sort(items, out, "copy")[0].done == 2
    made = plan(items, SortRequest("copy", out))
    assert (made.already_there, made.files) == (2, ())
    give_file(tmp_path / "1" / "a.jpg", b"!")
    made = plan(items, SortRequest("copy", out))
    assert [file.name for file in made.files] == ["a (3).jpg"]
    made = plan(items, SortRequest("move", out))
    assert len(made.files) == 2, "a move never leaves a picture behind for being there already"


def test_a_file_with_a_folders_name_stays(tmp_path: Path) -> None:
    give_file(tmp_path / "out" / "cat", b"a file")
    items = [item(give_file(tmp_path / "a.jpg"))]
    done, _ = sort(items, tmp_path / "out")
    assert done.done == 1
    assert (tmp_path / "out" / "cat (2)" / "a.jpg").exists()
    assert (tmp_path / "out" / "cat").read_bytes() == b"a file"


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_is_no_target(tmp_path: Path, place: str) -> None:
    give_file(tmp_path / "file")
    with pytest.raises(SortError) as caught:
        plan([item(give_file(tmp_path / "a.jpg"))], SortRequest("move", tmp_path / place))
    assert caught.value.problem.code == "sort-target-not-folder"


def test_copying_needs_a_target() -> None:
    with pytest.raises(SortError) as caught:
        plan([], SortRequest("copy"))
    assert caught.value.problem.code == "sort-target-missing"


@posix_only
def test_a_folder_that_cannot_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out" / "cat").mkdir(parents=True)
    real = os.listdir

    def listdir(folder: object) -> list[str]:
        if str(folder).endswith("cat"):
            raise PermissionError(13, "Permission denied")
        return real(folder)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(os, "listdir", listdir)
    with pytest.raises(SortError) as caught:
        plan([item(give_file(tmp_path / "a.jpg"))], SortRequest("move", tmp_path / "out"))
    assert caught.value.problem.code == "sort-target-unusable"


def test_keywords_are_labels_and_need_no_folder(tmp_path: Path) -> None:
    items = [item(give_file(tmp_path / "a.jpg"), "a/b"), item(give_file(tmp_path / "b.jpg"), "cat", unsure=True)]
    made = plan(items, SortRequest("xmp"), ("a/b",))
    assert [(file.folder, file.name) for file in made.files] == [("a/b", "a.jpg"), ("unsure", "b.jpg")]
    assert (made.bytes_needed, made.bytes_free) == (0, None)


def test_the_room_that_copies_need_is_known(tmp_path: Path) -> None:
    items = [item(give_file(tmp_path / f"{number}.jpg", b"x" * 1000)) for number in range(3)]
    assert plan(items, SortRequest("copy", tmp_path / "out" / "deep")).bytes_needed == 3000
    assert plan(items, SortRequest("move", tmp_path / "out" / "deep")).bytes_needed == 0


def test_planning_tells_how_far_it_is_and_can_be_cancelled(tmp_path: Path) -> None:
    items = [item(tmp_path / f"{number}.jpg") for number in range(1000)]
    cancel = CancelToken()
    planning = plan_sorting(items, CLASSES, SortRequest("move", tmp_path / "out"), cancel)
    assert next(planning) == PlanProgress(500, 1000)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(planning)
