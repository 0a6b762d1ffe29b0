"""Results as files: CSV for people and spreadsheets, JSON Lines for programs."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TextIO

from model.atomic_file import write_error
from model.cancel import Cancelled, CancelToken
from model.csv_text import decimal_cell, text_cell, time_cell
from model.errors import describe
from model.results_file import ResultsFile, RunFacts, plain, run_file_of
from model.sources import common_folder, common_root
from model.types import ExportDone, ExportProgress, ImageResult, InstalledWeights

__all__ = [
    "CsvExport",
    "CsvOptions",
    "JsonLinesExport",
    "RunFacts",
    "common_folder",
    "common_root",
    "csv_columns",
    "export_results",
    "run_file_of",
]

DEFAULT_TOP = 5
XLSX_SUFFIX = ".xlsx"
"""A table whose name ends so is an Excel workbook."""

PROGRESS_STEP = 500
"""Rows between two ExportProgress values; at about 30 us a row some 60 a second."""


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How to write a CSV file.

    `top` is how many labels a row has (None: five), never more than there are classes; `bom` starts the file with the
    mark by which Excel knows UTF-8; `raw` leaves text cells as they are, which a spreadsheet may run as formulas.
    """

    top: int | None = None
    bom: bool = False
    raw: bool = False
    overwrite: bool = False


def label_count(top: int | None, classes: int) -> int:
    """Return how many labels a row has: `top`, or five, but no more than there are classes."""
    return min(DEFAULT_TOP if top is None else top, classes)


def csv_columns(labels: int) -> tuple[str, ...]:
    """Return the column names; `labels` is the number of label columns. New columns only ever go at the end."""
    ranked = (f"{name}_{rank}" for rank in range(1, labels + 1) for name in ("label", "class", "prob"))
    start = ("path", "file_name", "status", "error")
    end = ("margin", "unsure", "weights", "weights_sha256", "width", "height", "classified_at")
    return (*start, *ranked, *end)


class CsvExport(ResultsFile):
    """A CSV file with the columns of `csv_columns`, in UTF-8; lines end in CR LF (RFC 4180).

    With CR LF the csv module also quotes a cell that holds a lone CR, so that every reader gets every cell back.
    """

    def __init__(
        self,
        target: Path | TextIO,
        installed: InstalledWeights,
        root: Path | None,
        options: CsvOptions | None = None,
        facts: RunFacts | None = None,
    ) -> None:
        """Check the target, open a temporary file beside it (a stream is used as it is) and write the header.

        Raises:
            ExportError: the target exists and may not be overwritten, or cannot be written. Nothing has been changed.
        """
        self._options = options or CsvOptions()
        super().__init__(target, installed, root, facts or RunFacts(), overwrite=self._options.overwrite)
        self._labels = label_count(self._options.top, len(installed.weights.classes))
        self._csv = csv.writer(self._stream, lineterminator="\r\n")
        try:
            if self._options.bom:
                self._stream.write("\ufeff")
            self._csv.writerow(csv_columns(self._labels))
        except OSError as error:
            self.discard()
            raise write_error(self._target, error) from error

    def _settings(self) -> Mapping[str, object]:
        return {
            "labels": self._labels,
            "bom": self._options.bom,
            "text_cells": "raw" if self._options.raw else "escaped",
            **calibration_of(self._installed),
        }

    def _write_row(self, result: ImageResult) -> None:
        raw = self._options.raw
        ranked: list[str] = []
        for prediction in result.predictions[: self._labels]:
            label = text_cell(prediction.label, raw=raw)
            ranked += (label, str(prediction.class_index), decimal_cell(prediction.probability))
        ranked += [""] * (3 * self._labels - len(ranked))
        margin = margin_of(result)
        facts = result.facts
        self._csv.writerow(
            (
                text_cell(self._name(result.path), raw=raw),
                text_cell(result.path.name, raw=raw),
                "error" if result.problem else "ok",
                text_cell(describe(result.problem), raw=raw) if result.problem else "",
                *ranked,
                "" if margin is None else decimal_cell(margin),
                "" if result.unsure is None else str(result.unsure).lower(),
                text_cell(result.weights_id, raw=raw),
                result.weights_sha256,
                str(facts.width) if facts else "",
                str(facts.height) if facts else "",
                time_cell(result.classified_at),
            )
        )


