"""What a person is shown and warned of before a training."""

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from dataset_samples import make_folders, noise_picture, read

from model import dataset_survey, signatures
from model.cancel import Cancelled, CancelToken
from model.dataset import ReadProgress
from model.dataset_survey import survey
from model.dataset_warnings import FEW_PICTURES, find_warnings
from model.decode_limits import DecodeLimits
from model.errors import DatasetError, describe, remedy
from model.survey_types import DatasetSurvey
from model.training_types import DatasetSummary


def look(root: Path, samples: int = 6, side: int = 96, cache: Path | None = None) -> DatasetSurvey:
    *progress, last = survey(root, DecodeLimits(), CancelToken(), samples_per_class=samples, side=side, cache=cache)
    assert all(isinstance(event, ReadProgress) for event in progress)
    assert isinstance(last, DatasetSurvey)
    return last


def warnings_of(root: Path) -> dict[str, str]:
    """The English texts of the warnings, by code; each has a remedy."""
    found = look(root, samples=1).warnings
    assert all(remedy(problem) for problem in found)
    assert len({problem.code for problem in found}) == len(found)
    return {problem.code: describe(problem) for problem in found}


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A data set that there is nothing to say against."""
    return make_folders(tmp_path / "pictures", {"cat": FEW_PICTURES, "dog": FEW_PICTURES})


def test_classes_are_shown_with_counts_and_samples_at_even_distances(tmp_path: Path) -> None:
    make_folders(tmp_path, {"cat": 9, "dog": 2})
    found = look(tmp_path, samples=3, side=40)
    assert found.root == tmp_path
    assert [(one.name, one.count, one.parts) for one in found.classes] == [("cat", 9, None), ("dog", 2, None)]
    cat, dog = found.classes
    assert [sample.path.name for sample in cat.samples] == ["1.png", "4.png", "7.png"]
    assert [sample.path.name for sample in dog.samples] == ["0.png", "1.png"]
    for sample in (*cat.samples, *dog.samples):
        assert sample.pixels.dtype == np.uint8
        assert sample.pixels.shape == (30, 40, 3)  # of 120 x 160
        assert sample.pixels.flags.c_contiguous
    assert len({sample.pixels.tobytes() for sample in cat.samples}) == 3


def test_with_very_many_classes_there_are_fewer_samples_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_survey, "_MOST_SAMPLES", 6)
    make_folders(tmp_path, {"a": 4, "b": 4, "c": 4})
    assert [len(one.samples) for one in look(tmp_path, samples=4).classes] == [2, 2, 2]


def test_a_sound_data_set_gives_no_warning(sound: Path) -> None:
    found = look(sound)
    assert found.warnings == ()
    assert (found.parts, found.leaking) == (None, 0)
    assert found.summary == DatasetSummary((("cat", 20), ("dog", 20)), (), 0, 0, 1)


def test_parts_are_counted_for_each_class_and_in_all(tmp_path: Path) -> None:
    make_folders(tmp_path, {"train/cat": 3, "train/dog": 2, "test/cat": 1, "test/dog": 2})
    found = look(tmp_path)
    assert found.parts == (5, 0, 3)
    assert [one.parts for one in found.classes] == [(3, 0, 1), (2, 0, 2)]


def test_progress_counts_every_picture(tmp_path: Path) -> None:
    make_folders(tmp_path, {"cat": 2, "dog": 3})
    *progress, _ = survey(tmp_path, DecodeLimits(), CancelToken())
    assert progress == [ReadProgress(done, 5) for done in range(1, 6)]


def test_small_classes_are_named_up_to_five_of_them(sound: Path) -> None:
    make_folders(sound, {"eel": FEW_PICTURES - 1})
    assert warnings_of(sound) == {"survey-few-pictures": "Fewer than 20 pictures to train on: eel (19)."}
    make_folders(sound, {f"x{number}": 2 for number in range(6)})
    text = "Fewer than 20 pictures to train on: eel (19), x0 (2), x1 (2), x2 (2), x3 (2), …."
    assert warnings_of(sound)["survey-few-pictures"] == text


def test_uneven_classes_are_named(sound: Path) -> None:
    make_folders(sound, {"eel": 2})
    assert "survey-uneven" not in warnings_of(sound)  # 20 to 2 is ten times, not more
    noise_picture(sound / "cat" / "one_more.png", 500)
    assert warnings_of(sound)["survey-uneven"] == "cat has 21 pictures, but eel only 2."


def test_many_copies_are_warned_of(sound: Path) -> None:
    for number in range(2):
        shutil.copy(sound / "cat" / f"{number}.png", sound / "cat" / f"copy{number}.png")
    assert "survey-many-copies" not in warnings_of(sound)  # 4 of 42
    shutil.copy(sound / "dog" / "0.png", sound / "dog" / "copy.png")
    text = "6 of 43 pictures are copies of one another, or nearly so."
    assert warnings_of(sound) == {"survey-many-copies": text}
    summary = look(sound).summary
    assert (summary.copies, summary.copy_groups, summary.largest_group) == (6, 3, 2)


def test_a_picture_in_two_classes_is_named(sound: Path) -> None:
    shutil.copy(sound / "cat" / "3.png", sound / "dog" / "also.png")
    text = "2 pictures are in several classes at once, “cat/3.png” for one."
    assert warnings_of(sound) == {"survey-contradicting": text}


def test_copies_across_parts_are_counted_and_named(tmp_path: Path) -> None:
    make_folders(tmp_path, {"train/cat": 20, "train/dog": 20, "test/cat": 3, "test/dog": 3})
    shutil.copy(tmp_path / "test" / "cat" / "0.png", tmp_path / "train" / "cat" / "again.png")
    text = "Pictures with copies in a part that measures them: 1, “train/cat/again.png” first."
    assert warnings_of(tmp_path) == {"survey-leaking": text}
    assert look(tmp_path).leaking == 1


def test_bad_files_are_counted_and_named(sound: Path) -> None:
    (sound / "cat" / "bad.jpg").write_bytes(b"\xff\xd8\xff but no picture")
    text = "Files or folders that cannot be read and are left out: 1, “cat/bad.jpg” first."
    assert warnings_of(sound) == {"survey-bad-files": text}
    assert [path.name for path, _ in look(sound).summary.bad] == ["bad.jpg"]


def test_a_part_that_lacks_a_class_is_named(tmp_path: Path) -> None:
    make_folders(tmp_path, {"train/cat": 20, "train/dog": 20, "val/cat": 3})
    assert warnings_of(tmp_path) == {"survey-class-without-part": "No pictures in “val”: dog."}


def test_in_parts_it_is_the_training_pictures_that_may_be_too_few(tmp_path: Path) -> None:
    make_folders(tmp_path, {"train/cat": 20, "train/dog": 5, "val/cat": 1, "val/dog": 30})
    assert warnings_of(tmp_path) == {"survey-few-pictures": "Fewer than 20 pictures to train on: dog (5)."}


def test_a_part_that_was_taken_for_a_class_is_named(tmp_path: Path) -> None:
    make_folders(tmp_path, {"Train/cat": 20, "other": 20})
    assert list(warnings_of(tmp_path)) == ["survey-class-named-like-part"]


def test_what_cannot_be_trained_on_is_an_error_here_too(tmp_path: Path) -> None:
    make_folders(tmp_path, {"cat": 3})
    with pytest.raises(DatasetError, match="at least two classes"):
        look(tmp_path)


def test_a_sample_that_went_away_meanwhile_is_left_out(tmp_path: Path) -> None:
    make_folders(tmp_path, {"cat": 3, "dog": 3})
    events = survey(tmp_path, DecodeLimits(), CancelToken())
    for _ in range(6):
        next(events)
    (tmp_path / "cat" / "1.png").unlink()
    last = next(events)
    assert isinstance(last, DatasetSurvey)
    assert [sample.path.name for sample in last.classes[0].samples] == ["0.png", "2.png"]
    assert len(last.classes[1].samples) == 3


def test_a_survey_can_be_cancelled_after_the_reading_too(tmp_path: Path) -> None:
    make_folders(tmp_path, {"cat": 3, "dog": 3})
    cancel = CancelToken()
    events = survey(tmp_path, DecodeLimits(), cancel)
    for _ in range(6):
        next(events)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(events)


def test_a_training_after_a_survey_reads_no_picture_for_signatures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_folders(tmp_path / "pictures", {"cat": 3, "dog": 3})
    found = look(root, cache=tmp_path / "cache")

    def make(path: Path, _limits: DecodeLimits, _token: CancelToken) -> np.ndarray:
        raise AssertionError(path)

    monkeypatch.setattr(signatures, "make_signature", make)
    dataset = read(root, cache=tmp_path / "cache")
    assert len(dataset.images) == sum(one.count for one in found.classes) == 6


def test_warnings_of_a_reading_are_those_of_the_survey(sound: Path) -> None:
    (sound / "cat" / "bad.jpg").write_bytes(b"\xff\xd8\xff but no picture")
    dataset = read(sound)
    summary = DatasetSummary((("cat", 20), ("dog", 20)), dataset.bad, 0, 0, 1)
    assert find_warnings(dataset, np.arange(40), summary) == look(sound).warnings


def test_a_survey_crosses_from_a_child_process(tmp_path: Path) -> None:
    make_folders(tmp_path, {"cat": 2, "dog": 2})
    found = look(tmp_path)
    again = pickle.loads(pickle.dumps(found))
    assert isinstance(again, DatasetSurvey)
    assert again.summary == found.summary
    np.testing.assert_array_equal(again.classes[0].samples[0].pixels, found.classes[0].samples[0].pixels)


def test_a_window_can_import_the_survey_without_torch() -> None:
    program = "import sys, model.dataset_survey; sys.exit('torch' in sys.modules)"
    root = Path(dataset_survey.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0
