"""Archives that somebody has tampered with: each way of lying is refused, and nothing is written anywhere."""

import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest
import torch
from archive_samples import FILE, Forge, content, entry_named, pets, replace_bytes, with_file
from weights_samples import Place

from model import archive_import
from model.cards import MOST_CARD_BYTES, card_bytes

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs links and pipes of POSIX")


@pytest.fixture
def forge(place: Place, tmp_path: Path) -> Forge:
    return Forge(tmp_path, place.catalogue)


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
