"""Excel workbooks: what is in them, what text cannot do there, and that they are whole or not there."""

import errno
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from export_samples import failed, installed, ok
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model import xlsx_export
from model.cancel import Cancelled, CancelToken
from model.cli import main
from model.errors import ExportError
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_OK, EXIT_USAGE
from model.export import CsvOptions, RunFacts, csv_columns, export_results
from model.names import display_name
from model.types import ExportDone, ImageResult
from model.xlsx_export import MOST_ROWS, XlsxExport, check_row_count

NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheet_of(file: Path) -> ElementTree.Element:
    with zipfile.ZipFile(file) as book:
        assert book.testzip() is None
        return ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))


def rows_of(file: Path) -> list[dict[str, str | float | None]]:
    """Read a workbook as ECMA-376 says: inline strings with `_xHHHH_` escapes, numbers, nothing else."""
    rows = []
    for row in sheet_of(file).iter(f"{NAMESPACE}row"):
        cells: dict[str, str | float | None] = {}
        for cell in row:
            column = re.sub("[0-9]", "", cell.get("r", ""))
            if cell.get("t") == "inlineStr":
                text = "".join(part.text or "" for part in cell.iter(f"{NAMESPACE}t"))
                cells[column] = re.sub("_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), text)
            else:
                assert cell.get("t") is None, "text and numbers alone"
                value = cell.find(f"{NAMESPACE}v")
                cells[column] = None if value is None else float(value.text or "")
        rows.append(cells)
    titles = rows[0]
    return [{str(title): row.get(column) for column, title in titles.items()} for row in rows[1:]]


def write_all(target: Path, results: list[ImageResult]) -> None:
    with XlsxExport(target, installed(), target.parent) as export:
        for result in results:
            export.write(result)


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_rows_and_types(tmp_path: Path) -> None:
    with XlsxExport(tmp_path / "out.xlsx", installed(), tmp_path, RunFacts(inputs=2)) as export:
        export.write(ok(tmp_path / "day" / "a.jpg", 0.5, 0.25, 0.2, 0.05))
        export.write(failed(tmp_path / "b.jpg"))
    first, second = rows_of(tmp_path / "out.xlsx")
    assert tuple(first) == csv_columns(4)
    assert (first["path"], first["label_1"], first["class_1"], first["prob_1"]) == ("day/a.jpg", "cloudy", 0, 0.5)
    assert (first["margin"], first["unsure"], first["width"]) == (0.25, None, 640)
    assert first["classified_at"] == "2026-11-24T18:03:55.123Z"
    assert (second["status"], second["error"]) == ("error", "The folder “=x” could not be read: gone.")
    assert second["prob_1"] is second["label_1"] is second["width"] is None
    run = json.loads((tmp_path / "out.xlsx.run.json").read_text())
    assert (run["counts"]["rows"], run["counts"]["errors"]) == (2, 1)
    assert leftovers(tmp_path) == ["out.xlsx", "out.xlsx.run.json"]


def test_another_library_reads_it(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    with XlsxExport(tmp_path / "out.xlsx", installed(), tmp_path) as export:
        export.write(ok(tmp_path / "=1+1.jpg", 0.5, 0.25))
    (book,) = openpyxl.load_workbook(tmp_path / "out.xlsx").worksheets
    assert (book["A2"].value, book["A2"].data_type, book["G2"].value) == ("=1+1.jpg", "s", 0.5)
    assert book["A2"].hyperlink is None


@pytest.mark.parametrize(
    "name",
    [
        "=cmd|' /C calc'!A0.jpg",
        "+1",
        "@SUM(1)",
        "-2+3",
        "https:\\\\example.org",
        "http://example.org",
        "mailto:a@b",
        "internal:Sheet1!A1",
        "{=1+1}",
        "<r><t>x</t></r>",
        "<r></c></row></sheetData></r>",
        "</t></is></c>",
        "&amp;",
        "_x0041_",
        "line\nbreak\rand\ttab",
        "\x1b[31m",
        "12",
        "0007",
        " spaces ",
        "\u202egpj",
    ],
)
def test_text_is_text(tmp_path: Path, name: str) -> None:
    labels = (name, "b")
    with XlsxExport(tmp_path / "out.xlsx", installed(labels), None) as export:
        export.write(ok(Path("/pictures") / name.replace("/", "\\"), 0.5, 0.25, labels=labels))
    (row,) = rows_of(tmp_path / "out.xlsx")
    assert str(row["label_1"]).rstrip(" ") == name.rstrip(" ")
    sheet = sheet_of(tmp_path / "out.xlsx")
    assert not list(sheet.iter(f"{NAMESPACE}f")), "no formula"
    assert not list(sheet.iter(f"{NAMESPACE}hyperlink")), "no link"
    with zipfile.ZipFile(tmp_path / "out.xlsx") as book:
        assert not any("rels" in part and "sheet" in part for part in book.namelist())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(label=st.text(min_size=1))
def test_every_label_comes_back(tmp_path: Path, label: str) -> None:
    labels = (label, "b")
    with XlsxExport(tmp_path / "out.xlsx", installed(labels), None, overwrite=True) as export:
        export.write(ok(Path("/a.jpg"), 0.5, 0.25, labels=labels))
    (row,) = rows_of(tmp_path / "out.xlsx")
    expected = display_name(label).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    assert str(row["label_1"]).rstrip(" ") == expected.rstrip(" ")


def test_too_many_rows_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ExportError) as caught:
        XlsxExport(tmp_path / "out.xlsx", installed(), tmp_path, RunFacts(inputs=MOST_ROWS))
    assert caught.value.problem.code == "export-too-many-rows"
    assert "1,048,576 pictures" in str(caught.value)
    assert "1,048,575" in str(caught.value)
    assert leftovers(tmp_path) == []
    check_row_count(MOST_ROWS - 1, "x")
    check_row_count(None, "x")


def test_of_a_list_the_rows_that_are_written_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_export, "MOST_ROWS", 4)
    weights = installed()
    results = [ok(tmp_path / f"{number}.png", 0.7, 0.2, 0.1) for number in range(4)]
    options, target = CsvOptions(overwrite=True), tmp_path / "out.xlsx"

    def export(rows: int, inputs: int) -> object:
        given = results[:rows], inputs, target, weights, tmp_path, options, RunFacts(), CancelToken()
        return list(export_results(*given))[-1]

    done = export(3, 2_000_000)
    assert isinstance(done, ExportDone)
    assert (done.rows, done.pending) == (3, 1_999_997)
    with pytest.raises(ExportError, match="4 pictures"):
        export(4, 4)


