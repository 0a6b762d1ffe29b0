"""Importing a person's own network: checked tensor by tensor, stored as safetensors with a card. Imports torch."""

import hashlib
import logging
import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from model.cancel import CancelToken
from model.cards import CARD_NAME, card_bytes, parse_preprocess, read_json
from model.checkpoint import StateDict, describe_shape, is_counter, read_state_dict, write_safetensors
from model.errors import WeightsError
from model.folders import torch_hub_checkpoints
from model.labels import read_labels
from model.names import display_name
from model.network import build_network
from model.safe_files import file_sha256, write_atomically
from model.types import Preprocess, WeightSet, WeightsFile, WeightsInstalled
from model.weights import ALIASES, Catalogue

log = logging.getLogger(__name__)

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# torchvision's own for ResNet-50: `ResNet50_Weights.IMAGENET1K_V1` and `V2`, `.transforms()`.
PREPROCESS = {
    "torchvision-v1": Preprocess(256, 224, "bilinear", _MEAN, _STD),
    "torchvision-v2": Preprocess(232, 224, "bilinear", _MEAN, _STD),
}
ASSUMED_PREPROCESS = "torchvision-v1"


@dataclass(frozen=True, slots=True)
class ImportableNetwork:
    """A network that can be imported: its name for people, the card's, and the tensor with a row for each class."""

    title: str
    architecture: str
    head: str


RESNET50 = ImportableNetwork("ResNet-50", "torchvision:resnet50", "fc.weight")

_LONGEST_ID = 60
# Names that Windows keeps for devices, and that no folder can have there.
_WINDOWS_DEVICES = re.compile(r"con|prn|aux|nul|com\d|lpt\d")


def import_weights(
    file: Path,
    labels_file: Path,
    name: str,
    *,
    preprocess: str | None,
    data_dir: Path,
    cancel: CancelToken,
    network: ImportableNetwork = RESNET50,
) -> Iterator[WeightsInstalled]:
    """Check a person's own checkpoint and store it as the weight set `name`.

    `preprocess` is `torchvision-v1`, `torchvision-v2` or the path of a JSON file with the fields of Preprocess; None is
    v1, and the card says that it was assumed. The last value is WeightsInstalled. Raises WeightsError, and Cancelled
    when `cancel` was; either way nothing is stored.
    """
    catalogue = Catalogue(data_dir, torch_hub_checkpoints())
    weights_id = free_id(name, catalogue)
    chosen = read_preprocess(preprocess or ASSUMED_PREPROCESS)
    labels = read_labels(labels_file)
    cancel.raise_if_cancelled()
    # The file may be on a drive that is pulled out; a file mapped into memory would then end the process.
    state = {key: tensor for key, tensor in read_state_dict(file, mmap=False).items() if not is_counter(key)}
    cancel.raise_if_cancelled()
    check_tensors(state, network, file)
    classes = state[network.head].shape[0]
    if classes != len(labels):
        raise WeightsError(
            "weights-labels-count", expected=classes, file=display_name(labels_file.name), actual=len(labels)
        )
    draft = WeightSet(
        id=weights_id,
        title=display_name(name.strip()),
        family="custom",
        architecture=network.architecture,
        layout="torchvision",
        classes=labels,
        preprocess=chosen,
        preprocess_assumed=preprocess is None,
        files=(),
        licence="not stated",
        source=f"imported from {display_name(file.name)}",
    )
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


def make_id(name: str) -> str:
    """Return an id of a-z, 0-9 and '-' that resembles the name; a name without such letters gets a number."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", folded)[:_LONGEST_ID].strip("-")
    if not slug:
        return f"weights-{hashlib.sha256(name.strip().encode(errors='surrogateescape')).hexdigest()[:8]}"
    return f"{slug}-weights" if _WINDOWS_DEVICES.fullmatch(slug) else slug


def read_preprocess(choice: str) -> Preprocess:
    """Return the preprocessing of a known name or of a JSON file; raises WeightsError naming file, field and fault."""
    if choice in PREPROCESS:
        return PREPROCESS[choice]
    where = display_name(choice)
    return parse_preprocess(read_json(Path(choice), where), where)


def check_tensors(state: Mapping[str, torch.Tensor], network: ImportableNetwork, file: Path) -> None:
    """Compare names and shapes with those of the network; raises WeightsError naming up to three tensors at fault.

    `state` is without counters of training steps. The number of classes is that of the head.
    """
    head = state.get(network.head)
    classes = head.shape[0] if head is not None and head.dim() == 2 and head.shape[0] else 1
    own = build_network(network.architecture, classes).state_dict()
    expected = {key: tensor for key, tensor in own.items() if not is_counter(key)}
    missing = [key for key in expected if key not in state]
    surplus = [key for key in state if key not in expected]
    shapes = [
        f"{key} ({describe_shape(state[key])} instead of {describe_shape(tensor)})"
        for key, tensor in expected.items()
        if key in state and state[key].shape != tensor.shape
    ]
    for code, faults in (
        ("weights-tensors-missing", missing),
        ("weights-tensors-surplus", surplus),
        ("weights-tensors-shape", shapes),
    ):
        if faults:
            examples = ", ".join(display_name(fault) for fault in faults[:3])
            params = {"file": display_name(file.name), "network": network.title, "tensors": examples}
            raise WeightsError(code, **params, count=len(faults))


def _store(draft: WeightSet, state: StateDict, folder: Path, cancel: CancelToken) -> None:
    """Write file and card into a folder beside the final one, and give it its name when it is complete."""
    temporary = folder.with_name(f".import-{secrets.token_hex(6)}")
    target = temporary / f"{draft.id}.safetensors"
    try:
        temporary.mkdir(parents=True)
        write_safetensors(target, state, {"format": "pt"})
        cancel.raise_if_cancelled()
        stored = WeightsFile(
            role="network", name=target.name, place="user", size=target.stat().st_size, sha256=file_sha256(target)
        )
        write_atomically(temporary / CARD_NAME, card_bytes(replace(draft, files=(stored,))))
        temporary.rename(folder)
    except OSError as exc:
        place = display_name(folder.parent)
        raise WeightsError("weights-import-failed", folder=place, reason=exc.strerror or str(exc)) from exc
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
