"""Which pictures are evaluated and what they are said to be: folders of classes, parts of data sets, labels files."""

import csv
import io
import os
from dataclasses import replace
from pathlib import Path

import pytest
from evaluation_samples import colour_set
from fakes import write_picture
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.cancel import Cancelled, CancelToken
from model.errors import DatasetError, PhotospotterError, UsageError
from model.labelled_files import LabelledFiles, read_labelled_files
from model.types import WeightSet
from model.weights import default_catalogue

COLOURS = colour_set()
posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX names")


def read(root: Path, labels: Path | None = None, weights: WeightSet = COLOURS) -> LabelledFiles:
    return read_labelled_files(root, labels, weights, CancelToken())


def found(labelled: LabelledFiles) -> dict[str, int]:
    return {file.path.relative_to(labelled.root).as_posix(): file.class_index for file in labelled.files}


def refused(root: Path, labels: Path | None = None, weights: WeightSet = COLOURS) -> PhotospotterError:
    with pytest.raises(PhotospotterError) as caught:
        read(root, labels, weights)
    return caught.value


def labels_file(root: Path, text: str, name: str = "labels.csv", encoding: str = "utf-8") -> Path:
    root.mkdir(exist_ok=True)
    (root / name).write_text(text, encoding=encoding, newline="")
    return root / name


