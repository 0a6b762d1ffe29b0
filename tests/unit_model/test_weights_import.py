"""Importing a person's own network, and the published ResNet-50 as a server would send it."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import safetensors.torch
import torch
import torchvision
from import_desk import LABELS, Desk, small_state
from torchvision.models import ResNet50_Weights
from weights_server import Script, Server

from model import weights_import
from model.cancel import Cancelled, CancelToken
from model.cards import card_bytes, read_card
from model.checkpoint import read_state_dict
from model.download import fetch_weights
from model.errors import WeightsError
from model.network import load_network
from model.safe_files import file_sha256
from model.types import Preprocess, WeightSet, WeightsFile, WeightsInstalled, WeightsState
from model.weights import Catalogue, default_catalogue
from model.weights_folder import make_id
from model.weights_import import check_tensors, import_weights, read_preprocess


@pytest.fixture
def desk(tmp_path: Path, own_data_dir: Path) -> Desk:
    return Desk(tmp_path, own_data_dir)


@pytest.fixture(scope="session")
def resnet50_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkpoint of torchvision's ResNet-50 for 1,000 classes, 98 MB, as the published ones are."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("resnet50") / "resnet50.pth"
    torch.save(torchvision.models.resnet50(weights=None).state_dict(), path)
    yield path
    path.unlink()  # pytest keeps the folders of three runs


@pytest.fixture
def no_heap_left(tmp_path: Path, own_data_dir: Path) -> Iterator[None]:
    yield
    for folder in (tmp_path, own_data_dir):
        shutil.rmtree(folder)


@pytest.mark.usefixtures("no_heap_left")
class TestRealResNet50:
    def test_the_published_file_is_fetched_checked_and_loaded(self, resnet50_file: Path, tmp_path: Path) -> None:
        digest = file_sha256(resnet50_file)
        name = f"resnet50-{digest[:8]}.pth"
        shipped = tmp_path / "shipped"
        shipped.mkdir()
        file = WeightsFile(
            role="network",
            name=name,
            place="download",
            size=resnet50_file.stat().st_size,
            sha256_prefix=digest[:8],
            url=f"https://weights.invalid/{name}",
        )
        card = read_card(Path(str(weights_import.__file__)).parents[1] / "resources/weights/imagenet-resnet50-v2.json")
        catalogue = Catalogue(tmp_path / "data", tmp_path / "hub", shipped_dir=shipped)
        own = WeightSet(**{**{key: getattr(card, key) for key in card.__slots__}, "files": (file,)})
        (shipped / "imagenet-resnet50-v2.json").write_bytes(card_bytes(own))
        assert catalogue.resolve("imagenet-resnet50-v2") == own.id
        server = Server()
        try:
            server.play(Script(body=resnet50_file.read_bytes()))
            entry = catalogue.entry(own.id)
            *_, last = fetch_weights(entry, catalogue, mirror=server.url, cancel=CancelToken())
        finally:
            server.stop()
        assert isinstance(last, WeightsInstalled)
        assert catalogue.resolve("imagenet") == own.id
        installed = catalogue.open(own.id)
        assert installed.sha256 == digest
        network = load_network(installed)
        assert torch.equal(network.get_parameter("fc.bias"), torch.load(resnet50_file, mmap=True)["fc.bias"])

    def test_a_persons_own_is_imported_with_all_its_wrappings(self, resnet50_file: Path, desk: Desk) -> None:
        state = torch.load(resnet50_file, mmap=True)
        state = {f"module.{key}": tensor for key, tensor in state.items() if "num_batches" not in key}
        state["module.fc.weight"], state["module.fc.bias"] = torch.ones(3, 2048), torch.zeros(3)
        file = desk.save({"model": state, "epoch": 12})
        events = list(
            import_weights(file, desk.labels, "My pets", preprocess=None, data_dir=desk.data_dir, cancel=desk.token)
        )
        (only,) = events
        entry = only.entry
        assert (entry.state, entry.weights.id, entry.weights.title) == (
            WeightsState.ON_COMPUTER,
            "my-pets",
            "My pets",
        )
        assert entry.weights.classes == LABELS
        assert entry.weights.architecture == "torchvision:resnet50"
        assert entry.weights.family == "custom"
        assert "mine.pth" in entry.weights.source
        installed = default_catalogue().open("my-pets")
        assert installed.paths["network"].suffix == ".safetensors"
        assert installed.sha256 == file_sha256(installed.paths["network"])
        network = load_network(installed)
        assert torch.equal(network.get_parameter("fc.weight"), torch.ones(3, 2048))


class TestImport:
    @pytest.mark.parametrize("wrapped", [True, False])
    @pytest.mark.parametrize("prefix", ["", "module."])
    def test_bare_and_wrapped_pth_files_are_taken(self, desk: Desk, wrapped: bool, prefix: str) -> None:
        state: object = {f"{prefix}{key}": tensor for key, tensor in small_state().items()}
        desk.load(desk.save({"state_dict": state} if wrapped else state))
        assert desk.stored() == ["my-pets", "my-pets/card.json", "my-pets/my-pets.safetensors"]

    def test_safetensors_are_taken(self, desk: Desk) -> None:
        file = desk.root / "mine.safetensors"
        state = {key: torch.rand(tensor.shape).half() for key, tensor in small_state().items()}
        safetensors.torch.save_file(state, file)
        entry = desk.load(file)
        assert entry.state is WeightsState.ON_COMPUTER
        stored = read_state_dict(desk.data_dir / "weights/my-pets/my-pets.safetensors")
        assert set(stored) == {key for key in state if "num_batches_tracked" not in key}
        assert all(torch.equal(stored[key], state[key]) for key in stored)

    def test_an_old_format_file_is_taken(self, desk: Desk) -> None:
        file = desk.root / "old.pth"
        torch.save(small_state(), file, _use_new_zipfile_serialization=False)
        assert desk.load(file).weights.id == "my-pets"

    def test_the_persons_file_is_read_whole_and_not_mapped(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        mapped: list[bool] = []

        def spy(path: Path, *, mmap: bool = True) -> dict[str, torch.Tensor]:
            mapped.append(mmap)
            return read_state_dict(path, mmap=mmap)

        monkeypatch.setattr(weights_import, "read_state_dict", spy)
        desk.load(desk.save(small_state()))
        assert mapped == [False]

    def test_counters_are_neither_missing_nor_surplus(self, desk: Desk) -> None:
        state = small_state()
        without = {key: tensor for key, tensor in state.items() if "num_batches_tracked" not in key}
        desk.load(desk.save(without), "Without")
        desk.load(desk.save({**state, "other.num_batches_tracked": torch.tensor(1)}), "With more")

    def test_the_class_count_is_inferred(self, desk: Desk) -> None:
        desk.labels.write_text('["one"]')
        assert desk.load(desk.save(small_state(1))).weights.classes == ("one",)


class TestPreprocess:
    def test_without_a_wish_it_is_v1_and_said_to_be_assumed(self, desk: Desk) -> None:
        weights = desk.load(desk.save(small_state())).weights
        assert weights.preprocess_assumed
        assert weights.preprocess == read_preprocess("torchvision-v1")

    def test_a_wish_is_not_assumed(self, desk: Desk) -> None:
        weights = desk.load(desk.save(small_state()), preprocess="torchvision-v2").weights
        assert not weights.preprocess_assumed
        assert (weights.preprocess.resize, weights.preprocess.crop) == (232, 224)

    def test_a_file_says_it_field_by_field(self, desk: Desk) -> None:
        fields = {
            "resize": 300,
            "crop": 299,
            "interpolation": "bicubic",
            "mean": [0.5, 0.5, 0.5],
            "std": [0.25, 0.5, 1],
        }
        path = desk.root / "preprocess.json"
        path.write_text(json.dumps(fields))
        weights = desk.load(desk.save(small_state()), preprocess=str(path)).weights
        assert weights.preprocess == Preprocess(300, 299, "bicubic", (0.5, 0.5, 0.5), (0.25, 0.5, 1.0))

    def test_a_bad_file_is_refused_with_field_and_fault(self, desk: Desk) -> None:
        path = desk.root / "preprocess.json"
        path.write_text('{"resize": 200, "crop": 224}')
        error = desk.refusal(desk.save(small_state()), preprocess=str(path))
        assert "crop is larger than resize" in str(error)
        error = desk.refusal(desk.save(small_state()), preprocess="torchvision-v3")
        assert "torchvision-v3" in str(error)

    @pytest.mark.parametrize(
        ("name", "published"),
        [("v1", ResNet50_Weights.IMAGENET1K_V1), ("v2", ResNet50_Weights.IMAGENET1K_V2)],
    )
    def test_the_named_ones_and_the_cards_are_torchvisions(self, name: str, published: ResNet50_Weights) -> None:
        theirs = published.transforms()
        card = default_catalogue().entry(f"imagenet-resnet50-{name}").weights
        ours = read_preprocess(f"torchvision-{name}")
        assert ours == card.preprocess
        assert [ours.resize] == theirs.resize_size
        assert [ours.crop] == theirs.crop_size
        assert ours.interpolation == theirs.interpolation.value
        assert (list(ours.mean), list(ours.std)) == (theirs.mean, theirs.std)
        (file,) = card.files
        assert file.url == published.url
        assert file.size / 2**20 == pytest.approx(published.meta["_file_size"], abs=0.001)
        figures = published.meta["_metrics"]["ImageNet-1K"]
        assert [figure.value for figure in card.accuracy] == pytest.approx(
            [figures["acc@1"] / 100, figures["acc@5"] / 100]
        )


class TestRefusals:
    def test_a_labels_mismatch_names_both_counts(self, desk: Desk) -> None:
        error = desk.refusal(desk.save(small_state(5)))
        assert error.problem.code == "weights-labels-count"
        assert "5 outputs" in str(error)
        assert "3 labels" in str(error)

    def test_missing_tensors_are_named_three_at_most(self, desk: Desk) -> None:
        state = {key: tensor for key, tensor in small_state().items() if not key.startswith("stage4.3")}
        error = desk.refusal(desk.save(state))
        assert error.problem.code == "weights-tensors-missing"
        assert "lacks 15 of its tensors" in str(error)
        first = [f"stage4.3.branch2.{name}" for name in ("0.weight", "1.weight", "1.bias")]
        assert f"for example {', '.join(first)}." in str(error)
        assert "torch.save(model.state_dict()" in error.remedy

    def test_a_missing_head_is_told(self, desk: Desk) -> None:
        state = small_state()
        del state["fc.weight"]
        assert "fc.weight" in str(desk.refusal(desk.save(state)))

    def test_surplus_tensors_are_named(self, desk: Desk) -> None:
        error = desk.refusal(desk.save({**small_state(), "extra.weight": torch.zeros(1)}))
        assert error.problem.code == "weights-tensors-surplus"
        assert "extra.weight" in str(error)

    @pytest.mark.parametrize(
        ("key", "shape", "words"),
        [
            ("conv1.0.weight", (24, 1, 3, 3), "conv1.0.weight (24 x 1 x 3 x 3 instead of 24 x 3 x 3 x 3)"),
            ("fc.weight", (3, 1024, 1, 1), "fc.weight (3 x 1024 x 1 x 1"),
            ("fc.weight", (0, 1024), "fc.weight (0 x 1024"),
            ("fc.bias", (4,), "fc.bias (4 instead of 3)"),
        ],
    )
    def test_other_shapes_are_named(self, desk: Desk, key: str, shape: tuple[int, ...], words: str) -> None:
        error = desk.refusal(desk.save({**small_state(), key: torch.zeros(shape)}))
        assert error.problem.code == "weights-tensors-shape"
        assert words in str(error)

    def test_another_network_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(WeightsError, match=r"is not a ResNet-50: it lacks"):
            check_tensors(small_state(), "torchvision:resnet50", tmp_path / "other.pth")

    def test_a_malicious_file_is_refused_and_never_runs(self, desk: Desk) -> None:
        witness = desk.root / "witness"

        class Evil:
            def __reduce__(self) -> tuple[object, ...]:
                return os.system, (f'echo >"{witness}"',)

        error = desk.refusal(desk.save({**small_state(), "x": Evil()}))
        assert error.problem.code == "checkpoint-runs-code"
        assert not witness.exists()

    @pytest.mark.parametrize("name", ["", "  \t"])
    def test_a_name_is_needed(self, desk: Desk, name: str) -> None:
        assert desk.refusal(desk.root / "x.pth", name).problem.code == "weights-name-empty"

    @pytest.mark.parametrize("name", ["imagenet", "Weather", "imagenet lite2", "ImageNet-ResNet50-V2"])
    def test_names_of_the_programs_own_are_taken(self, desk: Desk, name: str) -> None:
        assert desk.refusal(desk.root / "x.pth", name).problem.code == "weights-id-taken"

    def test_a_second_import_of_the_same_name_is_refused(self, desk: Desk) -> None:
        file = desk.save(small_state())
        desk.load(file, "Pets!")
        assert "“pets”" in str(desk.refusal(file, "pets"))

    def test_cancelling_leaves_nothing(self, desk: Desk) -> None:
        file = desk.save(small_state())
        desk.token.cancel()
        with pytest.raises(Cancelled):
            desk.load(file)
        assert desk.stored() == []

    def test_cancelling_while_writing_leaves_nothing(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        written = weights_import.write_safetensors

        def cancel_after(path: Path, *more: object) -> None:
            written(path, *more)  # type: ignore[arg-type]
            desk.token.cancel()

        monkeypatch.setattr(weights_import, "write_safetensors", cancel_after)
        with pytest.raises(Cancelled):
            desk.load(desk.save(small_state()))
        assert desk.stored() == []

    @pytest.mark.parametrize("step", ["write_safetensors", "write_atomically", "file_sha256"])
    def test_a_full_disk_leaves_nothing(self, desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
        def fail(*args: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(weights_import, step, fail)
        error = desk.refusal(desk.save(small_state()))
        assert error.problem.code == "weights-import-failed"
        assert "No space left on device" in str(error)


class TestMakeId:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("My pets", "my-pets"),
            ("  Émile's Birds, 2nd (v2.1) ", "emile-s-birds-2nd-v2-1"),
            ("---", None),
            ("猫", None),
            ("../../etc", "etc"),
            ("CON", "con-weights"),
            ("com1", "com1-weights"),
            ("x" * 200, "x" * 60),
            ("a\udcff", "a"),
        ],
    )
    def test_an_id_resembles_its_name(self, name: str, expected: str | None) -> None:
        made = make_id(name)
        if expected is None:
            assert made.startswith("weights-")
            assert len(made) == len("weights-") + 8
        else:
            assert made == expected

    def test_names_without_latin_letters_get_ids_of_their_own(self) -> None:
        assert make_id("猫") != make_id("犬")
        assert make_id("猫") == make_id(" 猫 ")