def test_too_many_rows_of_an_unknown_number_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_export, "MOST_ROWS", 3)
    results = [ok(tmp_path / f"{number}.jpg", 1.0) for number in range(3)]
    with pytest.raises(ExportError):
        write_all(tmp_path / "out.xlsx", results)
    assert leftovers(tmp_path) == []


def test_without_the_library_the_error_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(ExportError) as caught:
        XlsxExport(tmp_path / "out.xlsx", installed(), tmp_path)
    assert caught.value.problem.code == "export-needs-xlsxwriter"
    assert "pip install XlsxWriter" in caught.value.remedy
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("error", [KeyError("a bug"), None])
def test_a_workbook_given_up_leaves_the_old_one(tmp_path: Path, error: Exception | None) -> None:
    target = tmp_path / "out.xlsx"
    target.write_bytes(b"old")
    export = XlsxExport(target, installed(), tmp_path, overwrite=True)
    export.write(ok(tmp_path / "a.jpg", 1.0))
    if error is None:
        export.discard()
    else:
        with pytest.raises(KeyError), export:
            raise error
    assert target.read_bytes() == b"old"
    assert leftovers(tmp_path) == ["out.xlsx"]


def test_an_interrupted_run_keeps_its_rows(tmp_path: Path) -> None:
    export = XlsxExport(tmp_path / "out.xlsx", installed(), tmp_path)
    export.write(ok(tmp_path / "a.jpg", 1.0))
    with pytest.raises(Cancelled), export:
        raise Cancelled
    assert len(rows_of(tmp_path / "out.xlsx")) == 1


