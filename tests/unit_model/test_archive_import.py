"""An archive from anywhere: what is wrong is refused before anything is stored, and what is right arrives whole."""

import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from archive_samples import FILE, Forge, content, give, pets, tensor_bytes, tensors, with_file
from weights_samples import Place, sha256

from model import archive_import, weights_folder
from model.archive_import import import_archive
from model.cancel import Cancelled
from model.cards import card_bytes
from model.types import DownloadProgress, WeightsInstalled, WeightsState


@pytest.fixture
def forge(place: Place, tmp_path: Path) -> Forge:
    return Forge(tmp_path, place.catalogue)


class TestGood:
    def test_a_good_one_arrives(self, forge: Forge) -> None:
        forge.pack()
        *progress, last = import_archive(forge.path, forge.catalogue, cancel=forge.token)
        assert isinstance(last, WeightsInstalled)
        assert not last.was_there
        assert last.entry.state is WeightsState.ON_COMPUTER
        assert last.entry.weights == pets()
        assert progress[-1] == DownloadProgress(len(content()), len(content()), None)
        assert forge.stored() == ["weights/pets", "weights/pets/card.json", f"weights/pets/{FILE}"]

    def test_another_programs_compression_is_no_obstacle(self, forge: Forge) -> None:
        forge.write((FILE, content()), ("card.json", card_bytes(pets())), method=zipfile.ZIP_DEFLATED)
        assert forge.bring().weights == pets()

    def test_the_place_on_the_card_becomes_the_users(self, forge: Forge) -> None:
        forge.pack(pets(place="resources"))
        assert forge.bring().weights.files[0].place == "user"

    def test_the_same_set_is_there_already(self, forge: Forge) -> None:
        forge.pack()
        forge.bring()
        before = {path: path.stat().st_mtime_ns for path in forge.catalogue.folder("pets").iterdir()}
        (last,) = import_archive(forge.path, forge.catalogue, cancel=forge.token)
        assert isinstance(last, WeightsInstalled)
        assert last.was_there
        assert {path: path.stat().st_mtime_ns for path in forge.catalogue.folder("pets").iterdir()} == before

    def test_a_set_that_came_with_the_program_is_there_already(self, place: Place, forge: Forge) -> None:
        place.ship(pets(place="resources"))
        (place.shipped / FILE).write_bytes(content())
        forge.pack()
        assert forge.bring().state is WeightsState.BUILT_IN
        assert forge.stored() == []

    @pytest.mark.parametrize("damage", ["gone", "shorter"])
    def test_a_damaged_set_is_mended(self, forge: Forge, damage: str) -> None:
        files = {} if damage == "gone" else {"pets_safetensors": content()[:-5]}
        give(forge.catalogue, pets(), **files)
        assert forge.catalogue.entry("pets").state is WeightsState.DAMAGED
        forge.pack()
        assert forge.bring().state is WeightsState.ON_COMPUTER
        assert forge.catalogue.open("pets").sha256 == pets().files[0].sha256
        assert forge.stored() == ["weights/pets", "weights/pets/card.json", f"weights/pets/{FILE}"]


class TestTaken:
    def test_another_set_of_that_id_is_kept(self, forge: Forge) -> None:
        other = replace(pets(), classes=("a", "b", "c"))
        give(forge.catalogue, other, pets_safetensors=content())
        forge.pack()
        error = forge.refusal("archive-id-taken")
        assert "“pets”" in str(error)
        assert "Remove those first" in error.remedy
        assert forge.catalogue.entry("pets").weights == other

    def test_other_calibration_is_another_set(self, forge: Forge) -> None:
        give(forge.catalogue, replace(pets(), calibration=None), pets_safetensors=content())
        forge.pack()
        forge.refusal("archive-id-taken")

    def test_a_damaged_set_of_the_program_is_not_mended_from_outside(self, place: Place, forge: Forge) -> None:
        place.ship(pets(place="resources"))
        forge.pack()
        forge.refusal("archive-id-taken")

    def test_a_folder_without_a_card_is_kept(self, forge: Forge) -> None:
        forge.catalogue.folder("pets").mkdir(parents=True)
        forge.pack()
        forge.refusal("archive-id-taken")

    @pytest.mark.parametrize("alias", ["imagenet", "weather"])
    def test_an_alias_is_no_id(self, forge: Forge, alias: str) -> None:
        forge.pack(pets(id=alias))
        forge.refusal("archive-id-taken")


