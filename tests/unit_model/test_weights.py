"""The catalogue: what it lists, and how files are found and checked."""

import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest
from weights_samples import CONTENT, Place, file_of, refusal, set_of, sha256

from model import weights
from model.cards import card_bytes, read_card, set_digest
from model.errors import WeightsError
from model.types import WeightsFile, WeightsState


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
        assert place.catalogue.read() == (place.catalogue.entries(), place.catalogue.problems())
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
