"""Who teaches a student, and what it may know: never a picture by which the student is judged. Imports torch."""

import logging

import torch
from torch import nn

from model.cards import parse_card, read_json
from model.distillation import Teacher
from model.errors import DatasetError
from model.fine_tuning import NormaliseFloat
from model.network import load_network, prepare_for_inference
from model.safe_files import file_sha256
from model.training_card import KIND_OF_HEADS
from model.training_data import TrainingData
from model.training_outcome import NETWORK_NAME
from model.training_plan import Split, make_plan, network_folder, read_plan, run_folder
from model.types import InstalledWeights
from model.weights import Catalogue

log = logging.getLogger(__name__)

CARD_OF_FOLD = "card.json"
# What two trainings must have in common for one's folds to be the other's.
_SAME_PICTURES = ("dataset_sha256", "groups_sha256")
_SAME_FOLDS = (*_SAME_PICTURES, "folds", "seed")
_SAME_PARTS = (*_SAME_FOLDS, "validation_share", "test_share")
# Where the folders name parts, there are no folds; seed and shares count for parts that they do not name.
_SAME_FOLDER_PARTS = tuple(key for key in _SAME_PARTS if key != "folds")


def check_backbone(data: TrainingData) -> None:
    """Raise DatasetError when the backbone has learnt from pictures by which the new network is to be judged.

    A head is no danger, since it is replaced. A whole network that was trained on the very same pictures may go on
    where the same parts are held out again, or none.
    """
    installed, request = data.backbone.installed, data.request
    if installed is None:
        return
    recipe = installed.weights.recipe
    if recipe.get("dataset_sha256") != data.fingerprint or recipe.get("kind") == KIND_OF_HEADS:
        return
    in_parts = data.dataset.parts is not None
    if not in_parts and not request.folds and not request.validation_share and not request.test_share:
        return
    recorded = recipe.get("plan")
    plan = make_plan(request, data.fingerprint, data.groups, installed.sha256)
    if isinstance(recorded, dict) and (in_parts or not request.folds):
        shared = _SAME_FOLDER_PARTS if in_parts else _SAME_PARTS
        if all(recorded.get(key) == plan[key] for key in shared):
            return
    raise DatasetError("train-backbone-knows", backbone=installed.weights.id)


def find_teacher(teacher_id: str, catalogue: Catalogue, plan: dict[str, object], split: Split) -> InstalledWeights:
    """Return the teacher for one split of the data set of `plan`.

    A set that was trained on other pictures teaches everywhere. One that was trained on these pictures teaches the
    network that learns from all of them; for a fold its own network of the same fold takes its place, which has to lie
    in its run folder; for hold-out parts it must have had the same ones. Raises DatasetError when there is no teacher
    that does not know the pictures by which the student is judged, WeightsError when the set is not there.
    """
    installed = catalogue.open(catalogue.resolve(teacher_id))
    theirs = read_plan(run_folder(catalogue.data_dir, installed.weights.id))
    learnt_from = {installed.weights.recipe.get("dataset_sha256"), theirs.get("dataset_sha256")}
    if plan["dataset_sha256"] not in learnt_from or not len(split.held_out):
        return installed
    if split.fold is None:
        # The card's, not that of its run folder, where a later training under the same name may be unfinished.
        recorded = installed.weights.recipe.get("plan")
        if isinstance(recorded, dict) and all(recorded.get(key) == plan[key] for key in _SAME_PARTS):
            return installed
        raise DatasetError("train-teacher-knows", teacher=installed.weights.id)
    folder = network_folder(run_folder(catalogue.data_dir, installed.weights.id), split.fold)
    if not all(theirs.get(key) == plan[key] for key in _SAME_FOLDS) or not (folder / CARD_OF_FOLD).is_file():
        raise DatasetError("train-teacher-no-fold", teacher=installed.weights.id, fold=split.fold)
    card = parse_card(read_json(folder / CARD_OF_FOLD, CARD_OF_FOLD), CARD_OF_FOLD)
    path = folder / NETWORK_NAME
    return InstalledWeights(card, {"network": path}, file_sha256(path))


def make_teacher(
    installed: InstalledWeights, student: nn.Module, classes: tuple[str, ...], device: torch.device
) -> Teacher:
    """Load the teacher's network, as fast as in use. Raises WeightsError when its files do not fit it."""
    weights = installed.weights
    return Teacher(
        prepare_for_inference(load_network(installed), device),
        NormaliseFloat(weights.preprocess).to(device),
        student,
        same_classes=weights.classes == classes,
    )
