"""An archive from anywhere: what is wrong is refused before anything is stored, and what is right arrives whole."""

import os
import stat
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from archive_samples import FILE, Forge, content, give, pets, tensor_bytes, tensors, with_file
from weights_samples import Place, sha256

from model import archive_import, weights_folder
from model.archive_file import MOST_CARD_BYTES
from model.archive_import import import_archive
from model.cancel import Cancelled
from model.cards import card_bytes
from model.types import DownloadProgress, WeightsInstalled, WeightsState

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs links and pipes of POSIX")


@pytest.fixture
def forge(place: Place, tmp_path: Path) -> Forge:
    return Forge(tmp_path, place.catalogue)


def entry_named(name: str, **attributes: object) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info


def replace_bytes(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))


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


class TestContainer:
    """The file around the entries."""

    def test_no_file(self, forge: Forge) -> None:
        assert "no such file" in str(forge.refusal("archive-unreadable"))

    @posix_only
    def test_a_pipe_is_not_waited_for(self, forge: Forge) -> None:
        os.mkfifo(forge.path)
        forge.refusal("archive-unreadable")

    @pytest.mark.parametrize("data", [b"", b"PK", b"no archive at all", b"PK\5\6" + bytes(18)])
    def test_no_archive(self, forge: Forge, data: bytes) -> None:
        forge.path.write_bytes(data)
        forge.refusal("archive-not-ours")

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
    def test_one_that_ends_early(self, forge: Forge, share: float) -> None:
        forge.pack()
        data = forge.path.read_bytes()
        forge.path.write_bytes(data[: int(len(data) * share)])
        forge.refusal("archive-damaged")

    def test_something_after_its_end(self, forge: Forge) -> None:
        forge.pack()
        with forge.path.open("ab") as file:
            file.write(b"more")
        forge.refusal("archive-damaged")

    def test_something_before_its_beginning(self, forge: Forge) -> None:
        forge.pack()
        forge.path.write_bytes(b"PK\3\4" + forge.path.read_bytes())
        forge.refusal("archive-damaged")

    def test_a_directory_that_claims_to_be_elsewhere(self, forge: Forge) -> None:
        forge.pack()
        data = bytearray(forge.path.read_bytes())
        struct.pack_into("<L", data, len(data) - 6, 7)
        forge.path.write_bytes(data)
        forge.refusal("archive-damaged")

    def test_a_second_end_record_that_zipfile_would_follow(self, forge: Forge) -> None:
        """Of the 64-bit format, whose numbers could be anything; hidden at the end of the directory."""
        locator = b"PK\6\7" + struct.pack("<LQL", 0, 0, 1)
        hidden = entry_named(FILE, comment=locator)
        forge.write(("card.json", card_bytes(pets())), (hidden, content()))
        assert forge.path.read_bytes()[-42:-38] == b"PK\6\7"
        forge.refusal("archive-damaged")

    def test_very_many_entries(self, forge: Forge) -> None:
        forge.write(*((f"{number}.txt", b"") for number in range(2000)))
        assert "more than a card" in str(forge.refusal("archive-not-ours"))

    def test_a_checkpoint_of_torch_in_a_zip(self, forge: Forge) -> None:
        torch.save({"a": torch.zeros(2)}, forge.path)
        assert forge.refusal("archive-not-ours").remedy.startswith("Choose a .zip that Photospotter has saved")

    def test_flipped_bits(self, forge: Forge) -> None:
        forge.pack()
        data = bytearray(forge.path.read_bytes())
        data[len(data) // 2] ^= 1
        forge.path.write_bytes(data)
        forge.refusal("archive-damaged")


class TestEntries:
    @pytest.mark.parametrize(
        "name",
        [
            "../evil.safetensors",
            "/tmp/evil.safetensors",
            "pets/pets.safetensors",
            "..\\evil.safetensors",
            "C:evil.safetensors",
            "C:\\evil.safetensors",
            "//host/share/evil",
            "..",
            "folder/",
        ],
    )
    def test_a_way_out_of_the_folder(self, forge: Forge, name: str) -> None:
        forge.write(("card.json", card_bytes(pets())), (FILE, content()), (name, b"evil"))
        forge.refusal("archive-refused")
        assert sorted(path.name for path in forge.path.parent.iterdir()) == ["pets.zip"]

    def test_a_name_cut_short_by_a_nul(self, forge: Forge) -> None:
        forge.write(("card.json", card_bytes(pets())), ("pets.safetensorsXevil", content()))
        replace_bytes(forge.path, b"pets.safetensorsXevil", b"pets.safetensors\0evil")
        assert "plain file name" in str(forge.refusal("archive-refused"))

    @pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR])
    def test_a_link_or_another_special_file(self, forge: Forge, kind: int) -> None:
        link = entry_named(FILE, external_attr=(kind | 0o777) << 16, create_system=3)
        forge.write(("card.json", card_bytes(pets())), (link, b"/etc/passwd"))
        assert "a link" in str(forge.refusal("archive-refused"))

    def test_an_encrypted_entry(self, forge: Forge) -> None:
        forge.pack()
        data = bytearray(forge.path.read_bytes())
        directory = data.rindex(b"PK\1\2")
        data[directory + 8] |= 1
        forge.path.write_bytes(data)
        assert "is encrypted" in str(forge.refusal("archive-refused"))

    @pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
    def test_an_unusual_compression(self, forge: Forge, method: int) -> None:
        forge.write(("card.json", card_bytes(pets())), (FILE, content()), method=method)
        assert "unusual way" in str(forge.refusal("archive-refused"))

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    @pytest.mark.parametrize("twice", ["card.json", FILE])
    def test_an_entry_that_is_there_twice(self, forge: Forge, twice: str) -> None:
        data = {"card.json": card_bytes(pets()), FILE: content()}
        forge.write(*data.items(), (twice, data[twice]))
        assert "twice" in str(forge.refusal("archive-refused"))

    @pytest.mark.parametrize("name", ["readme.txt", "CARD.JSON", "pets.pth", ".hidden", "card.json.bak"])
    def test_an_entry_that_is_not_on_the_card(self, forge: Forge, name: str) -> None:
        forge.write(("card.json", card_bytes(pets())), (FILE, content()), (name, b"x"))
        assert f"“{name}” is not on its card" in str(forge.refusal("archive-refused"))

    def test_a_file_that_is_missing(self, forge: Forge) -> None:
        forge.write(("card.json", card_bytes(pets())))
        assert f"{FILE} is missing" in str(forge.refusal("archive-damaged"))

    def test_a_card_that_is_missing(self, forge: Forge) -> None:
        forge.write((FILE, content()))
        assert "no card.json" in str(forge.refusal("archive-not-ours"))