@pytest.mark.parametrize("when", ["row", "end"])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out.xlsx"
    target.write_bytes(b"old")

    def fail(*_arguments: Any, **_wishes: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    export = XlsxExport(target, installed(), tmp_path, overwrite=True)
    if when == "row":
        monkeypatch.setattr(export._sheet, "write_string", fail)
    else:
        export.write(ok(tmp_path / "a.jpg", 1.0))
        monkeypatch.setattr(zipfile.ZipFile, "write", fail)
    with pytest.raises(ExportError) as caught:
        export.write(ok(tmp_path / "b.jpg", 1.0)) if when == "row" else export.commit()
    assert caught.value.problem.code == "export-disk-full"
    assert target.read_bytes() == b"old"
    assert leftovers(tmp_path) == ["out.xlsx"]


def test_a_target_that_is_there_is_not_replaced_unasked(tmp_path: Path) -> None:
    (tmp_path / "out.xlsx").write_bytes(b"old")
    with pytest.raises(ExportError) as caught:
        XlsxExport(tmp_path / "out.xlsx", installed(), tmp_path)
    assert caught.value.problem.code == "export-target-exists"


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    with XlsxExport(tmp_path / "out.xlsx", installed(), tmp_path) as export:
        for number in range(300):
            export.write(ok(tmp_path / f"{number}.jpg", 0.5, 0.25))
        assert len(export._sheet.table) <= 2, "a row is on the disk when the next comes"
    assert len(rows_of(tmp_path / "out.xlsx")) == 300


@pytest.mark.parametrize("name", ["out.xlsx", "OUT.XLSX"])
def test_the_windows_export_goes_by_the_name(tmp_path: Path, name: str) -> None:
    results: list[ImageResult] = [ok(tmp_path / f"{number}.jpg", 0.5, 0.25) for number in range(3)]
    arguments = (
        tmp_path / name,
        installed(),
        tmp_path,
        CsvOptions(bom=True, overwrite=True),
        RunFacts(),
        CancelToken(),
    )
    *_, done = export_results(results, 4, *arguments)
    assert isinstance(done, ExportDone)
    assert (done.rows, done.pending) == (3, 1)
    assert len(rows_of(tmp_path / name)) == 3


# --- the command line ---


@pytest.mark.usefixtures("classifier")
class TestCommandLine:
    def test_a_workbook_beside_the_table(self, pictures: Path, tmp_path: Path) -> None:
        files = ["--csv", str(tmp_path / "out.csv"), "--xlsx", str(tmp_path / "out.xlsx")]
        assert main(["classify", str(pictures), *files, "--quiet"]) == EXIT_OK
        rows = rows_of(tmp_path / "out.xlsx")
        assert [(row["path"], row["label_1"]) for row in rows] == [
            ("blue.png", "blue"),
            ("red.png", "red"),
            ("deep/green.png", "green"),
        ]

    def test_a_workbook_alone_leaves_standard_output_empty(
        self, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["classify", str(pictures), "--xlsx", str(tmp_path / "out.xlsx")]) == EXIT_OK
        assert capsys.readouterr().out == ""

    def test_it_needs_a_file_of_its_own(self, pictures: Path, tmp_path: Path) -> None:
        same = str(tmp_path / "same")
        assert main(["classify", str(pictures), "--xlsx", "-"]) == EXIT_USAGE
        assert main(["classify", str(pictures), "--xlsx", same, "--csv", same]) == EXIT_USAGE
        assert main(["classify", str(pictures), "--xlsx", same]) == EXIT_OK
        assert main(["classify", str(pictures), "--xlsx", same]) == EXIT_USAGE
        assert main(["classify", str(pictures), "--xlsx", same, "--force"]) == EXIT_OK

    def test_too_many_pictures_are_refused_before_the_first(
        self, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(xlsx_export, "MOST_ROWS", 3)
        files = ["--csv", str(tmp_path / "out.csv"), "--xlsx", str(tmp_path / "out.xlsx")]
        assert main(["classify", str(pictures), *files]) == EXIT_CANNOT_RUN
        assert "has room for 2" in capsys.readouterr().err
        assert not (tmp_path / "out.csv").exists()
        assert not (tmp_path / "out.xlsx").exists()
