"""Weight sets leave the window as an archive, and come in from one."""

from pathlib import Path

import pytest
import torch
from PySide6.QtWidgets import QDialog, QFileDialog
from pytestqt.qtbot import QtBot
from weights_desk import keys, message, press, row_of, write_pictures
from window_desk import drop, wait_done

from gui import import_dialog
from gui.import_request import ImportRequest
from gui.main_window import MainWindow
from model.network import build_network

pytestmark = pytest.mark.usefixtures("better")


class FakeDialog(QDialog):
    """Stands in for the import dialog and answers at once."""

    answer = ImportRequest(Path("pets.zip"))

    def exec(self) -> int:
        return 1

    def request(self) -> ImportRequest:
        return self.answer


@pytest.fixture
def pets(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> str:
    """The id of a set that was imported into the window, from a network that it recognised."""
    shapes = build_network("torchvision:shufflenet_v2_x0_5", 2).state_dict()
    state = {key: torch.zeros(tensor.shape, dtype=torch.float16) for key, tensor in shapes.items()}
    torch.save(state, tmp_path / "pets.pth")
    (tmp_path / "pets.txt").write_text("cat\ndog\n")
    with qtbot.waitSignal(window.weights.installed, timeout=30_000):
        window.weights.import_own(ImportRequest(tmp_path / "pets.pth", tmp_path / "pets.txt", "My pets"))
    return "my-pets"


def answer_save(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (answer, ""))


def save(window: MainWindow, weights_id: str) -> None:
    row_of(window, weights_id)._save_action.trigger()


def test_a_set_goes_out_and_comes_in_again(
    qtbot: QtBot, window: MainWindow, pets: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_save(monkeypatch, str(tmp_path / "stick"))
    with qtbot.waitSignal(window.weights.archive_ended):
        save(window, pets)
        assert "Saving My pets" in message(window).text
    qtbot.waitUntil(lambda: "saved-my-pets" in keys(window))
    assert "saving-my-pets" not in keys(window)
    saved = next(shown for shown in window.messages.messages if shown.key == "saved-my-pets")
    assert "My pets saved to stick.zip" in saved.text
    assert [action.label for action in saved.actions] == ["Show file"]
    assert window.settings.last_export_folder == str(tmp_path)
    row_of(window, pets).remove_requested.emit(pets)
    assert pets not in window.weights_panel._rows

    monkeypatch.setattr(import_dialog, "ImportDialog", FakeDialog)
    FakeDialog.answer = ImportRequest(tmp_path / "stick.zip")
    with qtbot.waitSignal(window.weights.installed, timeout=30_000):
        window.weights_panel.import_requested.emit()
        assert "Importing stick.zip" in {shown.text.rstrip("\u2026") for shown in window.messages.messages}
    assert row_of(window, pets).radio.isEnabled()
    while message(window).key != "installed-my-pets":
        window.messages.show_next()
    press(window, "Use it")
    drop(window, write_pictures(tmp_path / "pictures")[:1])
    wait_done(qtbot, window, 1)
    assert window.results.results()[0].weights_id == pets


def test_a_set_that_is_here_already_is_told(
    qtbot: QtBot, window: MainWindow, pets: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_save(monkeypatch, str(tmp_path / "pets.zip"))
    with qtbot.waitSignal(window.weights.archive_saved):
        save(window, pets)
    with qtbot.waitSignal(window.weights.already_there):
        window.weights.import_own(ImportRequest(tmp_path / "pets.zip"))
    told = next(shown for shown in window.messages.messages if shown.key == "installed-my-pets")
    assert "already" in told.text


def test_a_choice_without_an_answer_saves_nothing(
    window: MainWindow, pets: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_save(monkeypatch, "")
    save(window, pets)
    assert not window.fetches.busy


def test_a_file_that_the_chooser_did_not_ask_about_is_kept(
    window: MainWindow, pets: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stick.zip").write_bytes(b"precious")
    answer_save(monkeypatch, str(tmp_path / "stick"))
    save(window, pets)
    assert not window.fetches.busy
    assert (tmp_path / "stick.zip").read_bytes() == b"precious"
    assert any("exists already" in shown.text for shown in window.messages.messages)


def test_a_failure_is_told_and_can_be_tried_again(
    qtbot: QtBot, window: MainWindow, pets: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = window.catalogue.folder(pets) / f"{pets}.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    answer_save(monkeypatch, str(tmp_path / "pets.zip"))
    with qtbot.waitSignal(window.weights.archive_failed):
        save(window, pets)
    told = next(shown for shown in window.messages.messages if shown.key == "saved-my-pets")
    assert "damaged" in told.text
    assert [action.label for action in told.actions] == ["Save again\u2026"]
    assert not (tmp_path / "pets.zip").exists()
    assert not row_of(window, pets)._save_action.isEnabled()