class TestCard:
    @pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"schema": ' + b"9" * 5000 + b"}"])
    def test_no_json(self, forge: Forge, data: bytes) -> None:
        forge.write(("card.json", data), (FILE, content()))
        forge.refusal("archive-card-bad")

    @pytest.mark.parametrize(
        ("key", "value", "words"),
        [
            ("schema", 99, "another version"),
            ("id", "../pets", "id"),
            ("id", "con", "no folder"),
            ("id", "nul.x", "no folder"),
            ("id", "pets.", "no folder"),
            ("id", "x" * 300, "no folder"),
            ("title", "Pets\x1b[2J", "control characters"),
            ("title", "x" * 3000, "very long"),
            ("classes", ["a", "b\n", "c"], "control characters"),
            ("classes", ["a", "x" * 3000, "c"], "very long"),
            ("classes", [], "classes"),
            ("preprocess", {"resize": 1}, "preprocess"),
            ("files", [], "files"),
            ("surprise", 1, "surprise"),
            ("calibration", {"temperature": 0}, "calibration"),
        ],
    )
    def test_a_bad_field(self, forge: Forge, key: str, value: object, words: str) -> None:
        forge.pack_json(lambda card: card.update({key: value}))
        assert words in str(forge.refusal("archive-card-bad"))

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"name": "../x.safetensors"}, "plain file name"),
            ({"name": "pets.pth"}, "plain name of a safetensors"),
            ({"name": "con.safetensors"}, "plain name of a safetensors"),
            ({"name": ".x.safetensors"}, "plain name of a safetensors"),
            ({"name": "pet\u0441.safetensors"}, "plain name of a safetensors"),
            ({"sha256": None, "sha256_prefix": "00000000"}, "neither in the archive"),
            ({"place": "download", "url": "https://weights.example/x"}, "neither in the archive"),
            ({"size": -1}, "size"),
        ],
    )
    def test_a_bad_file(self, forge: Forge, changes: dict[str, object], words: str) -> None:
        def change(card: dict[str, object]) -> None:
            card["files"][0].update(changes)  # type: ignore[index]

        forge.pack_json(change)
        assert words in str(forge.refusal("archive-card-bad"))

    def test_no_file_of_its_own(self, forge: Forge) -> None:
        def change(card: dict[str, object]) -> None:
            card["files"][0].update(place="package", package="somewhere")  # type: ignore[index]

        forge.pack_json(change)
        assert "names no file" in str(forge.refusal("archive-refused"))

    def test_a_backbone_whose_package_is_not_here(self, forge: Forge) -> None:
        head = tensor_bytes({"weight": torch.zeros(3, 1024), "bias": torch.zeros(3)})
        backbone = replace(pets(b"x").files[0], role="backbone", name="b.pth", place="package", package="no_such_thing")
        own = replace(pets(head).files[0], role="head")
        forge.write(("card.json", card_bytes(replace(pets(), files=(backbone, own)))), (FILE, head))
        assert "no_such_thing" in str(forge.refusal("weights-package-absent"))

    @pytest.mark.parametrize(
        "architecture", ["timm:from_the_future", "timm:resnet50.no_such_tag", "torchvision:nothing"]
    )
    def test_a_network_that_is_not_known_here(self, forge: Forge, architecture: str) -> None:
        forge.pack(replace(pets(), architecture=architecture))
        forge.refusal("weights-architecture-unknown")

    def test_a_picture_size_that_the_network_does_not_take(self, forge: Forge, monkeypatch: pytest.MonkeyPatch) -> None:
        from model import network_trial

        monkeypatch.setattr(network_trial, "output_shape", lambda _network, side: (1, 3) if side == 224 else None)
        forge.pack(replace(pets(), preprocess=replace(pets().preprocess, crop=200)))
        forge.refusal("weights-crop-unsuited")


