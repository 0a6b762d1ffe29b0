"""A trained head or network becomes a weight set on disk: fp16 safetensors and a card, in one step or not at all."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch

from model.cards import CARD_NAME, card_bytes, is_id
from model.checkpoint import write_safetensors
from model.errors import WeightsError
from model.linear_head import LinearHead
from model.names import display_name
from model.network import load_network, replace_head
from model.safe_files import file_sha256, write_atomically
from model.types import CatalogueEntry, InstalledWeights, WeightSet, WeightsFile
from model.weights import ALIASES, Catalogue

Tensors = dict[str, torch.Tensor]


def check_name(weights_id: str, catalogue: Catalogue, *, into: Path | None, overwrite: bool) -> None:
    """Raise WeightsError when the new set cannot have this id; to be asked before hours of training.

    `overwrite` allows for replacing a set of the user's own, never one that comes with the program. Sets made for the
    program itself (`into` a folder) may replace anything.
    """
    if not is_id(weights_id) or weights_id in ALIASES:
        raise WeightsError("train-name-unusable", id=display_name(weights_id))
    if into is not None:
        return
    entry = next((entry for entry in catalogue.entries() if entry.weights.id == weights_id), None)
    if entry is not None and not any(file.place == "user" for file in entry.weights.files):
        raise WeightsError("train-name-shipped", id=weights_id)
    if not overwrite and (entry is not None or catalogue.folder(weights_id).exists()):
        raise WeightsError("train-name-taken", id=weights_id)


def store_trained_set(
    card: WeightSet,
    tensors: Tensors,
    backbone: InstalledWeights | None,
    catalogue: Catalogue,
    *,
    into: Path | None,
    overwrite: bool,
) -> CatalogueEntry:
    """Write the set and return its entry.

    `tensors` are the whole network's, or, with a `backbone`, those of a linear head on it: `weight` and `bias`. On a
    backbone that every installation has (it comes in a Python package) only the head is stored; on another the whole
    network is, so that the set does not depend on a file that may be removed. `into` is a folder for sets that ship
    with the program; None is the user's data folder. Raises WeightsError when it cannot be written.
    """
    check_name(card.id, catalogue, into=into, overwrite=overwrite)
    folder = into or catalogue.folder(card.id)
    shared = None
    if backbone is not None:
        shared = next((file for file in backbone.weights.files if file.place == "package"), None)
        if shared is None:
            tensors = _whole_network(tensors, card, backbone)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # What is left to clean up in the end is the old set; failing in that does not undo the new one.
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent, ignore_cleanup_errors=True) as made:
            new = Path(made) / "new"
            new.mkdir()
            file = _write(new, card.id, tensors, is_head=shared is not None, shipped=into is not None)
            files = (replace(shared, role="backbone"), file) if shared is not None else (file,)
            complete = replace(card, files=files)
            if into is None:
                write_atomically(new / CARD_NAME, card_bytes(complete))
                _replace_folder(new, folder, Path(made) / "old")
            else:
                into.mkdir(exist_ok=True)
                (new / file.name).replace(into / file.name)
                write_atomically(into / f"{card.id}.json", card_bytes(complete))
    except OSError as exc:
        reason = exc.strerror or str(exc)
        raise WeightsError("train-not-stored", id=card.id, folder=display_name(folder), reason=reason) from exc
    if into is not None:
        catalogue = Catalogue(catalogue.data_dir, catalogue.data_dir, shipped_dir=into)
    return catalogue.entry(card.id)


def _replace_folder(new: Path, folder: Path, old: Path) -> None:
    """Give `new` the name `folder`, whose content goes to `old`; raises OSError, and then all is as it was."""
    try:
        folder.rename(old)
    except FileNotFoundError:
        new.rename(folder)
        return
    try:
        new.rename(folder)
    except OSError:
        old.rename(folder)
        raise


def head_tensors(head: LinearHead) -> Tensors:
    """Return a head's tensors as they are stored."""
    return {"weight": head.weight.half().contiguous(), "bias": head.bias.half().contiguous()}


def in_fp16(state: Mapping[str, torch.Tensor]) -> Tensors:
    """Return a network's tensors as they are stored: fp16, but for those that would overflow, or vanish, in it.

    BatchNorm's variances may do so. Counters of steps stay whole numbers.
    """
    stored: Tensors = {}
    for key, tensor in state.items():
        half = tensor.half()
        fits = bool(torch.isfinite(half).all()) and not ("var" in key and bool(((half == 0) & (tensor != 0)).any()))
        stored[key] = half if tensor.is_floating_point() and fits else tensor
    return stored


def _whole_network(head: Tensors, card: WeightSet, backbone: InstalledWeights) -> Tensors:
    network = load_network(backbone)
    replace_head(network, head, card)
    return in_fp16(network.state_dict())


def _write(folder: Path, weights_id: str, tensors: Tensors, *, is_head: bool, shipped: bool) -> WeightsFile:
    path = folder / f"{weights_id}.safetensors"
    write_safetensors(path, tensors, {"id": weights_id})
    return WeightsFile(
        role="head" if is_head else "network",
        name=path.name,
        place="resources" if shipped else "user",
        size=path.stat().st_size,
        sha256=file_sha256(path),
    )