class JsonLinesExport(ResultsFile):
    """One JSON object a line, with all predictions of a picture and text as it is; the life cycle of CsvExport."""

    def __init__(
        self,
        target: Path | TextIO,
        installed: InstalledWeights,
        root: Path | None,
        facts: RunFacts | None = None,
        *,
        overwrite: bool = False,
    ) -> None:
        """Check the target and open a temporary file beside it; raises ExportError as CsvExport does."""
        super().__init__(target, installed, root, facts or RunFacts(), overwrite=overwrite)

    def _settings(self) -> Mapping[str, object]:
        return calibration_of(self._installed)

    def _write_row(self, result: ImageResult) -> None:
        facts = result.facts
        row = {
            "path": self._name(result.path),
            "file_name": result.path.name,
            "status": "error" if result.problem else "ok",
            "error": describe(result.problem) if result.problem else None,
            "error_code": result.problem.code if result.problem else None,
            "predictions": [
                {"label": one.label, "class": one.class_index, "prob": one.probability} for one in result.predictions
            ],
            "margin": margin_of(result),
            "unsure": result.unsure,
            "weights": result.weights_id,
            "weights_sha256": result.weights_sha256,
            "width": facts.width if facts else None,
            "height": facts.height if facts else None,
            "classified_at": time_cell(result.classified_at),
        }
        self._stream.write(json.dumps(plain(row), ensure_ascii=False) + "\n")


def export_results(
    results: Sequence[ImageResult],
    inputs: int,
    target: Path,
    installed: InstalledWeights,
    root: Path | None,
    options: CsvOptions,
    facts: RunFacts,
    cancel: CancelToken,
) -> Iterator[ExportProgress | ExportDone]:
    """Write a snapshot of the window's results as CSV, or as a workbook where the name of `target` ends in `.xlsx`.

    Pictures without a result of `installed` get no row.

    Nor do those whose result has another calibration than `installed`: one table has probabilities of one kind.
    `inputs` is the number of pictures in the list. A cancelled export leaves the target as it was.

    Raises:
        ExportError: the file cannot be written.
        Cancelled: when `cancel` was set.
    """
    made_with = (installed.sha256, installed.weights.calibration)
    current = [result for result in results if (result.weights_sha256, result.calibration) == made_with]
    with _table(target, installed, root, options, replace(facts, inputs=inputs), len(current)) as export:
        for result in current:
            if cancel.cancelled:
                export.discard()
                raise Cancelled
            export.write(result)
            if export.rows % PROGRESS_STEP == 0:
                yield ExportProgress(export.rows, len(current))
        pending = inputs - len(current)
        if export.rows + pending != inputs or pending != export.pending:
            raise ValueError(f"{export.rows} rows and {pending} pending are not {inputs} inputs")
    yield ExportDone(target, run_file_of(target), export.rows, export.errors, pending)


def _table(
    target: Path, installed: InstalledWeights, root: Path | None, options: CsvOptions, facts: RunFacts, results: int
) -> ResultsFile:
    if target.suffix.lower() != XLSX_SUFFIX:
        return CsvExport(target, installed, root, options, facts)
    from model.xlsx_export import XlsxExport

    return XlsxExport(target, installed, root, facts, top=options.top, overwrite=options.overwrite, results=results)


def calibration_of(installed: InstalledWeights) -> Mapping[str, object]:
    """Return how logits became probabilities and verdicts, for the run file; None stands for the plain softmax."""
    calibration = installed.weights.calibration
    return {"calibration": None if calibration is None else asdict(calibration)}


def margin_of(result: ImageResult) -> float | None:
    """Return how much likelier the likeliest label is than the next; None where there are not two."""
    if len(result.predictions) < 2:
        return None
    return result.predictions[0].probability - result.predictions[1].probability
