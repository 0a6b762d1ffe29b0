"""Everything that was read before a training begins. Imports torch."""

from dataclasses import dataclass

from model.dataset import Dataset
from model.training_network import Backbone
from model.training_plan import Indices
from model.training_types import DatasetSummary, TrainRequest


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """The request with its pictures; `groups` (N,) has equal numbers for copies, `fingerprint` names the pictures."""

    request: TrainRequest
    dataset: Dataset
    groups: Indices
    summary: DatasetSummary
    fingerprint: str
    backbone: Backbone
