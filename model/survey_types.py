"""What a look at the folders finds before a training; frozen values without torch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.training_types import DatasetSummary
from model.types import Problem


@dataclass(frozen=True, slots=True, eq=False)
class SamplePicture:
    """A picture of the data set, small: uint8 (h, w, 3), RGB, C-contiguous."""

    path: Path
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class SurveyedClass:
    """A class: how many readable pictures it has, and some of them, taken at even distances.

    `parts` are its pictures for training, validation and test, where the folders name those; else None.
    """

    name: str
    count: int
    parts: tuple[int, int, int] | None
    samples: tuple[SamplePicture, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DatasetSurvey:
    """The last value of a survey. `summary` has the copies and what could not be read.

    `parts` are the pictures for training, validation and test, where the folders name those; else None. `leaking`
    pictures will not be trained on, because they have a copy in another part. `warnings` do not hinder a training.
    """

    root: Path
    classes: tuple[SurveyedClass, ...]
    parts: tuple[int, int, int] | None
    summary: DatasetSummary
    leaking: int
    warnings: tuple[Problem, ...]
