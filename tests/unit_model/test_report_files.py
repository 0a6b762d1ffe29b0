"""An evaluation as JSON, CSV and HTML files: what is in them, and that they are whole or not there."""

import base64
import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evaluation_samples import evaluation_of, judged
from fakes import write_picture
from PIL import Image

from model.atomic_file import AtomicFile
from model.csv_text import unescape_cell
from model.errors import ExportError
from model.evaluation_queries import confused_pairs, shown_path, unique_labels, worst_errors
from model.evaluation_types import Evaluation
from model.report_files import csv_columns, write_csv, write_html, write_json
from model.report_texts import counted, data_name, interval, moment, percent
from model.types import Problem

WRITERS = pytest.mark.parametrize("write", [write_json, write_csv, write_html])
Writer = Callable[..., None]


@pytest.fixture
def evaluation(tmp_path: Path) -> Evaluation:
    """Four pictures of which two are wrong, and one that could not be read; the wrong ones exist on disk."""
    root = tmp_path / "pictures"
    write_picture(root / "cloudy" / "b.png", (220, 30, 30), (900, 600))
    write_picture(root / "rain" / "=c.png", (30, 30, 220), (20, 30))
    images = [
        judged(0, (0.5, 0.25, 0.25), root / "cloudy" / "a.jpg", unsure=False),
        judged(0, (0.25, 0.625, 0.125), root / "cloudy" / "b.png", unsure=False),
        judged(1, (0.75, 0.125, 0.125), root / "rain" / "=c.png", unsure=True),
        judged(1, (0.25, 0.5, 0.25), root / "rain" / "\udcff.jpg", unsure=False),
    ]
    bad = ((root / "rain" / "+d.jpg", Problem("image-io", (("reason", "=gone"),))),)
    return evaluation_of(images, root=root, bad=bad, labels=root / "labels.csv", part="test", temperature=1.5)


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


class TestJson:
    @pytest.fixture
    def report(self, evaluation: Evaluation, tmp_path: Path) -> dict[str, Any]:
        write_json(evaluation, tmp_path / "out.json")
        report: dict[str, Any] = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
        return report

    def test_the_figures(self, report: dict[str, Any], evaluation: Evaluation) -> None:
        figures = report["figures"]
        assert figures["top_1"]["value"] == 0.5
        assert figures["top_1"]["low"] == evaluation.top_1.low
        assert figures["top_5"] is None
        assert figures["macro"]["recall"] == pytest.approx(0.5)
        assert figures["unsure"] == 1
        assert figures["accuracy_when_sure"]["value"] == pytest.approx(2 / 3)
        assert figures["calibration_error"] == evaluation.calibration_error
        assert [row["label"] for row in report["per_class"]] == ["cloudy", "rain", "shine"]
        assert len(report["reliability"]) == 15

    def test_cells_of_the_matrix_that_hold_something(self, report: dict[str, Any]) -> None:
        assert report["confusion"] == [
            {"true": 0, "predicted": 0, "count": 1},
            {"true": 0, "predicted": 1, "count": 1},
            {"true": 1, "predicted": 0, "count": 1},
            {"true": 1, "predicted": 1, "count": 1},
        ]

    def test_every_picture(self, report: dict[str, Any]) -> None:
        assert [image["path"] for image in report["images"]] == [
            "cloudy/a.jpg",
            "cloudy/b.png",
            "rain/=c.png",
            "rain/\\xff.jpg",
        ]
        second = report["images"][1]
        assert second["true"] == 0
        assert second["predictions"][0] == {"class": 1, "prob": 0.625}
        assert (second["true_prob"], second["right"], second["unsure"]) == (0.25, False, False)
        assert report["bad"] == [
            {"path": "rain/+d.jpg", "error": "the file could not be fetched: =gone", "error_code": "image-io"}
        ]

    def test_what_was_measured_and_how(self, report: dict[str, Any], evaluation: Evaluation) -> None:
        assert report["weights"] == {
            "id": "weather-lite2",
            "title": "Weather, small",
            "sha256": "ab" * 32,
            "temperature": 1.5,
            "classes": ["cloudy", "rain", "shine"],
        }
        assert report["data"] == {
            "root": evaluation.root.as_posix(),
            "labels": (evaluation.root / "labels.csv").as_posix(),
            "part": "test",
            "pictures": 4,
            "bad": 1,
            "trained_on_these": False,
        }
        assert report["run"]["finished"] == "2026-11-24T18:03:55.123Z"
        assert report["run"]["images_per_second"] == 2.0
        assert report["run"]["versions"]["torch"]


