"""Results as an Excel workbook, by XlsxWriter, which is an optional extra of the program (`xlsx`)."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from model.csv_text import time_cell
from model.errors import ExportError, describe
from model.export import calibration_of, csv_columns, label_count, margin_of
from model.names import display_name
from model.results_file import ResultsFile, RunFacts
from model.types import ImageResult, InstalledWeights

if TYPE_CHECKING:
    from types import ModuleType

log = logging.getLogger(__name__)

MOST_ROWS = 1_048_576
"""Rows of a worksheet, that with the titles among them (Microsoft, "Excel specifications and limits")."""

_WIDTHS = {"path": 40, "file_name": 24, "error": 24, "weights_sha256": 12, "classified_at": 24}
_LABEL_WIDTH = 22
_PERCENT = {"num_format": "0.0%"}
_TITLE = {"bold": True}


def check_row_count(results: int | None, name: str) -> None:
    """Raise ExportError when a worksheet has too few rows for so many results; None while their number is unknown."""
    if results is not None and results + 1 > MOST_ROWS:
        raise ExportError("export-too-many-rows", name=name, rows=f"{results:,}", most=f"{MOST_ROWS - 1:,}")


class XlsxExport(ResultsFile):
    """A workbook with the columns of `csv_columns` on one sheet; the life cycle of CsvExport.

    Rows go to the disk as they come, so that memory does not grow with them. Text is text: nothing becomes a formula
    or a link. Probabilities are numbers, shown in percent.
    """

    def __init__(
        self,
        target: Path,
        installed: InstalledWeights,
        root: Path | None,
        facts: RunFacts | None = None,
        *,
        top: int | None = None,
        overwrite: bool = False,
        results: int | None = None,
    ) -> None:
        """Check target, library and number of rows, open a temporary file beside the target and write the titles.

        `results` is how many rows will be written, where that is not one for each input.

        Raises:
            ExportError: there are too many of them, XlsxWriter is not installed, or the target exists and may not be
                overwritten, or cannot be written. Nothing has been changed.
        """
        facts = facts or RunFacts()
        check_row_count(facts.inputs if results is None else results, display_name(target.name))
        xlsxwriter = _library()
        super().__init__(target, installed, root, facts, overwrite=overwrite)
        self._labels = label_count(top, len(installed.weights.classes))
        try:
            # Beside the target, where there must be room for the workbook too; a small /tmp may be memory.
            self._scratch = tempfile.TemporaryDirectory(
                prefix=".photospotter-",
                dir=Path(os.path.realpath(target)).parent,
                ignore_cleanup_errors=True,
            )
            # A file of its own, for when zipping fails the library writes to it once more, at any later time.
            self._book = Path(self._scratch.name) / "book.xlsx"
            self._workbook = xlsxwriter.Workbook(str(self._book), _options(self._scratch.name))
            self._sheet = self._workbook.add_worksheet("results")
            self._percent = self._workbook.add_format(_PERCENT)
            self._write_titles()
        except OSError as error:
            self.discard()
            raise self._write_error(error) from error

    def discard(self) -> None:
        """Drop what was not committed, and what XlsxWriter keeps aside."""
        super().discard()
        sheet = getattr(self, "_sheet", None)
        if sheet is not None and not sheet.row_data_fh.closed:
            with suppress(OSError):
                sheet.row_data_fh.close()
        if hasattr(self, "_scratch"):
            self._scratch.cleanup()

    def write(self, result: ImageResult) -> None:
        """Write one row; raises as ResultsFile does, and ExportError where a worksheet has no more rows."""
        try:
            check_row_count(self.rows + 1, display_name(self._target.name))
        except ExportError:
            self.discard()
            raise
        super().write(result)

    def _settings(self) -> Mapping[str, object]:
        return {"labels": self._labels, **calibration_of(self._installed)}

    def _write_titles(self) -> None:
        bold = self._workbook.add_format(_TITLE)
        self._sheet.freeze_panes(1, 0)
        for column, title in enumerate(csv_columns(self._labels)):
            width = _LABEL_WIDTH if title.startswith("label_") else _WIDTHS.get(title, 10)
            self._sheet.set_column(column, column, width)
            self._sheet.write_string(0, column, title, bold)

    def _write_row(self, result: ImageResult) -> None:
        facts, margin = result.facts, margin_of(result)
        cells: list[str | int | _Share | None] = [
            self._name(result.path),
            result.path.name,
            "error" if result.problem else "ok",
            describe(result.problem) if result.problem else None,
        ]
        for prediction in result.predictions[: self._labels]:
            cells += (prediction.label, prediction.class_index, _Share(prediction.probability))
        cells += [None] * (4 + 3 * self._labels - len(cells))
        cells += (
            None if margin is None else _Share(margin),
            None if result.unsure is None else str(result.unsure).lower(),
            result.weights_id,
            result.weights_sha256,
            facts.width if facts else None,
            facts.height if facts else None,
            time_cell(result.classified_at),
        )
        row = self.rows + 1
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                self._sheet.write_string(row, column, _plain_text(cell))
            elif isinstance(cell, _Share):
                self._sheet.write_number(row, column, cell, self._percent)
            elif cell is not None:
                self._sheet.write_number(row, column, cell)

    def _finish(self) -> None:
        from xlsxwriter.exceptions import FileCreateError

        try:
            self._workbook.close()
        except FileCreateError as error:  # wraps the OSError
            cause = error.args[0] if error.args else None
            raise cause if isinstance(cause, OSError) else OSError(str(error)) from error
        with self._book.open("rb") as zipped:
            shutil.copyfileobj(zipped, self._stream.buffer)
        super()._finish()

    def _write_error(self, error: OSError) -> ExportError:
        from model.atomic_file import write_error

        return write_error(self._target, error)


class _Share(float):
    """A number from 0 to 1, shown in percent."""


def _options(scratch: str) -> dict[str, object]:
    return {
        "constant_memory": True,
        "tmpdir": scratch,
        "use_zip64": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }


def _plain_text(text: str) -> str:
    """Return the text as a cell takes it; XlsxWriter takes what is between these tags for markup of its own."""
    shown = display_name(text)
    return f"{shown} " if shown.startswith("<r>") and shown.endswith("</r>") else shown


def _library() -> ModuleType:
    try:
        import xlsxwriter
    except ImportError as error:
        raise ExportError("export-needs-xlsxwriter", detail=str(error)) from error
    library: ModuleType = xlsxwriter
    return library
