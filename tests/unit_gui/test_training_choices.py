"""The request that the Train dialog makes of its answers."""

from dataclasses import replace
from pathlib import Path

import pytest
from weights_makers import built_in, damaged, entry, imported, to_fetch, weight_set

from gui.training_choices import (
    TrainingChoices,
    free_title,
    id_for,
    possible_backbones,
    possible_teachers,
    request_for,
)
from model.cards import is_id
from model.decode_limits import DecodeLimits
from model.training_types import Recipe
from model.types import WeightsFile

ROOT = Path("/pictures/My shapes")


def test_a_quick_training_fits_a_last_layer_alone() -> None:
    choices = TrainingChoices("My Shapes", epochs=12, size=96, teacher="other")
    request = request_for(choices, ROOT, DecodeLimits(pixels=7))
    assert (request.root, request.out, request.title, request.dataset_name) == (
        ROOT,
        "my-shapes",
        "My Shapes",
        "My shapes",
    )
    assert request.recipe == Recipe()
    assert (request.backbone, request.folds, request.seeds, request.teacher) == ("imagenet-lite2", 5, 1, None)
    assert request.limits == DecodeLimits(pixels=7)


def test_a_thorough_training_takes_all_the_answers() -> None:
    choices = TrainingChoices(
        "x", thorough=True, folds=0, epochs=7, unfreeze=3, size=96, teacher="other", seed=5, backbone="some-set"
    )
    request = request_for(choices, ROOT, DecodeLimits())
    assert request.recipe == Recipe(epochs=7, unfreeze=3, sizes=(96,))
    assert (request.backbone, request.folds, request.teacher, request.seed) == ("some-set", 0, "other", 5)


def test_a_network_from_scratch_learns_in_all_its_layers() -> None:
    choices = TrainingChoices("x", thorough=True, unfreeze=3, backbone="torchvision:resnet18")
    assert choices.from_scratch
    request = request_for(choices, ROOT, DecodeLimits())
    assert request.recipe.unfreeze == "all"
    assert request.recipe.sizes == ()


@pytest.mark.parametrize(
    ("title", "weights_id"),
    [
        ("My Flowers", "my-flowers"),
        ("Blüten & Gräser", "bluten-graser"),
        ("  2024  ", "2024"),
        ("Weather", "weather-weights"),
        ("imagenet", "imagenet-weights"),
        ("con", "con-weights"),
        ("日本", "weights-cf2abf0c"),
        ("x" * 80, "x" * 60),
    ],
)
def test_ids_resemble_titles_and_can_always_be_used(title: str, weights_id: str) -> None:
    assert id_for(title) == weights_id
    assert is_id(id_for(title))


def test_a_taken_title_gets_a_number() -> None:
    assert free_title("Shapes", set()) == "Shapes"
    assert free_title("Shapes", {"shapes", "shapes-2"}) == "Shapes 3"


def test_backbones_are_whole_sets_that_are_here() -> None:
    few, many = weight_set("few", classes=3), weight_set("many", classes=1000)
    two_files = replace(few, id="two", files=(*few.files, WeightsFile("head", "head", "user", 1)))
    entries = [
        to_fetch("far"),
        damaged("broken"),
        entry(few),
        entry(many),
        entry(two_files),
        built_in("imagenet-lite2"),
    ]
    assert [found.weights.id for found in possible_backbones(entries)] == ["imagenet-lite2", "many", "few"]


def test_teachers_know_exactly_the_same_classes() -> None:
    entries = [imported("same"), entry(weight_set("more", classes=4)), to_fetch("far")]
    found = possible_teachers(entries, ["class 2", "class 0", "class 1"])
    assert [entry.weights.id for entry in found] == ["same"]
