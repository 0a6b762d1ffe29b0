import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from evaluation_samples import colour_set

from model.class_names import ClassNames, imagenet_wnids
from model.types import WeightSet
from model.weights import default_catalogue


def names_of(*classes: str, family: str = "custom") -> ClassNames:
    return ClassNames(replace(colour_set(family=family), classes=classes))


@pytest.fixture(scope="module")
def imagenet() -> WeightSet:
    return default_catalogue().entry("imagenet-lite2").weights


@pytest.mark.parametrize("name", ["great white shark", "Great_White_Shark", "great  white_shark ", "GREAT WHITE SHARK"])
def test_case_and_underscores_do_not_matter(name: str) -> None:
    assert names_of("tench", "great white shark").of_name(name) == (1,)


def test_a_name_may_be_composed_in_another_way() -> None:
    assert names_of("caf\u00e9", "bar").of_name("cafe\u0301") == (0,)


def test_the_exact_name_comes_before_those_that_are_alike() -> None:
    names = names_of("Polish", "polish")
    assert names.of_name("polish") == (1,)
    assert names.of_name("POLISH") == (0, 1)


def test_a_name_of_two_classes_means_both() -> None:
    assert names_of("crane", "maillot", "maillot").of_name("maillot") == (1, 2)
    assert names_of("crane").of_name("stork") == ()


@pytest.mark.parametrize(("text", "index"), [("0", 0), (" 2 ", 2), ("002", 2), ("3", None), ("-1", None), ("x", None)])
def test_an_index_must_be_that_of_a_class(text: str, index: int | None) -> None:
    assert names_of("a", "b", "c").of_index(text) == index


def test_folders_may_be_names_or_indices() -> None:
    names = names_of("cat", "dog")
    assert names.of_folder("Dog") == (1,)
    assert names.of_folder("1") == (1,)
    assert names.of_folder("2") == ()


def test_where_classes_are_called_by_numbers_a_folder_is_never_an_index() -> None:
    digits = names_of("1", "2", "3")
    assert digits.of_folder("1") == (0,)
    assert digits.of_folder("0") == ()


def test_wordnet_numbers_are_those_of_imagenet(imagenet: WeightSet) -> None:
    names = ClassNames(imagenet)
    assert names.of_wnid("n02123045") == 281
    assert imagenet.classes[281] == "tabby"
    assert names.of_folder("N02123045") == (281,)
    assert names.of_wnid("n99999999") is None
    assert len(set(imagenet_wnids())) == 1000


def test_a_network_of_ones_own_with_imagenets_labels_has_its_wordnet_numbers(imagenet: WeightSet) -> None:
    assert ClassNames(replace(imagenet, family="custom")).of_wnid("n01440764") == 0
    others = tuple(f"class {index}" for index in range(1000))
    assert ClassNames(replace(imagenet, family="custom", classes=others)).of_wnid("n01440764") is None


def test_other_sets_have_no_wordnet_numbers() -> None:
    assert names_of("cat", "dog").of_wnid("n02123045") is None
    assert names_of("cat", "dog", family="imagenet").of_wnid("n01440764") is None


def test_wordnet_numbers_are_in_the_order_of_the_class_indices(shared_data: Path) -> None:
    with (shared_data / "imagenet" / "labels.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert len(rows) == 200
    wnids = imagenet_wnids()
    assert [row for row in rows if wnids[int(row["class_index"])] != row["wnid"]] == []


def test_reading_them_does_not_import_timm() -> None:
    program = "import sys; from model.class_names import imagenet_wnids as w; print(len(w()), 'timm' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.split() == ["1000", "False"]


def test_few_classes_are_all_named_and_of_many_those_that_are_alike(imagenet: WeightSet) -> None:
    assert names_of("cat", "dog").listed("rat") == "cat, dog"
    listed = ClassNames(imagenet).listed("tabby cat")
    assert "tabby" in listed
    assert "(1,000 in all)" in listed
    assert len(listed.split(", ")) <= 8
    assert names_of("crane", "maillot", "maillot").numbered((1, 2)) == "1 maillot, 2 maillot"
