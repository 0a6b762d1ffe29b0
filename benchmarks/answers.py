"""Do two tables say the same of the same pictures?"""

import csv
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two tables compare.

    `missing` counts pictures without a label in the second table, `disagreements` those whose likeliest label differs,
    `largest_difference` is that of the likeliest label's probability where the labels agree.
    """

    pictures: int
    missing: int
    disagreements: int
    largest_difference: float


def read_answers(table: Path) -> dict[str, tuple[str, float]]:
    """Return for each picture, by its path in the table, the likeliest label and its probability.

    Raises ValueError for a picture with two rows. A row without a label counts as none.
    """
    answers: dict[str, tuple[str, float]] = {}
    with table.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["path"] in answers:
                raise ValueError(f"two rows for {row['path']}")
            if row["label_1"]:
                answers[row["path"]] = (row["label_1"], float(row["prob_1"]))
    return answers


def compare(
    pictures: Collection[str], reference: Mapping[str, tuple[str, float]], other: Mapping[str, tuple[str, float]]
) -> Agreement:
    """Compare the answers for these pictures; raises ValueError when the reference lacks one."""
    lacking = [name for name in pictures if name not in reference]
    if lacking:
        raise ValueError(f"the reference has no label for {len(lacking)} pictures, {lacking[0]} among them")
    shared = [name for name in pictures if name in other]
    agreeing = [name for name in shared if reference[name][0] == other[name][0]]
    return Agreement(
        pictures=len(pictures),
        missing=len(pictures) - len(shared),
        disagreements=len(shared) - len(agreeing),
        largest_difference=max((abs(reference[name][1] - other[name][1]) for name in agreeing), default=0.0),
    )


def check_run(table: Path, engine: str, decode: str, pictures: int) -> None:
    """Make sure that Photospotter did all pictures as it was told; raises ValueError where its run file says otherwise.

    An engine that steps aside for another one, or results remembered from an earlier run, would be measured unseen.
    """
    run = json.loads(table.with_suffix(".run.json").read_text(encoding="utf-8"))
    if run["engines"] != {engine: pictures} or run["decode"] != {decode: pictures}:
        raise ValueError(f"{table.name} was made with {run['engines']} and {run['decode']}, not {engine} and {decode}")
