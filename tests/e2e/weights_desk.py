"""What tests of weights in the window look at and press."""

from pathlib import Path

from fakes import COLOURS, write_picture
from weights_server import BODY, NAME

from gui.main_window import MainWindow
from gui.message_bar import Message
from gui.weights_reports import PREFERRED_ID
from gui.weights_row import WeightsRow


def write_pictures(folder: Path) -> list[Path]:
    """Write twelve pictures: red, green, blue, red ..."""
    colours = list(COLOURS.values())
    return [write_picture(folder / f"{i:02}.png", colours[i % 3]) for i in range(12)]


def row_of(window: MainWindow, weights_id: str = PREFERRED_ID) -> WeightsRow:
    return window.weights_panel.row(weights_id)


def labels(window: MainWindow) -> set[str]:
    return {result.predictions[0].label for result in window.results.results()}


def message(window: MainWindow) -> Message:
    assert window.messages.shown is not None
    return window.messages.shown


def keys(window: MainWindow) -> list[str]:
    return [shown.key for shown in window.messages.messages]


def press(window: MainWindow, label: str) -> None:
    """Press the button of the shown message."""
    button = next(button for button in window.messages._buttons if button.text() == label)
    assert button.isVisible()
    button.click()


def put_here(folder: Path, content: bytes = BODY) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NAME).write_bytes(content)
    return folder / NAME