class TestCsv:
    def test_the_columns(self) -> None:
        assert ",".join(csv_columns(2)) == (
            "path,file_name,status,error,true_label,true_class,right,label_1,class_1,prob_1,label_2,class_2,prob_2,"
            "true_prob,unsure,weights,weights_sha256"
        )

    def test_a_row_for_each_picture_bad_ones_too(self, evaluation: Evaluation, tmp_path: Path) -> None:
        write_csv(evaluation, tmp_path / "out.csv")
        lines = (tmp_path / "out.csv").read_bytes().decode().split("\r\n")
        assert lines[0] == ",".join(csv_columns(3))
        assert lines[2] == (
            "cloudy/b.png,b.png,ok,,cloudy,0,false,rain,1,0.625,cloudy,0,0.25,shine,2,0.125,0.25,false,"
            f"weather-lite2,{'ab' * 32}"
        )
        assert len(rows_of(tmp_path / "out.csv")) == 5
        bad = rows_of(tmp_path / "out.csv")[-1]
        assert (bad["status"], bad["error"]) == ("error", "the file could not be fetched: =gone")
        assert {bad[name] for name in ("true_label", "right", "label_1", "prob_3", "true_prob", "unsure")} == {""}
        assert bad["weights"] == "weather-lite2"

    def test_no_spreadsheet_runs_a_name(self, evaluation: Evaluation, tmp_path: Path) -> None:
        write_csv(evaluation, tmp_path / "out.csv")
        names = [row["file_name"] for row in rows_of(tmp_path / "out.csv")]
        assert names == ["a.jpg", "b.png", "'=c.png", "\\xff.jpg", "'+d.jpg"]
        assert unescape_cell(names[2]) == "=c.png"
        write_csv(evaluation, tmp_path / "raw.csv", raw=True)
        assert rows_of(tmp_path / "raw.csv")[2]["file_name"] == "=c.png"


class TestHtml:
    def test_the_errors_are_in_it_as_small_pictures(self, evaluation: Evaluation, tmp_path: Path) -> None:
        write_html(evaluation, tmp_path / "out.html")
        page = (tmp_path / "out.html").read_text(encoding="utf-8")
        pictures = [
            Image.open(io.BytesIO(base64.b64decode(data)))
            for data in re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
        ]
        assert [picture.size for picture in pictures] == [(20, 30), (340, 227)]  # none is made larger
        assert [picture.format for picture in pictures] == ["JPEG", "JPEG"]
        blue = pictures[0].convert("RGB").getpixel((10, 10))
        assert isinstance(blue, tuple)
        assert blue[2] > 180 > blue[0]

    def test_a_picture_that_is_gone_costs_only_its_thumbnail(self, evaluation: Evaluation, tmp_path: Path) -> None:
        (evaluation.root / "cloudy" / "b.png").unlink()
        write_html(evaluation, tmp_path / "out.html")
        page = (tmp_path / "out.html").read_text(encoding="utf-8")
        assert page.count("data:image/jpeg") == 1
        assert page.count("cannot be read any more") == 1


