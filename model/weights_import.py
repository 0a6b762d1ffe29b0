"""Importing a person's own network: checked tensor by tensor, stored as safetensors with a card. Imports torch."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import torch

from model.architecture_matching import compare, find_architecture
from model.architectures import USUAL_PREPROCESS, default_preprocess, parse_architecture, title_of
from model.cancel import CancelToken
from model.cards import CARD_NAME, card_bytes, parse_preprocess, read_json
from model.checkpoint import StateDict, is_computed, read_state_dict, write_safetensors
from model.errors import WeightsError
from model.folders import torch_hub_checkpoints
from model.foreign_layouts import to_torchvision_names
from model.labels import read_labels
from model.names import display_name
from model.network_trial import check_takes_pictures
from model.safe_files import file_sha256, write_atomically
from model.types import Preprocess, WeightSet, WeightsFile, WeightsInstalled
from model.weights import ALIASES, Catalogue
from model.weights_folder import make_id, new_folder

log = logging.getLogger(__name__)

# torchvision's own for ResNet-50: `ResNet50_Weights.IMAGENET1K_V1` and `V2`, `.transforms()`.
PREPROCESS = {"torchvision-v1": USUAL_PREPROCESS, "torchvision-v2": replace(USUAL_PREPROCESS, resize=232)}

_MOST_NAMED = 3


def import_weights(
    file: Path,
    labels_file: Path,
    name: str,
    *,
    preprocess: str | None,
    data_dir: Path,
    cancel: CancelToken,
    architecture: str | None = None,
) -> Iterator[WeightsInstalled]:
    """Check a person's own checkpoint and store it as the weight set `name`.

    `architecture` is a name for `parse_architecture`; None finds it out from the tensors. ResNets in the layouts of
    transformers and SuperGradients are stored in torchvision's. `preprocess` is `torchvision-v1`, `torchvision-v2` or
    the path of a JSON file with the fields of Preprocess; None is what is usual for the network, and the card says that
    it was assumed. The last value is WeightsInstalled. Raises WeightsError, and Cancelled when `cancel` was; either way
    nothing is stored.
    """
    catalogue = Catalogue(data_dir, torch_hub_checkpoints())
    weights_id = free_id(name, catalogue)
    stated = read_preprocess(preprocess) if preprocess is not None else None
    labels = read_labels(labels_file)
    cancel.raise_if_cancelled()
    named = parse_architecture(architecture) if architecture is not None else None
    cancel.raise_if_cancelled()
    # The file may be on a drive that is pulled out; a file mapped into memory would then end the process.
    read = {key: tensor for key, tensor in read_state_dict(file, mmap=False).items() if not is_computed(key)}
    cancel.raise_if_cancelled()
    state = to_torchvision_names(read)
    network = named or find_architecture(state, display_name(file.name))
    classes = check_tensors(state, network, file)
    if classes != len(labels):
        raise WeightsError(
            "weights-labels-count", expected=classes, file=display_name(labels_file.name), actual=len(labels)
        )
    draft = WeightSet(
        id=weights_id,
        title=display_name(" ".join(name.split())),
        family="custom",
        architecture=network,
        layout="timm" if network.startswith("timm:") else "torchvision",
        classes=labels,
        preprocess=stated or default_preprocess(network),
        preprocess_assumed=stated is None,
        files=(),
        licence="not stated",
        source=f"imported from {display_name(file.name)}",
    )
    check_takes_pictures(draft)
    cancel.raise_if_cancelled()
    _store(draft, state, catalogue.folder(weights_id), cancel)
    log.info("imported %s", weights_id)
    yield WeightsInstalled(catalogue.entry(weights_id))


def free_id(name: str, catalogue: Catalogue) -> str:
    """Return the id made from a name; raises WeightsError when it is empty or taken."""
    if not name.strip():
        raise WeightsError("weights-name-empty")
    weights_id = make_id(name)
    taken = {*ALIASES, *(entry.weights.id for entry in catalogue.entries())}
    if weights_id in taken or catalogue.folder(weights_id).exists():
        raise WeightsError("weights-id-taken", id=weights_id)
    return weights_id


def read_preprocess(choice: str) -> Preprocess:
    """Return the preprocessing of a known name or of a JSON file; raises WeightsError naming file, field and fault."""
    if choice in PREPROCESS:
        return PREPROCESS[choice]
    where = display_name(choice)
    return parse_preprocess(read_json(Path(choice), where), where)


def check_tensors(state: Mapping[str, torch.Tensor], architecture: str, file: Path) -> int:
    """Compare names and shapes with those of the network; return how many classes it has.

    `state` is without tensors that networks compute themselves. Raises WeightsError naming up to three tensors at
    fault.
    """
    found = compare(state, architecture)
    for code, faults in (
        ("weights-tensors-missing", found.missing),
        ("weights-tensors-surplus", found.surplus),
        ("weights-tensors-shape", found.shapes),
    ):
        if faults:
            examples = ", ".join(display_name(fault) for fault in faults[:_MOST_NAMED])
            params = {"file": display_name(file.name), "network": title_of(architecture), "tensors": examples}
            raise WeightsError(code, **params, count=len(faults))
    if found.classes is None:
        raise WeightsError("weights-no-head")
    return found.classes


def _store(draft: WeightSet, state: StateDict, folder: Path, cancel: CancelToken) -> None:
    """Write file and card into a folder beside the final one, and give it its name when it is complete."""
    try:
        with new_folder(folder) as temporary:
            target = temporary / f"{draft.id}.safetensors"
            write_safetensors(target, state, {"format": "pt"})
            cancel.raise_if_cancelled()
            stored = WeightsFile(
                role="network", name=target.name, place="user", size=target.stat().st_size, sha256=file_sha256(target)
            )
            write_atomically(temporary / CARD_NAME, card_bytes(replace(draft, files=(stored,))))
    except OSError as exc:
        place = display_name(folder.parent)
        raise WeightsError("weights-import-failed", folder=place, reason=exc.strerror or str(exc)) from exc