class TestSizes:
    def test_a_size_other_than_the_cards(self, forge: Forge) -> None:
        forge.pack(with_file(pets(), size=len(content()) + 1))
        assert "instead of" in str(forge.refusal("archive-damaged"))

    def test_a_bomb_that_lies_about_its_size(self, forge: Forge) -> None:
        """A small archive that would unpack to a thousand times its size; directory and card say that it is small."""
        size, real = 1000, 64 * 2**20
        forge.write(("card.json", card_bytes(pets(bytes(size)))), (FILE, bytes(real)), method=zipfile.ZIP_DEFLATED)
        assert forge.path.stat().st_size < 2**17
        replace_bytes(forge.path, struct.pack("<L", real), struct.pack("<L", size))
        forge.refusal("archive-damaged")

    def test_reading_stops_at_the_first_byte_too_many(self, forge: Forge, monkeypatch: pytest.MonkeyPatch) -> None:
        """Even if zipfile believed in no size at all."""
        forge.pack(pets(content()[:-1]), content())
        sizes = {"card.json": 0, FILE: len(content()) - 1}
        monkeypatch.setattr(archive_import.ArchiveFile, "sizes", property(lambda _self: sizes))
        assert "is longer than" in str(forge.refusal("archive-refused"))

    def test_a_file_that_ends_early_is_damaged(self, forge: Forge, monkeypatch: pytest.MonkeyPatch) -> None:
        forge.pack(pets(content() + b"x"), content())
        sizes = {"card.json": 0, FILE: len(content()) + 1}
        monkeypatch.setattr(archive_import.ArchiveFile, "sizes", property(lambda _self: sizes))
        assert f"has {len(content())} of {len(content()) + 1} bytes" in str(forge.refusal("archive-damaged"))

    def test_a_set_above_the_ceiling(self, forge: Forge, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archive_import, "MOST_BYTES", len(content()) - 1)
        forge.pack()
        assert "larger than" in str(forge.refusal("archive-refused"))

    def test_a_card_of_unreasonable_length(self, forge: Forge) -> None:
        forge.write(("card.json", b" " * (MOST_CARD_BYTES + 1)), (FILE, content()), method=zipfile.ZIP_DEFLATED)
        assert "card.json is longer" in str(forge.refusal("archive-refused"))


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
            ("title", "x" * 300, "very long"),
            ("classes", ["a", "b\n", "c"], "control characters"),
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

        monkeypatch.setattr(network_trial, "_output_shape", lambda _network, side: (1, 3) if side == 224 else None)
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
