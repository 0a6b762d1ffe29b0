"""Importing networks of any kind: recognised or named, of torchvision, timm and other libraries' layouts."""

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch
from import_desk import LABELS, SMALL, Desk, empty_state, small_state
from resnet_layouts import as_super_gradients, as_transformers

from model.checkpoint import read_state_dict
from model.network import load_network
from model.weights import default_catalogue


@pytest.fixture
def desk(tmp_path: Path, own_data_dir: Path) -> Desk:
    return Desk(tmp_path, own_data_dir)


class TestWhichNetwork:
    def test_it_is_found_out_from_the_tensors(self, desk: Desk) -> None:
        weights = desk.load(desk.save(small_state()), architecture=None).weights
        assert (weights.architecture, weights.layout) == (SMALL, "torchvision")

    @pytest.mark.parametrize("name", ["shufflenet_v2_x0_5", "torchvision:shufflenet_v2_x0_5", "ShuffleNet-v2-x0-5"])
    def test_it_is_taken_as_named(self, desk: Desk, name: str) -> None:
        assert desk.load(desk.save(small_state()), architecture=name).weights.architecture == SMALL

    def test_an_unknown_name_is_refused_before_the_file_is_read(self, desk: Desk) -> None:
        error = desk.refusal(desk.root / "absent.pth", architecture="resnet51")
        assert error.problem.code == "weights-architecture-name"

    def test_the_name_decides_what_the_tensors_are_compared_with(self, desk: Desk) -> None:
        error = desk.refusal(desk.save(small_state()), architecture="resnet18")
        assert "is not a ResNet-18" in str(error)

    def test_a_network_of_timm_comes_with_timms_preprocessing(self, desk: Desk) -> None:
        file = desk.save(empty_state("timm:tf_efficientnet_lite0", 3))
        error = desk.refusal(file, architecture=None)
        assert error.problem.code == "weights-architecture-ambiguous"
        weights = desk.load(file, architecture="tf_efficientnet_lite0").weights
        assert (weights.architecture, weights.layout) == ("timm:tf_efficientnet_lite0", "timm")
        assert (weights.preprocess.resize, weights.preprocess.crop) == (256, 224)
        assert weights.preprocess.mean == (0.5, 0.5, 0.5)
        assert weights.preprocess_assumed
        assert load_network(default_catalogue().open("my-pets")).get_parameter("classifier.weight").shape == (3, 1280)

    def test_a_head_that_is_a_convolution(self, desk: Desk) -> None:
        file = desk.save(empty_state("torchvision:squeezenet1_1", 3))
        assert desk.load(file, architecture="squeezenet1_1").weights.classes == LABELS

    @pytest.mark.parametrize("classes", [1000, 3])
    def test_18_and_34_are_not_confused(self, desk: Desk, classes: int) -> None:
        desk.labels.write_text("\n".join(f"label {number}" for number in range(classes)))
        for name in ("resnet18", "resnet34"):
            file = desk.save(empty_state(f"torchvision:{name}", classes))
            assert desk.load(file, name, architecture=None).weights.architecture == f"torchvision:{name}"

    def test_a_picture_size_that_the_network_does_not_take(self, desk: Desk) -> None:
        file = desk.save(empty_state("torchvision:vit_b_16", 3))
        path = desk.root / "preprocess.json"
        fields = {"resize": 256, "crop": 256, "interpolation": "bicubic", "mean": [0.5] * 3, "std": [0.5] * 3}
        path.write_text(json.dumps(fields))
        error = desk.refusal(file, preprocess=str(path), architecture=None)
        assert error.problem.code == "weights-crop-unsuited"
        assert desk.load(file, architecture=None).weights.preprocess.crop == 224


class TestForeignLayouts:
    def test_a_checkpoint_of_transformers(self, desk: Desk) -> None:
        state = {key: torch.ones(tensor.shape).half() for key, tensor in empty_state("torchvision:resnet18", 3).items()}
        file = desk.root / "model.safetensors"
        safetensors.torch.save_file(as_transformers(state), file)
        assert desk.load(file, architecture=None).weights.architecture == "torchvision:resnet18"
        stored = read_state_dict(desk.data_dir / "weights/my-pets/my-pets.safetensors")
        assert stored.keys() == {key for key in state if "num_batches" not in key}

    @pytest.mark.parametrize("wrap", ["net", "ema_net"])
    def test_a_checkpoint_of_super_gradients(self, desk: Desk, wrap: str) -> None:
        state = as_super_gradients(empty_state("torchvision:resnet18", 3))
        file = desk.save({wrap: {f"module.{key}": tensor for key, tensor in state.items()}, "acc": 0.9})
        assert desk.load(file, architecture=None).weights.architecture == "torchvision:resnet18"

    def test_super_gradients_networks_for_small_pictures_are_refused_by_their_stem(self, desk: Desk) -> None:
        state = as_super_gradients(empty_state("torchvision:resnet18", 3))
        state["conv1.weight"] = torch.zeros(64, 3, 3, 3)
        error = desk.refusal(desk.save({"net": state}), architecture=None)
        assert "conv1.weight (64 x 3 x 3 x 3 instead of 64 x 3 x 7 x 7)" in str(error)

    def test_super_gradients_networks_with_more_layers_are_refused_by_them(self, desk: Desk) -> None:
        state = as_super_gradients(empty_state("torchvision:resnet18", 3))
        state["bn0.weight"] = torch.ones(3)
        assert "bn0.weight" in str(desk.refusal(desk.save({"net": state}), architecture=None))


def test_a_title_has_one_line(desk: Desk) -> None:
    assert desk.load(desk.save(small_state()), " My\npets\t2 ").weights.title == "My pets 2"
