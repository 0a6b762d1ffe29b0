"""Messages come newest first, replace their own kind, bring their remedy as a button, and go when dealt with."""

import pytest
from PySide6 import QtGui
from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QColor, QPalette
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from gui.message_bar import MessageAction, MessageBar, Severity
from gui.theme import contrast
from gui.toned_label import TonedLabel


class Remedy(QObject):
    """Counts how often its buttons were pressed, and may speak up again."""

    def __init__(self, bar: MessageBar) -> None:
        super().__init__(bar)
        self.bar = bar
        self.tried = 0
        self.shown = 0

    @Slot()
    def try_again(self) -> None:
        self.tried += 1

    @Slot()
    def fail_again(self) -> None:
        self.shown += 1
        self.bar.show_message("fetch", "It failed again.", severity=Severity.ERROR)


class RecordingAccessible:
    """Stands in for QAccessible and keeps what was announced."""

    AnnouncementPoliteness = QAccessible.AnnouncementPoliteness

    def __init__(self) -> None:
        self.events: list[tuple[str, object]] = []

    def updateAccessibility(self, event: QAccessibleAnnouncementEvent) -> None:
        self.events.append((event.message(), event.politeness()))


@pytest.fixture
def bar(qtbot: QtBot) -> MessageBar:
    window = QWidget()
    qtbot.addWidget(window)
    made = MessageBar(window)
    made.window_kept = window  # type: ignore[attr-defined]
    window.resize(800, 60)
    made.resize(800, 60)
    window.show()
    return made


def words(bar: MessageBar) -> list[str]:
    return [label.text() for label in bar.findChildren(TonedLabel) if label.isVisible()]


def button(bar: MessageBar, text: str) -> QPushButton:
    return next(found for found in bar.findChildren(QPushButton) if found.text() == text and found.isVisible())


def tool(bar: MessageBar, name: str) -> QToolButton:
    return next(found for found in bar.findChildren(QToolButton) if found.accessibleName() == name)


def test_it_is_hidden_until_there_is_something_to_say(bar: MessageBar) -> None:
    assert not bar.isVisible()
    bar.show_message("a", "Something happened.", "Do something about it.")
    assert bar.isVisible()
    assert words(bar) == ["Something happened.", "Do something about it."]


def test_the_newest_is_shown_and_the_others_wait(bar: MessageBar, qtbot: QtBot) -> None:
    for key in "abc":
        bar.show_message(key, f"Message {key}")
    assert words(bar) == ["Message c", "1 of 3"]
    qtbot.mouseClick(tool(bar, "Next message"), Qt.MouseButton.LeftButton)
    assert words(bar) == ["Message b", "2 of 3"]
    bar.show_next()
    bar.show_next()
    assert words(bar) == ["Message c", "1 of 3"]


def test_the_same_key_replaces(bar: MessageBar) -> None:
    bar.show_message("a", "first")
    bar.show_message("b", "other")
    bar.show_message("a", "second")
    assert [message.text for message in bar.messages] == ["second", "other"]


def test_closing_shows_the_next_and_then_nothing(bar: MessageBar, qtbot: QtBot) -> None:
    bar.show_message("a", "older")
    bar.show_message("b", "newer")
    qtbot.mouseClick(tool(bar, "Close message"), Qt.MouseButton.LeftButton)
    assert words(bar) == ["older"]
    qtbot.mouseClick(tool(bar, "Close message"), Qt.MouseButton.LeftButton)
    assert not bar.isVisible()
    assert bar.shown is None


def test_dismissing_another_keeps_the_one_being_read(bar: MessageBar) -> None:
    for key in "abc":
        bar.show_message(key, f"Message {key}")
    bar.show_next()
    bar.dismiss("c")
    assert bar.shown is not None
    assert bar.shown.key == "b"
    bar.dismiss("b")
    assert words(bar) == ["Message a"]
    bar.dismiss("not there")
    bar.dismiss("a")
    assert not bar.isVisible()


