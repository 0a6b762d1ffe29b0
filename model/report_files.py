"""An evaluation as files: JSON for programs, CSV for spreadsheets, HTML for people."""

import csv
import io
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from PIL import Image

from model.atomic_file import AtomicFile, write_error
from model.csv_text import decimal_cell, text_cell, time_cell
from model.decode import thumbnail
from model.decode_limits import DecodeLimits
from model.errors import ImageError, describe
from model.evaluation_queries import shown_path, worst_errors
from model.evaluation_types import Estimate, Evaluation, JudgedImage
from model.names import display_name
from model.report_findings import WORST
from model.report_html import evaluation_page
from model.results_file import plain
from model.versions import installed_versions

log = logging.getLogger(__name__)

SCHEMA = 1
"""The form of the JSON report; it grows when a field changes its meaning, not when one is added."""

# Twice the size at which the page shows it, for screens of high density.
_THUMBNAIL_SIDE = 340
_JPEG_QUALITY = 80


def write_json(evaluation: Evaluation, path: Path, *, overwrite: bool = False) -> None:
    """Write everything that is known; raises ExportError, and then an older file is intact.

    Of the confusion matrix the cells that are not 0 are listed. Paths are relative to `data.root`.
    """
    report = plain(_report(evaluation))
    _write(path, lambda stream: _dump(report, stream), overwrite=overwrite)


def write_csv(evaluation: Evaluation, path: Path, *, overwrite: bool = False, raw: bool = False) -> None:
    """Write a row for each picture, those that could not be read last; raises ExportError as `write_json` does.

    Text cells are guarded against being run as formulas unless `raw`.
    """
    labels = max(len(image.top) for image in evaluation.images)
    _write(path, lambda stream: _write_rows(evaluation, labels, stream, raw=raw), overwrite=overwrite)


def write_html(
    evaluation: Evaluation, path: Path, *, overwrite: bool = False, limits: DecodeLimits | None = None
) -> None:
    """Write the page with small copies of the worst errors in it; raises ExportError as `write_json` does.

    A picture that cannot be read any more has a word in its place.
    """
    page = evaluation_page(evaluation, _thumbnails(evaluation, limits or DecodeLimits()), installed_versions())
    _write(path, lambda stream: stream.write(page), overwrite=overwrite)


def csv_columns(labels: int) -> tuple[str, ...]:
    """Return the column names; `labels` is the number of label columns. New columns only ever go at the end."""
    ranked = (f"{name}_{rank}" for rank in range(1, labels + 1) for name in ("label", "class", "prob"))
    start = ("path", "file_name", "status", "error", "true_label", "true_class", "right")
    return (*start, *ranked, "true_prob", "unsure", "weights", "weights_sha256")


def _write(path: Path, write: Callable[[TextIO], object], *, overwrite: bool) -> None:
    file = AtomicFile(path, overwrite=overwrite)
    try:
        write(file.stream)
        file.commit()
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        file.discard()


# --- JSON ---


def _dump(report: object, stream: TextIO) -> None:
    json.dump(report, stream, ensure_ascii=False, indent=1, allow_nan=False)
    stream.write("\n")


def _report(evaluation: Evaluation) -> Mapping[str, object]:
    unsure = evaluation.unsure
    return {
        "schema": SCHEMA,
        "weights": {
            "id": evaluation.weights_id,
            "title": evaluation.weights_title,
            "sha256": evaluation.weights_sha256,
            "temperature": evaluation.temperature,
            "classes": evaluation.classes,
        },
        "data": {
            "root": evaluation.root.as_posix(),
            "labels": None if evaluation.labels is None else evaluation.labels.as_posix(),
            "part": evaluation.part,
            "pictures": len(evaluation.images),
            "bad": len(evaluation.bad),
            "trained_on_these": evaluation.trained_on_these,
        },
        "figures": {
            "top_1": asdict(evaluation.top_1),
            "top_5": _estimate(evaluation.top_5),
            "macro": asdict(evaluation.macro),
            "weighted": asdict(evaluation.weighted),
            "calibration_error": evaluation.calibration_error,
            "mean_loss": evaluation.mean_loss,
            "unsure": None if unsure is None else unsure.unsure,
            "accuracy_when_sure": None if unsure is None else _estimate(unsure.accuracy_when_sure),
        },
        "per_class": [asdict(figures) for figures in evaluation.per_class],
        "confusion": [
            {"true": true, "predicted": predicted, "count": int(evaluation.confusion[true, predicted])}
            for true, predicted in zip(*(axis.tolist() for axis in evaluation.confusion.nonzero()), strict=True)
        ],
        "reliability": [asdict(one) for one in evaluation.reliability],
        "images": [_image(image, evaluation) for image in evaluation.images],
        "bad": [
            {"path": shown_path(path, evaluation.root), "error": describe(problem), "error_code": problem.code}
            for path, problem in evaluation.bad
        ],
        "run": {
            "device": evaluation.device,
            "seconds": evaluation.seconds,
            "images_per_second": evaluation.rate,
            "finished": time_cell(evaluation.finished),
            "versions": installed_versions(),
        },
    }


def _estimate(estimate: Estimate | None) -> Mapping[str, float] | None:
    return None if estimate is None else asdict(estimate)


def _image(image: JudgedImage, evaluation: Evaluation) -> Mapping[str, object]:
    return {
        "path": shown_path(image.path, evaluation.root),
        "true": image.true,
        "predictions": [
            {"class": index, "prob": value} for index, value in zip(image.top, image.probabilities, strict=True)
        ],
        "true_prob": image.true_probability,
        "right": image.right,
        "unsure": image.unsure,
    }


# --- CSV ---


def _write_rows(evaluation: Evaluation, labels: int, stream: TextIO, *, raw: bool) -> None:
    # Lines end in CR LF (RFC 4180); then the csv module also quotes a cell that holds a lone CR.
    table = csv.writer(stream, lineterminator="\r\n")
    table.writerow(csv_columns(labels))
    weights = (text_cell(evaluation.weights_id, raw=raw), evaluation.weights_sha256)

    def name_cells(path: Path) -> tuple[str, str]:
        return text_cell(shown_path(path, evaluation.root), raw=raw), text_cell(path.name, raw=raw)

    for image in evaluation.images:
        ranked: list[str] = []
        for index, value in zip(image.top, image.probabilities, strict=True):
            ranked += (text_cell(evaluation.classes[index], raw=raw), str(index), decimal_cell(value))
        table.writerow(
            (
                *name_cells(image.path),
                "ok",
                "",
                text_cell(evaluation.classes[image.true], raw=raw),
                str(image.true),
                str(image.right).lower(),
                *ranked,
                decimal_cell(image.true_probability),
                "" if image.unsure is None else str(image.unsure).lower(),
                *weights,
            )
        )
    for path, problem in evaluation.bad:
        nothing = [""] * (3 + 3 * labels + 2)
        table.writerow((*name_cells(path), "error", text_cell(describe(problem), raw=raw), *nothing, *weights))


# --- HTML ---


def _thumbnails(evaluation: Evaluation, limits: DecodeLimits) -> dict[Path, bytes]:
    """Return small JPEG files of the worst errors, without those that cannot be read any more."""
    made: dict[Path, bytes] = {}
    for image in worst_errors(evaluation.images, WORST):
        try:
            pixels = thumbnail(image.path, _THUMBNAIL_SIDE, limits=limits).pixels
        except ImageError as exc:
            log.warning("no thumbnail of %s for the report: %s", display_name(image.path), exc)
            continue
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=_JPEG_QUALITY)
        made[image.path] = buffer.getvalue()
    return made