class TestTensors:
    def test_a_digest_other_than_the_cards(self, forge: Forge) -> None:
        forge.pack(with_file(pets(), sha256=sha256(b"other")))
        assert "not the file that the card describes" in str(forge.refusal("archive-damaged"))

    def test_no_tensors(self, forge: Forge) -> None:
        forge.pack(data=b"these are no tensors, though their digest is right")
        forge.refusal("checkpoint-not-recognised")

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (lambda state: state.pop("fc.bias"), "weights-do-not-fit"),
            (lambda state: state.update(extra=torch.zeros(2)), "weights-do-not-fit"),
            (lambda state: state.update({"fc.bias": torch.zeros(4)}), "weights-do-not-fit"),
            (lambda state: state["fc.bias"].fill_(float("nan")), "checkpoint-not-finite"),
            (lambda state: state["fc.bias"].fill_(float("inf")), "checkpoint-not-finite"),
            (lambda state: state.update({"fc.bias": torch.zeros(3, dtype=torch.int64)}), "checkpoint-not-float"),
        ],
        ids=["missing", "surplus", "shape", "nan", "infinite", "whole numbers"],
    )
    def test_tensors_that_are_of_no_use(
        self, forge: Forge, change: Callable[[dict[str, torch.Tensor]], object], code: str
    ) -> None:
        state = {name: tensor.clone() for name, tensor in tensors().items()}
        change(state)
        forge.pack(data=tensor_bytes(state))
        forge.refusal(code)

    def test_a_pickle_under_the_name_of_safetensors_never_runs(self, forge: Forge, tmp_path: Path) -> None:
        witness = tmp_path / "witness"

        class Evil:
            def __reduce__(self) -> tuple[object, ...]:
                return os.system, (f'echo >"{witness}"',)

        torch.save({"x": Evil()}, tmp_path / "evil.pth")
        forge.pack(data=(tmp_path / "evil.pth").read_bytes())
        forge.refusal("checkpoint-not-recognised")
        assert not witness.exists()

    def test_another_network_than_the_cards(self, forge: Forge) -> None:
        forge.pack(replace(pets(), architecture="torchvision:resnet18"))
        forge.refusal("weights-do-not-fit")


class TestWholeOrNothing:
    def test_cancelled_before_anything(self, forge: Forge) -> None:
        forge.pack()
        forge.token.cancel()
        with pytest.raises(Cancelled):
            forge.bring()
        assert forge.stored() == []

    def test_cancelled_in_the_middle(self, forge: Forge) -> None:
        forge.pack()
        now = iter(range(1000))
        events = import_archive(forge.path, forge.catalogue, cancel=forge.token, clock=lambda: next(now))
        assert isinstance(next(events), DownloadProgress)
        forge.token.cancel()
        with pytest.raises(Cancelled):
            list(events)
        assert forge.stored() == []

    def test_given_up_in_the_middle(self, forge: Forge) -> None:
        forge.pack()
        now = iter(range(1000))
        events = import_archive(forge.path, forge.catalogue, cancel=forge.token, clock=lambda: next(now))
        next(events)
        assert forge.stored() != []
        events.close()  # type: ignore[attr-defined]
        assert forge.stored() == []

    @pytest.mark.parametrize("step", ["write_atomically", "new_folder"])
    def test_a_full_disk(self, forge: Forge, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
        def fail(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(archive_import, step, fail)
        forge.pack()
        assert "No space left on device" in str(forge.refusal("weights-import-failed"))

    def test_a_damaged_set_stays_when_mending_fails(self, forge: Forge, monkeypatch: pytest.MonkeyPatch) -> None:
        give(forge.catalogue, pets(), pets_safetensors=content()[:-5])
        forge.pack()
        renamed = Path.rename

        def fail(self: Path, target: Path) -> Path:
            if self.name.startswith(".import-"):
                raise OSError(13, "Permission denied")
            return renamed(self, target)

        monkeypatch.setattr(weights_folder.Path, "rename", fail)
        forge.refusal("weights-import-failed")
        assert (forge.catalogue.folder("pets") / FILE).read_bytes() == content()[:-5]

    def test_a_stick_pulled_out(self, forge: Forge, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> bytes:
            raise OSError(5, "Input/output error")

        forge.pack()
        monkeypatch.setattr(zipfile.ZipExtFile, "read", fail)
        assert "Input/output error" in str(forge.refusal("archive-unreadable"))