def test_an_action_runs_once_and_its_message_goes(bar: MessageBar, qtbot: QtBot) -> None:
    remedy = Remedy(bar)
    actions = [MessageAction("Try again", remedy.try_again), MessageAction("Other", remedy.fail_again)]
    bar.show_message("fetch", "It failed.", actions=actions)
    qtbot.mouseClick(button(bar, "Try again"), Qt.MouseButton.LeftButton)
    assert (remedy.tried, remedy.shown) == (1, 0)
    assert not bar.isVisible()


def test_an_action_may_show_the_same_message_again(bar: MessageBar, qtbot: QtBot) -> None:
    remedy = Remedy(bar)
    actions = (MessageAction("Try", remedy.try_again), MessageAction("Fail", remedy.fail_again))
    bar.show_message("fetch", "It failed.", actions=actions)
    qtbot.mouseClick(button(bar, "Fail"), Qt.MouseButton.LeftButton)
    assert words(bar) == ["It failed again."]
    assert [found for found in bar.findChildren(QPushButton) if found.isVisible()] == []


def test_more_than_two_actions_are_a_mistake(bar: MessageBar) -> None:
    with pytest.raises(ValueError, match="Action"):
        bar.show_message("a", "b", actions=[MessageAction("x", bar.hide)] * 3)


def test_technical_detail_is_in_the_tooltip_and_not_taken_for_html(bar: MessageBar) -> None:
    bar.show_message("a", "It failed.", detail="<urlopen error [Errno 111]>")
    label = next(label for label in bar.findChildren(TonedLabel) if label.text() == "It failed.")
    assert "&lt;urlopen error [Errno 111]&gt;" in label.toolTip()


def test_messages_are_announced(bar: MessageBar, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = RecordingAccessible()
    monkeypatch.setattr(QtGui, "QAccessible", heard)
    bar.show_message("a", "It failed.", "Try again.", severity=Severity.ERROR)
    bar.show_message("b", "It is done.")
    politeness = QAccessible.AnnouncementPoliteness
    assert heard.events == [("It failed. Try again.", politeness.Assertive), ("It is done.", politeness.Polite)]
    assert bar.accessibleName() == "It is done."


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize(("window", "text"), [("#efefef", "#000000"), ("#323232", "#f0f0f0")])
def test_text_can_be_read_on_every_tint(bar: MessageBar, severity: Severity, window: str, text: str) -> None:
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, QColor(window))
    palette.setColor(QPalette.ColorRole.WindowText, QColor(text))
    bar.window_kept.setPalette(palette)  # type: ignore[attr-defined]
    bar.show_message("a", "text", severity=severity)
    tint = bar.palette().color(QPalette.ColorRole.Window)
    assert tint != QColor(window)
    assert contrast(bar.palette().color(QPalette.ColorRole.WindowText), tint) >= 4.5
    assert bar.grab().toImage().pixelColor(2, 2).name() == tint.name()


def test_the_tint_follows_the_scheme(bar: MessageBar) -> None:
    bar.show_message("a", "text", severity=Severity.ERROR)
    before = bar.palette().color(QPalette.ColorRole.Window)
    palette = QPalette()
    for role in (QPalette.ColorRole.Window, QPalette.ColorRole.Base, QPalette.ColorRole.Button):
        palette.setColor(role, QColor("#202020"))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(role, QColor("#ffffff"))
    bar.window_kept.setPalette(palette)  # type: ignore[attr-defined]
    bar.grab()
    after = bar.palette().color(QPalette.ColorRole.Window)
    assert after.lightness() < before.lightness()


def test_all_controls_have_names_and_can_be_reached_by_keyboard(bar: MessageBar) -> None:
    remedy = Remedy(bar)
    bar.show_message("a", "text", actions=[MessageAction("Try again", remedy.try_again)])
    for control in [*bar.findChildren(QPushButton), *bar.findChildren(QToolButton)]:
        if control.isVisible():
            assert control.accessibleName()
            assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