class TestFolders:
    def test_folders_name_the_classes_of_all_pictures_in_them(self, tmp_path: Path) -> None:
        for name in ("Red/1.png", "red/2.png", "2/deep/down/3.png", "GREEN/x.jpg", "stray.png", ".hidden/4.png"):
            write_picture(tmp_path / name)
        (tmp_path / "red" / "notes.txt").write_text("no picture")
        labelled = read(tmp_path)
        assert found(labelled) == {"Red/1.png": 0, "red/2.png": 0, "2/deep/down/3.png": 2, "GREEN/x.jpg": 1}
        assert labelled.part is None
        assert labelled.root == tmp_path

    def test_a_folder_of_no_class_is_named_before_any_picture_is_looked_for(self, tmp_path: Path) -> None:
        write_picture(tmp_path / "red" / "1.png")
        write_picture(tmp_path / "purple" / "1.png")
        error = refused(tmp_path)
        assert isinstance(error, DatasetError)
        assert "“purple”" in str(error)
        assert "red, green, blue" in str(error)

    def test_a_folder_of_two_classes_asks_for_an_index(self, tmp_path: Path) -> None:
        weights = replace(COLOURS, classes=("crane", "red", "crane"))
        write_picture(tmp_path / "crane" / "1.png")
        error = refused(tmp_path, weights=weights)
        assert error.problem.code == "evaluate-folder-ambiguous"
        assert "0 crane, 2 crane" in str(error)
        (tmp_path / "crane").rename(tmp_path / "2")
        assert found(read(tmp_path, weights=weights)) == {"2/1.png": 2}

    def test_imagenets_folders_are_wordnet_numbers(self, tmp_path: Path) -> None:
        write_picture(tmp_path / "n02123045" / "1.png")
        imagenet = default_catalogue().entry("imagenet-lite2").weights
        assert found(read(tmp_path, weights=imagenet)) == {"n02123045/1.png": 281}

    def test_without_folders_nothing_says_what_pictures_are(self, tmp_path: Path) -> None:
        write_picture(tmp_path / "1.png")
        assert refused(tmp_path).problem.code == "evaluate-no-classes"
        assert refused(tmp_path / "absent").problem.code == "evaluate-no-folder"

    def test_no_pictures_are_nothing_to_do(self, tmp_path: Path) -> None:
        (tmp_path / "red").mkdir()
        error = refused(tmp_path)
        assert isinstance(error, UsageError)
        assert error.problem.code == "evaluate-no-pictures"

    def test_a_folder_that_cannot_be_read_is_told_of(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write_picture(tmp_path / "red" / "1.png")
        write_picture(tmp_path / "blue" / "1.png")
        real = os.scandir

        def scandir(folder: str) -> object:
            if str(folder).endswith("blue"):
                raise PermissionError(13, "Permission denied")
            return real(folder)

        monkeypatch.setattr(os, "scandir", scandir)
        labelled = read(tmp_path)
        assert found(labelled) == {"red/1.png": 0}
        assert [(path.name, problem.code) for path, problem in labelled.bad] == [("blue", "scan-folder-unreadable")]

    def test_cancelling_ends_the_scan(self, tmp_path: Path) -> None:
        write_picture(tmp_path / "red" / "1.png")
        cancel = CancelToken()
        cancel.cancel()
        with pytest.raises(Cancelled):
            read_labelled_files(tmp_path, None, COLOURS, cancel)


class TestParts:
    @pytest.mark.parametrize(
        ("folders", "part", "chosen"),
        [
            (("train", "val", "test"), "test", "test"),
            (("training", "Validation"), "val", "Validation"),
            (("train",), "train", "train"),
            (("Test", "extras"), "test", "Test"),
        ],
    )
    def test_the_part_that_nobody_learned_from_is_evaluated(
        self, tmp_path: Path, folders: tuple[str, ...], part: str, chosen: str
    ) -> None:
        for folder in folders:
            write_picture(tmp_path / folder / "red" / "1.png")
        labelled = read(tmp_path)
        assert labelled.part == part
        assert labelled.root == tmp_path / chosen
        assert found(labelled) == {"red/1.png": 0}

    def test_test_pictures_that_nobody_labelled_are_passed_over(self, tmp_path: Path) -> None:
        write_picture(tmp_path / "test" / "1.png")
        write_picture(tmp_path / "val" / "blue" / "2.png")
        assert read(tmp_path).part == "val"

    def test_several_folders_may_be_one_part(self, tmp_path: Path) -> None:
        write_picture(tmp_path / "val" / "blue" / "1.png")
        write_picture(tmp_path / "valid" / "red" / "2.png")
        labelled = read(tmp_path)
        assert (labelled.part, labelled.root) == ("val", tmp_path)
        assert found(labelled) == {"val/blue/1.png": 2, "valid/red/2.png": 0}

    def test_a_class_called_train_is_a_class(self, tmp_path: Path) -> None:
        vehicles = replace(COLOURS, classes=("train", "car", "boat"))
        write_picture(tmp_path / "train" / "1.png")
        write_picture(tmp_path / "car" / "inside" / "2.png")
        labelled = read(tmp_path, weights=vehicles)
        assert labelled.part is None
        assert found(labelled) == {"train/1.png": 0, "car/inside/2.png": 1}


class TestLabelsFiles:
    @pytest.mark.parametrize(
        ("text", "code"),
        [("file," + "x" * 200_000 + "\na.png,red\n", "columns"), ("file,label\n" + "x" * 200_000 + ",red\n", "line")],
    )
    def test_a_cell_longer_than_any_name_is_refused_in_words(self, tmp_path: Path, text: str, code: str) -> None:
        """Found by fuzzing: in the first line it ended the command with a traceback."""
        labels = labels_file(tmp_path, text)
        assert refused(tmp_path, labels).problem.code == f"evaluate-labels-{code}"

    @pytest.mark.parametrize("ends", ["\r", "\r\n", "\n"])
    def test_line_ends_of_every_system(self, tmp_path: Path, ends: str) -> None:
        labels = labels_file(tmp_path, ends.join(["file,label", "a.png,red", "b.png,blue", ""]))
        assert found(read(tmp_path, labels)) == {"a.png": 0, "b.png": 2}

    def test_a_file_without_end_is_not_read_into_memory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("model.labelled_files._MOST_BYTES", 40)
        labels = labels_file(tmp_path, "file,label\n" + "a.png,red\n" * 10)
        assert "more than 40 bytes" in str(refused(tmp_path, labels))

    @pytest.mark.parametrize(
        "text",
        [
            "file,label\na.png,red\nsub/b.png,Blue\n",
            "label;file\r\nred;a.png\r\nBLUE;sub/b.png\r\n",
            "\ufefffile\tclass_index\na.png\t0\nsub/b.png\t2",
            'Label , File , note\n"red","a.png","1, 2"\n\n blue , sub/b.png ,\n',
            "file,class_index,label\na.png,0,whatever\nsub/b.png,,blue\n",
        ],
    )
    def test_columns_in_any_order_between_commas_tabs_or_semicolons(self, tmp_path: Path, text: str) -> None:
        labels = labels_file(tmp_path / "elsewhere", text)
        labelled = read(tmp_path, labels)
        assert found(labelled) == {"a.png": 0, "sub/b.png": 2}  # nothing is looked for, so nothing need be there
        assert labelled.part is None

    def test_a_name_with_the_delimiter_in_it_is_put_in_quotes(self, tmp_path: Path) -> None:
        labels = labels_file(tmp_path, 'file,label\n"a, b.png","red"\n')
        assert found(read(tmp_path, labels)) == {"a, b.png": 0}
        error = refused(tmp_path, labels_file(tmp_path, "file,label\na.png,red, crimson\n"))
        assert error.problem.code == "evaluate-labels-line"
        assert "2" in str(error)

    @pytest.mark.parametrize("text", ["", "a.png,red\n", "file\na.png\n", "picture,label\na.png,red\n", "file label\n"])
    def test_a_header_is_needed(self, tmp_path: Path, text: str) -> None:
        error = refused(tmp_path, labels_file(tmp_path, text))
        assert error.problem.code == "evaluate-labels-columns"
        assert "class_index" in error.remedy

    @pytest.mark.parametrize("line", [",red", "a.png,", "a.png"])
    def test_a_line_needs_a_file_and_a_label(self, tmp_path: Path, line: str) -> None:
        error = refused(tmp_path, labels_file(tmp_path, f"file,label\nb.png,red\n{line}\n"))
        assert error.problem.code == "evaluate-labels-line"
        assert "Line 3" in str(error)

    @pytest.mark.parametrize(
        ("text", "code", "words"),
        [
            ("file,label\na.png,purple\n", "evaluate-label-unknown", "red, green, blue"),
            ("file,class_index\na.png,3\n", "evaluate-index-unknown", "0 to 2"),
            ("file,class_index\na.png,red\n", "evaluate-index-unknown", "“red”"),
            ("file,wnid\na.png,n02123045\n", "evaluate-wnid-unknown", "n02123045"),
        ],
    )
    def test_a_label_of_no_class_is_named_with_its_line(self, tmp_path: Path, text: str, code: str, words: str) -> None:
        error = refused(tmp_path, labels_file(tmp_path, text))
        assert error.problem.code == code
        assert "Line 2" in str(error)
        assert words in str(error)

    def test_a_label_of_two_classes_asks_for_the_index(self, tmp_path: Path) -> None:
        weights = replace(COLOURS, classes=("maillot", "red", "maillot"))
        error = refused(tmp_path, labels_file(tmp_path, "file,label\na.png,Maillot\n"), weights)
        assert error.problem.code == "evaluate-label-ambiguous"
        assert "class_index" in error.remedy
        labels = labels_file(tmp_path, "file,label,class_index\na.png,Maillot,2\n")
        assert found(read(tmp_path, labels, weights)) == {"a.png": 2}

    def test_index_and_wordnet_number_must_agree(self, tmp_path: Path) -> None:
        imagenet = default_catalogue().entry("imagenet-lite2").weights
        labels = labels_file(tmp_path, "file,wnid,class_index\na.png,n02123045,281\nb.png,n02123045,\n")
        assert found(read(tmp_path, labels, imagenet)) == {"a.png": 281, "b.png": 281}
        error = refused(tmp_path, labels_file(tmp_path, "file,wnid,class_index\na.png,n02123045,282\n"), imagenet)
        assert error.problem.code == "evaluate-labels-contradict"
        assert "n02123045 is class 281" in str(error)

    def test_a_picture_named_twice_is_taken_once_but_never_with_two_labels(self, tmp_path: Path) -> None:
        labels = labels_file(tmp_path, "file,label\na.png,red\nb.png,blue\na.png,red\nsub/../b.png,blue\n")
        assert found(read(tmp_path, labels)) == {"a.png": 0, "b.png": 2}
        error = refused(tmp_path, labels_file(tmp_path, "file,label\na.png,red\na.png,blue\n"))
        assert error.problem.code == "evaluate-labels-twice"
        assert "Line 3" in str(error)
        assert "line 2" in str(error)

    def test_files_that_cannot_be_read_as_text(self, tmp_path: Path) -> None:
        assert refused(tmp_path, tmp_path / "absent.csv").problem.code == "evaluate-labels-unreadable"
        assert refused(tmp_path, tmp_path).problem.code == "evaluate-labels-unreadable"
        latin = labels_file(tmp_path, "file,label\nmäuse.png,red\n", encoding="latin-1")
        assert refused(tmp_path, latin).problem.code == "evaluate-labels-not-text"
        huge = labels_file(tmp_path, f"file,label\n{'x' * 200_000},red\n")
        assert refused(tmp_path, huge).problem.code == "evaluate-labels-line"

    def test_a_file_without_lines_names_no_picture(self, tmp_path: Path) -> None:
        assert refused(tmp_path, labels_file(tmp_path, "file,label\n\n")).problem.code == "evaluate-no-pictures"

    @posix_only
    def test_an_absolute_name_stays_what_it_is(self, tmp_path: Path) -> None:
        labels = labels_file(tmp_path, "file,label\n/elsewhere/a.png,red\n")
        assert [file.path for file in read(tmp_path, labels).files] == [Path("/elsewhere/a.png")]

    def test_the_labels_of_200_imagenet_pictures(self, shared_data: Path) -> None:
        folder = shared_data / "imagenet"
        imagenet = default_catalogue().entry("imagenet-lite2").weights
        labelled = read(folder, folder / "labels.tsv", imagenet)
        assert len(labelled.files) == 200
        assert all(file.path.is_file() for file in labelled.files)
        assert found(labelled)["n01484850_great_white_shark.JPEG"] == imagenet.classes.index("great white shark")

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
    @given(
        names=st.lists(st.text("abcäß ,;\t\"'=-", max_size=8).map("x{}x".format), unique=True),
        delimiter=st.sampled_from(",;\t"),
    )
    def test_whatever_a_csv_writer_writes_is_read_back(self, tmp_path: Path, names: list[str], delimiter: str) -> None:
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow(["class_index", "file"])
        writer.writerows([index % 3, f"{name}.png"] for index, name in enumerate(["first", *names]))
        labelled = read(tmp_path, labels_file(tmp_path, stream.getvalue()))
        assert found(labelled) == {f"{name}.png": index % 3 for index, name in enumerate(["first", *names])}
