"""What is in CSV and JSON Lines files and in the run file beside them, and the window's export job."""

import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from export_samples import SHA, WEATHER, WHEN, failed, installed, ok, read_csv, read_run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.cancel import Cancelled, CancelToken
from model.csv_text import unescape_cell
from model.errors import ExportError
from model.export import (
    CsvExport,
    CsvOptions,
    JsonLinesExport,
    RunFacts,
    csv_columns,
    export_results,
    label_count,
    run_file_of,
)
from model.types import Calibration, ExportDone, ExportProgress, ImageResult

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


class TestContent:
    def test_the_columns(self) -> None:
        assert ",".join(csv_columns(2)) == (
            "path,file_name,status,error,label_1,class_1,prob_1,label_2,class_2,prob_2,"
            "margin,unsure,weights,weights_sha256,width,height,classified_at"
        )

    @pytest.mark.parametrize(
        ("top", "classes", "labels"), [(None, 1000, 5), (None, 4, 4), (10, 1000, 10), (10, 4, 4), (1, 4, 1)]
    )
    def test_how_many_labels(self, top: int | None, classes: int, labels: int) -> None:
        assert label_count(top, classes) == labels

    def test_a_row(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        with CsvExport(target, installed(), tmp_path) as export:
            export.write(ok(tmp_path / "day" / "a.jpg", 0.5, 0.25, 0.2, 0.05))
        expected = (
            "day/a.jpg,a.jpg,ok,,cloudy,0,0.5,rain,1,0.25,shine,2,0.2,sunrise,3,0.05,0.25,,"
            f"weather-lite2,{SHA},640,480,2026-11-24T18:03:55.123Z"
        )
        assert target.read_bytes().decode() == f"{','.join(csv_columns(4))}\r\n{expected}\r\n"

    def test_an_error_row_has_words_and_no_numbers(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        with CsvExport(target, installed(), tmp_path) as export:
            export.write(failed(tmp_path / "a.jpg"))
        (row,) = read_csv(target)
        assert row["status"] == "error"
        assert row["error"] == "The folder “=x” could not be read: gone."
        empty = {name for name, cell in row.items() if not cell}
        assert empty == set(csv_columns(4)[4:18]) | {"width", "height"}

    def test_unsure_and_margin(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        with CsvExport(target, installed(), tmp_path, CsvOptions(top=1)) as export:
            export.write(replace(ok(tmp_path / "a.jpg", 0.75, 0.25), unsure=True))
            export.write(replace(ok(tmp_path / "b.jpg", 0.75, 0.5), unsure=False))
        first, second = read_csv(target)
        assert "label_2" not in first
        assert (first["margin"], first["unsure"]) == ("0.5", "true")
        assert (second["margin"], second["unsure"]) == ("0.25", "false")

    def test_an_unsure_picture_is_no_failure(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        with CsvExport(target, installed(), tmp_path, CsvOptions(top=1)) as export:
            export.write(replace(ok(tmp_path / "a.jpg", 0.75, 0.25), unsure=True))
            export.write(ok(tmp_path / "b.jpg", 0.75, 0.25))
        first, second = read_csv(target)
        assert (first["status"], first["error"], first["label_1"]) == ("ok", "", "cloudy")
        assert (second["status"], second["unsure"]) == ("ok", "")
        assert read_run(target)["counts"]["errors"] == 0

    @pytest.mark.parametrize("calibration", [None, Calibration(1.5, "energy", 4.25, 0.95, "a test")])
    def test_the_run_file_tells_how_outputs_became_probabilities(
        self, tmp_path: Path, calibration: Calibration | None
    ) -> None:
        plain = installed()
        weights = replace(plain, weights=replace(plain.weights, calibration=calibration))
        with CsvExport(tmp_path / "out.csv", weights, None), JsonLinesExport(tmp_path / "out.jsonl", weights, None):
            pass
        for name in ("out.csv", "out.jsonl"):
            told = read_run(tmp_path / name)["settings"]["calibration"]
            assert told == (None if calibration is None else asdict(calibration))

    def test_the_run_file_counts_the_engines_and_the_ways_of_decoding(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        fast, slow = ok(tmp_path / "a.jpg", 1.0), ok(tmp_path / "b.jpg", 1.0)
        with CsvExport(target, installed(), tmp_path) as export:
            export.write(replace(fast, engine="onnx", decode="fast"))
            export.write(replace(slow, engine="torch", decode="exact"))
            export.write(replace(fast, path=tmp_path / "c.jpg", engine="onnx", decode="exact"))
            export.write(replace(slow, path=tmp_path / "of an older version.jpg"))
            export.write(replace(failed(tmp_path / "d.jpg"), decode="fast"))
        told = read_run(target)
        assert told["engines"] == {"onnx": 2, "torch": 1, "unknown": 1}
        assert told["decode"] == {"fast": 2, "exact": 3}

    def test_a_run_file_without_rows_names_no_engine(self, tmp_path: Path) -> None:
        with JsonLinesExport(tmp_path / "out.jsonl", installed(), None):
            pass
        assert read_run(tmp_path / "out.jsonl")["engines"] == read_run(tmp_path / "out.jsonl")["decode"] == {}

    def test_one_class_has_no_margin(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        with CsvExport(target, installed(("cat",)), tmp_path) as export:
            export.write(ok(tmp_path / "a.jpg", 1.0, labels=("cat",)))
        (row,) = read_csv(target)
        assert row["prob_1"] == "1.0"
        assert row["margin"] == ""

    def test_more_labels_asked_for_than_a_result_has(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        with CsvExport(target, installed(), tmp_path) as export:
            export.write(ok(tmp_path / "a.jpg", 0.9))
        (row,) = read_csv(target)
        assert [row["label_2"], row["class_2"], row["prob_2"]] == ["", "", ""]

    def test_formulas_are_escaped_in_text_and_numbers_never(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        labels = ("=1+1", "@x")
        with CsvExport(target, installed(labels), tmp_path) as export:
            export.write(ok(tmp_path / "-a.jpg", 0.75, 0.25, labels=labels))
        (row,) = read_csv(target)
        assert (row["path"], row["file_name"]) == ("'-a.jpg", "'-a.jpg")
        assert (row["label_1"], row["label_2"]) == ("'=1+1", "'@x")
        assert (row["prob_1"], row["class_1"], row["margin"], row["width"]) == ("0.75", "0", "0.5", "640")
        assert read_run(target)["settings"]["text_cells"] == "escaped"

    def test_raw_turns_the_escape_off(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        with CsvExport(target, installed(), tmp_path, CsvOptions(raw=True)) as export:
            export.write(ok(tmp_path / "=a.jpg", 1.0))
        (row,) = read_csv(target)
        assert row["path"] == "=a.jpg"
        assert read_run(target)["settings"]["text_cells"] == "raw"

    def test_the_byte_order_mark(self, tmp_path: Path) -> None:
        with CsvExport(tmp_path / "with.csv", installed(), None, CsvOptions(bom=True)):
            pass
        with CsvExport(tmp_path / "without.csv", installed(), None, CsvOptions(bom=False)):
            pass
        assert (tmp_path / "with.csv").read_bytes() == b"\xef\xbb\xbf" + (tmp_path / "without.csv").read_bytes()

    @posix_only
    def test_names_that_are_not_utf8(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        with CsvExport(target, installed(), tmp_path) as export:
            export.write(ok(tmp_path / os.fsdecode(b"a\\b\xe9.jpg"), 1.0))
            export.write(ok(tmp_path / "a\\b.jpg", 1.0))
        assert [row["path"] for row in read_csv(target)] == ["a\\\\b\\xe9.jpg", "a\\b.jpg"]

    def test_without_a_root_or_outside_of_it_paths_are_absolute(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        with CsvExport(target, installed(), None) as export:
            export.write(ok(tmp_path / "a.jpg", 1.0))
        assert read_csv(target)[0]["path"] == (tmp_path / "a.jpg").as_posix()
        assert (read_run(target)["root"], read_run(target)["paths"]) == (None, "absolute")
        with CsvExport(target, installed(), tmp_path / "in", CsvOptions(overwrite=True)) as export:
            export.write(ok(tmp_path / "a.jpg", 1.0))
        assert read_csv(target)[0]["path"] == (tmp_path / "a.jpg").as_posix()

    @posix_only
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
    @given(
        name=st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20),
        label=st.text(max_size=20),
        probability=st.floats(0.0, 1.0, width=32),
        raw=st.booleans(),
    )
    def test_any_text_is_read_back(self, tmp_path: Path, name: str, label: str, probability: float, raw: bool) -> None:
        target = tmp_path / "out.csv"
        path = Path("/photos/x") / name
        with CsvExport(target, installed((label, "b")), Path("/photos"), CsvOptions(raw=raw, overwrite=True)) as export:
            export.write(ok(path, probability, 0.0, labels=(label, "b")))
        (row,) = read_csv(target)
        back = (lambda cell: cell) if raw else unescape_cell
        assert back(row["file_name"]) == path.name
        assert back(row["path"]) == path.relative_to("/photos").as_posix()
        assert float(row["prob_1"]) == pytest.approx(probability, rel=1e-8)
        assert back(row["label_1"]) == label


class TestRunFile:
    def test_its_name(self) -> None:
        assert run_file_of(Path("d/out.csv")) == Path("d/out.run.json")
        assert run_file_of(Path("d/OUT.CSV")) == Path("d/OUT.run.json")
        assert run_file_of(Path("d/out.jsonl")) == Path("d/out.jsonl.run.json")
        assert run_file_of(Path("d/out.v1")) == Path("d/out.v1.run.json")

    def test_what_it_tells(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        facts = RunFacts(settings={"batch": 8, "paths": [tmp_path / "in"]}, started=WHEN)
        with CsvExport(target, installed(), tmp_path, CsvOptions(top=3), facts) as export:
            facts.device = "CPU"
            facts.inputs = 5
            export.write(ok(tmp_path / "a.jpg", 1.0))
            export.write(failed(tmp_path / "b.jpg"))
            assert export.pending == 3
        run = read_run(target)
        assert run["root"] == tmp_path.as_posix()
        assert run["paths"] == "relative"
        assert (run["weights"]["id"], run["weights"]["sha256"]) == ("weather-lite2", SHA)
        assert run["weights"]["files"] == [{"role": "network", "name": "weather.safetensors", "sha256": SHA}]
        assert (run["preprocessing"]["crop"], run["preprocessing"]["interpolation"]) == (260, "bicubic")
        assert run["device"] == "CPU"
        assert run["counts"] == {"inputs": 5, "rows": 2, "ok": 1, "errors": 1, "pending": 3}
        assert run["settings"]["batch"] == 8
        assert run["settings"]["paths"] == [str(tmp_path / "in")]
        assert run["settings"]["labels"] == 3
        assert run["started"] == "2026-11-24T18:03:55.123Z"
        assert run["finished"].endswith("Z")
        assert run["versions"]["python"].startswith(f"{sys.version_info[0]}.")
        assert {"photospotter", "torch", "pillow"} <= set(run["versions"])

    @posix_only
    def test_a_root_that_is_not_utf8(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        with CsvExport(target, installed(), Path(os.fsdecode(b"/a\xff"))):
            pass
        assert read_run(target)["root"] == "/a\\xff"

    def test_more_rows_than_inputs_are_a_bug(self, tmp_path: Path) -> None:
        export = CsvExport(tmp_path / "out.csv", installed(), None, facts=RunFacts(inputs=0))
        export.write(ok(tmp_path / "a.jpg", 1.0))
        with pytest.raises(ValueError, match="1 rows of 0 inputs"):
            export.commit()
        assert list(tmp_path.iterdir()) == []


class TestJsonLines:
    def test_all_predictions_and_raw_text(self, tmp_path: Path) -> None:
        target = tmp_path / "out.jsonl"
        with JsonLinesExport(target, installed(), tmp_path) as export:
            export.write(ok(tmp_path / "in" / "=a.jpg", 0.5, 0.25, 0.2, 0.05))
            export.write(failed(tmp_path / "b.jpg"))
        first, second = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
        assert (first["path"], first["file_name"]) == ("in/=a.jpg", "=a.jpg")
        assert [one["label"] for one in first["predictions"]] == list(WEATHER)
        assert first["predictions"][1] == {"label": "rain", "class": 1, "prob": 0.25}
        assert (first["margin"], first["unsure"], first["error"], first["width"]) == (0.25, None, None, 640)
        assert (second["status"], second["predictions"], second["margin"]) == ("error", [], None)
        assert second["error"].startswith("The folder")
        assert second["error_code"] == "scan-folder-unreadable"
        assert read_run(target)["counts"]["rows"] == 2

    @posix_only
    def test_names_that_are_not_utf8(self, tmp_path: Path) -> None:
        target = tmp_path / "out.jsonl"
        with JsonLinesExport(target, installed(), tmp_path) as export:
            export.write(ok(tmp_path / os.fsdecode(b"\xff.jpg"), 1.0))
        assert json.loads(target.read_text(encoding="utf-8"))["path"] == "\\xff.jpg"

    def test_it_refuses_what_the_csv_refuses(self, tmp_path: Path) -> None:
        target = tmp_path / "out.jsonl"
        target.touch()
        with pytest.raises(ExportError) as caught:
            JsonLinesExport(target, installed(), None)
        assert caught.value.problem.code == "export-target-exists"
        with JsonLinesExport(target, installed(), None, overwrite=True):
            pass


class TestExportResults:
    def run(
        self, target: Path, results: list[ImageResult], inputs: int, cancel: CancelToken | None = None
    ) -> list[object]:
        job = export_results(
            results,
            inputs,
            target,
            installed(),
            target.parent,
            CsvOptions(bom=True, overwrite=True),
            RunFacts(device="CPU"),
            cancel or CancelToken(),
        )
        return list(job)

    def test_rows_and_pending_are_the_inputs(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        stale = ok(tmp_path / "stale.jpg", 1.0, sha="cd" * 32)
        values = self.run(target, [ok(tmp_path / "a.jpg", 1.0), stale, failed(tmp_path / "b.jpg")], 7)
        assert values == [ExportDone(target, tmp_path / "out.run.json", rows=2, errors=1, pending=5)]
        assert [row["path"] for row in read_csv(target, "utf-8-sig")] == ["a.jpg", "b.jpg"]
        assert read_run(target)["counts"] == {"inputs": 7, "rows": 2, "ok": 1, "errors": 1, "pending": 5}

    def test_results_of_another_calibration_are_pending(self, tmp_path: Path) -> None:
        other = replace(ok(tmp_path / "a.jpg", 1.0), unsure=False, calibration=Calibration(2, "probability", 0, 1, "x"))
        values = self.run(tmp_path / "out.csv", [other, ok(tmp_path / "b.jpg", 1.0)], 2)
        assert values == [ExportDone(tmp_path / "out.csv", tmp_path / "out.run.json", rows=1, errors=0, pending=1)]

    def test_progress_is_told(self, tmp_path: Path) -> None:
        results = [ok(tmp_path / f"{number}.jpg", 1.0) for number in range(1200)]
        values = self.run(tmp_path / "out.csv", results, 1200)
        assert values[:2] == [ExportProgress(500, 1200), ExportProgress(1000, 1200)]
        assert len(values) == 3

    def test_a_cancelled_export_leaves_the_target_as_it_was(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        target.write_text("old", encoding="utf-8")
        cancel = CancelToken()
        results = [ok(tmp_path / f"{number}.jpg", 1.0) for number in range(600)]
        job = export_results(results, 600, target, installed(), None, CsvOptions(overwrite=True), RunFacts(), cancel)
        next(job)
        cancel.cancel()
        with pytest.raises(Cancelled):
            next(job)
        assert target.read_text(encoding="utf-8") == "old"
        assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]

    def test_an_export_that_is_dropped_leaves_the_target_as_it_was(self, tmp_path: Path) -> None:
        results = [ok(tmp_path / f"{number}.jpg", 1.0) for number in range(600)]
        job = export_results(
            results, 600, tmp_path / "out.csv", installed(), None, CsvOptions(), RunFacts(), CancelToken()
        )
        next(job)
        job.close()  # type: ignore[attr-defined]
        assert list(tmp_path.iterdir()) == []

    def test_more_results_than_inputs_are_a_bug(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="1 rows of 0 inputs"):
            self.run(tmp_path / "out.csv", [ok(tmp_path / "a.jpg", 1.0)], 0)
        assert list(tmp_path.iterdir()) == []
