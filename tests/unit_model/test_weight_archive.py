"""Saving a weight set as an archive: always the same bytes, whole or not at all, and it comes back as it was."""

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from archive_samples import CLASSES, FILE, Forge, content, give, pets, with_file
from weights_samples import Place, file_of, sha256

from model import weight_archive
from model.cancel import Cancelled, CancelToken
from model.cards import is_savable
from model.errors import ExportError, PhotospotterError, WeightsError
from model.network import load_network
from model.trained_set import store_trained_set
from model.types import ArchiveSaved, DownloadProgress, WeightSet, WeightsFile, WeightsState
from model.weight_archive import export_archive, is_archive
from model.weights import Catalogue, default_catalogue


def save(catalogue: Catalogue, target: Path, weights_id: str = "pets", *, overwrite: bool = False) -> ArchiveSaved:
    *_, last = export_archive(catalogue, weights_id, target, cancel=CancelToken(), overwrite=overwrite)
    assert isinstance(last, ArchiveSaved)
    return last


def refusal(catalogue: Catalogue, target: Path, weights_id: str = "pets", **options: bool) -> PhotospotterError:
    before = sorted(target.parent.iterdir()) if target.parent.is_dir() else None
    with pytest.raises(PhotospotterError) as caught:
        save(catalogue, target, weights_id, **options)
    assert before is None or sorted(target.parent.iterdir()) == before, "a failed export leaves something behind"
    return caught.value


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture
def owner(place: Place) -> Catalogue:
    """A computer with a set of its user's own."""
    give(place.catalogue, pets(), pets_safetensors=content())
    return place.catalogue


@pytest.fixture
def other(tmp_path: Path, stick: Path) -> Forge:
    """Another computer, which has nothing."""
    (tmp_path / "other").mkdir()
    return Forge(tmp_path, Catalogue(tmp_path / "other" / "data", tmp_path / "other", shipped_dir=tmp_path / "other"))


class TestSaving:
    def test_it_comes_back_as_it_was(self, owner: Catalogue, stick: Path, other: Forge) -> None:
        saved = save(owner, stick / "pets.zip")
        assert saved.size == (stick / "pets.zip").stat().st_size
        assert saved.weights.id == "pets"
        entry = other.bring()
        assert entry.state is WeightsState.ON_COMPUTER
        assert entry.weights == owner.entry("pets").weights
        assert other.stored() == ["weights/pets", "weights/pets/card.json", f"weights/pets/{FILE}"]
        assert other.catalogue.open("pets").sha256 == owner.open("pets").sha256
        bias = load_network(other.catalogue.open("pets")).get_parameter("fc.bias")
        assert torch.equal(bias, safetensors.torch.load(content())["fc.bias"].float())

    def test_the_same_set_gives_the_same_bytes(self, owner: Catalogue, stick: Path) -> None:
        save(owner, stick / "one.zip")
        (owner.folder("pets") / FILE).touch()
        save(owner, stick / "two.zip")
        assert (stick / "one.zip").read_bytes() == (stick / "two.zip").read_bytes()
        with zipfile.ZipFile(stick / "one.zip") as archive:
            assert archive.namelist() == ["card.json", FILE]
            assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}

    def test_an_archive_of_what_was_imported_is_the_same_again(
        self, owner: Catalogue, stick: Path, other: Forge
    ) -> None:
        save(owner, stick / "pets.zip")
        other.bring()
        save(other.catalogue, stick / "again.zip")
        assert (stick / "again.zip").read_bytes() == (stick / "pets.zip").read_bytes()

    def test_a_set_that_ships_with_the_program_becomes_the_users(self, place: Place, stick: Path, other: Forge) -> None:
        place.ship(pets(place="resources"))
        (place.shipped / FILE).write_bytes(content())
        save(place.catalogue, stick / "pets.zip")
        assert other.bring().weights.files[0].place == "user"

    def test_of_a_head_on_a_packages_backbone_only_the_head_travels(self, stick: Path, own_data_dir: Path) -> None:
        backbone = default_catalogue().open("imagenet-lite2")
        card = replace(backbone.weights, id="tints", family="custom", classes=("red", "blue"), files=())
        head = {"weight": torch.ones(2, 1280).half(), "bias": torch.zeros(2).half()}
        store_trained_set(card, head, backbone, default_catalogue(), into=None, overwrite=False)
        digest = default_catalogue().open("tints").sha256
        saved = save(default_catalogue(), stick / "pets.zip", "tints")
        with zipfile.ZipFile(stick / "pets.zip") as archive:
            assert archive.namelist() == ["card.json", "tints.safetensors"]
        assert saved.size < 100_000
        assert [file.place for file in saved.weights.files] == ["package", "user"]
        other_computer = own_data_dir / "other"
        elsewhere = Forge(stick.parent, Catalogue(other_computer, other_computer, shipped_dir=stick))
        assert elsewhere.bring().state is WeightsState.ON_COMPUTER
        assert elsewhere.catalogue.open("tints").sha256 == digest

    def test_progress_is_in_bytes_of_the_tensors(self, owner: Catalogue, stick: Path) -> None:
        *progress, _ = export_archive(owner, "pets", stick / "pets.zip", cancel=CancelToken())
        assert progress[-1] == DownloadProgress(len(content()), len(content()), None)