class TestTargets:
    @WRITERS
    def test_a_file_that_exists_is_replaced_only_when_allowed(
        self, evaluation: Evaluation, tmp_path: Path, write: Writer
    ) -> None:
        target = tmp_path / "out"
        target.write_text("precious")
        with pytest.raises(ExportError) as caught:
            write(evaluation, target)
        assert caught.value.problem.code == "export-target-exists"
        assert target.read_text() == "precious"
        write(evaluation, target, overwrite=True)
        assert "weather-lite2" in target.read_text(encoding="utf-8")

    @WRITERS
    def test_a_full_disk_leaves_the_old_file_and_nothing_else(
        self, evaluation: Evaluation, tmp_path: Path, write: Writer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "reports"
        folder.mkdir()
        (folder / "out").write_text("precious")

        def fail(_self: AtomicFile) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(AtomicFile, "seal", fail)
        with pytest.raises(ExportError) as caught:
            write(evaluation, folder / "out", overwrite=True)
        assert caught.value.problem.code == "export-disk-full"
        assert [path.name for path in folder.iterdir()] == ["out"]
        assert (folder / "out").read_text() == "precious"

    @WRITERS
    def test_a_folder_that_is_not_there(self, evaluation: Evaluation, tmp_path: Path, write: Writer) -> None:
        with pytest.raises(ExportError) as caught:
            write(evaluation, tmp_path / "absent" / "out")
        assert caught.value.problem.code == "export-folder-missing"


class TestQueries:
    def test_the_worst_errors_are_those_of_which_it_was_surest(self, evaluation: Evaluation) -> None:
        assert [image.path.name for image in worst_errors(evaluation.images, 5)] == ["=c.png", "b.png"]
        assert [image.path.name for image in worst_errors(evaluation.images, 1)] == ["=c.png"]

    def test_confused_pairs_are_sorted_by_number_then_share(self) -> None:
        images = [
            *[judged(0, (0.4, 0.6, 0))] * 2,
            *[judged(0, (1, 0, 0))] * 2,
            *[judged(1, (0.6, 0.4, 0))] * 2,
            judged(2, (0.6, 0.4, 0)),
        ]
        pairs = confused_pairs(evaluation_of(images).confusion)
        assert [(pair.true, pair.predicted, pair.count, pair.share) for pair in pairs] == [
            (1, 0, 2, 1.0),
            (0, 1, 2, 0.5),
            (2, 0, 1, 1.0),
        ]

    def test_labels_that_occur_twice_get_their_index(self) -> None:
        assert unique_labels(("crane", "maillot", "crane")) == ("crane (0)", "maillot", "crane (2)")

    def test_paths_outside_of_the_root_stay_whole(self) -> None:
        assert shown_path(Path("/a/b/c.jpg"), Path("/a")) == "b/c.jpg"
        assert shown_path(Path("/x/c.jpg"), Path("/a")) == Path("/x/c.jpg").as_posix()


class TestTexts:
    @pytest.mark.parametrize(
        ("value", "text"),
        [(0.93, "93.0 %"), (1.0, "100.0 %"), (0.9996, ">99.9 %"), (0.0, "0.0 %"), (1e-9, "<0.1 %"), (0.0005, "0.1 %")],
    )
    def test_percent_never_claims_all_or_nothing(self, value: float, text: str) -> None:
        assert percent(value) == text

    def test_plurals(self) -> None:
        assert counted(1, "picture") == "1 picture"
        assert counted(2000, "picture") == "2,000 pictures"
        assert counted(0, "class") == "0 classes"

    def test_interval_moment_and_name(self, evaluation: Evaluation) -> None:
        assert re.fullmatch(r"15\.0 to 85\.0 %", interval(evaluation.top_1))
        assert moment(evaluation.finished) == "24 November 2026, 18:03 UTC"
        assert data_name(evaluation) == "pictures"
        assert data_name(evaluation_of(evaluation.images, root=Path("/data/birds/test"))) == "birds/test"
        assert data_name(evaluation_of(evaluation.images, root=Path("/"))) == str(Path("/"))