class TestRefusals:
    def test_an_unknown_set(self, owner: Catalogue, stick: Path) -> None:
        assert refusal(owner, stick / "x.zip", "nonsense").problem.code == "weights-unknown"

    def test_a_published_set_needs_none(self, place: Place, stick: Path) -> None:
        place.ship(replace(pets(), id="net", files=(file_of(),)))
        assert not is_savable(place.catalogue.entry("net").weights)
        error = refusal(place.catalogue, stick / "x.zip", "net")
        assert error.problem.code == "archive-published"
        assert "net.pth" in str(error)

    def test_a_set_of_a_package_alone_needs_none(self, stick: Path) -> None:
        catalogue = default_catalogue()
        assert not is_savable(catalogue.entry("imagenet-lite2").weights)
        assert is_savable(catalogue.entry("weather-lite2").weights)
        assert refusal(catalogue, stick / "x.zip", "imagenet-lite2").problem.code == "archive-built-in"

    def test_a_file_that_an_import_would_refuse(self, place: Place, stick: Path) -> None:
        give(place.catalogue, with_file(pets(), name="pets.pth"), pets_pth=content())
        assert refusal(place.catalogue, stick / "x.zip").problem.code == "archive-file-unsuited"

    def test_a_set_too_large_for_the_format(self, place: Place, stick: Path) -> None:
        give(place.catalogue, with_file(pets(), size=weight_archive.MOST_BYTES + 1))
        error = refusal(place.catalogue, stick / "x.zip")
        assert error.problem.code == "archive-too-large"
        assert "2000000001" in str(error)

    def test_a_damaged_file(self, place: Place, stick: Path) -> None:
        give(place.catalogue, pets(), pets_safetensors=content()[:-1] + b"x")
        assert refusal(place.catalogue, stick / "x.zip").problem.code == "weights-damaged"

    def test_a_file_that_changes_while_it_is_packed(
        self, owner: Catalogue, stick: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened = Catalogue.open

        def open_and_change(self: Catalogue, weights_id: str) -> object:
            installed = opened(self, weights_id)
            installed.paths["network"].write_bytes(content()[:-1] + b"x")
            return installed

        monkeypatch.setattr(Catalogue, "open", open_and_change)
        assert refusal(owner, stick / "x.zip").problem.code == "weights-damaged"

    def test_a_target_that_exists_is_kept(self, owner: Catalogue, stick: Path) -> None:
        (stick / "pets.zip").write_bytes(b"precious")
        assert refusal(owner, stick / "pets.zip").problem.code == "export-target-exists"
        assert (stick / "pets.zip").read_bytes() == b"precious"
        save(owner, stick / "pets.zip", overwrite=True)
        assert zipfile.is_zipfile(stick / "pets.zip")

    def test_a_folder_that_is_not_there(self, owner: Catalogue, stick: Path) -> None:
        assert refusal(owner, stick / "absent" / "pets.zip").problem.code == "export-folder-missing"

    def test_a_folder_that_cannot_be_written(
        self, owner: Catalogue, stick: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened = Path.open

        def refuse(self: Path, *mode: str, **options: str) -> object:
            if mode == ("xb",):
                raise PermissionError(13, "Permission denied")
            return opened(self, *mode, **options)  # type: ignore[call-overload]

        monkeypatch.setattr(Path, "open", refuse)
        error = refusal(owner, stick / "pets.zip")
        assert isinstance(error, ExportError)
        assert error.problem.code == "export-folder-unwritable"

    def test_a_full_disk_keeps_what_was_there(
        self, owner: Catalogue, stick: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        (stick / "pets.zip").write_bytes(b"precious")
        monkeypatch.setattr(weight_archive, "sync", fail)
        assert refusal(owner, stick / "pets.zip", overwrite=True).problem.code == "export-disk-full"
        assert (stick / "pets.zip").read_bytes() == b"precious"

    def test_a_file_that_cannot_be_read_is_named(
        self, owner: Catalogue, stick: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def vanish(_self: Catalogue, _weights_id: str) -> object:
            installed = opened(_self, _weights_id)
            installed.paths["network"].unlink()
            return installed

        opened = Catalogue.open
        monkeypatch.setattr(Catalogue, "open", vanish)
        error = refusal(owner, stick / "pets.zip")
        assert error.problem.code == "weights-file-unreadable"
        assert FILE in str(error)

    def test_cancelling_leaves_nothing(self, owner: Catalogue, stick: Path) -> None:
        token = CancelToken()
        token.cancel()
        with pytest.raises(Cancelled):
            list(export_archive(owner, "pets", stick / "pets.zip", cancel=token))
        assert list(stick.iterdir()) == []

    def test_giving_up_in_the_middle_leaves_nothing(self, owner: Catalogue, stick: Path) -> None:
        now = iter(range(1000))
        events = export_archive(owner, "pets", stick / "pets.zip", cancel=CancelToken(), clock=lambda: next(now))
        assert isinstance(next(events), DownloadProgress)
        assert len(list(stick.iterdir())) == 1
        events.close()  # type: ignore[attr-defined]
        assert list(stick.iterdir()) == []


@pytest.mark.parametrize(("name", "expected"), [("a.zip", True), ("A.ZIP", True), ("a.pth", False), ("zip", False)])
def test_archives_are_told_by_their_names(name: str, expected: bool) -> None:
    assert is_archive(Path(name)) is expected


def test_what_is_savable_depends_on_every_file() -> None:
    own = WeightsFile("head", "h.safetensors", "user", 1, sha256(b"x"))
    package = WeightsFile("backbone", "b.pth", "package", 1, sha256(b"y"), package="p")
    fetched = WeightsFile("backbone", "b.pth", "download", 1, sha256(b"y"), url="https://weights.example/b.pth")

    def made(*files: WeightsFile) -> WeightSet:
        return replace(pets(), files=files, classes=CLASSES)

    assert is_savable(made(package, own))
    assert not is_savable(made(fetched, own))


def test_errors_are_of_two_kinds(owner: Catalogue, stick: Path) -> None:
    assert isinstance(refusal(owner, stick / "x.zip", "nonsense"), WeightsError)
    assert isinstance(refusal(owner, stick / "absent" / "x.zip"), ExportError)
