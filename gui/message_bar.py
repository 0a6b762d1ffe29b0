"""Messages above the status line: in nobody's way, with their remedy as a button, and gone when dealt with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt, Slot
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QPainter,
    QPaintEvent,
    QPalette,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from gui.assets import line_icon, line_pixmap
from gui.theme import GAP, GRAPHIC_CONTRAST, SMALL_GAP, TEXT_CONTRAST, mix, with_contrast
from gui.toned_label import Tone, TonedLabel

MOST_ACTIONS = 2
_ICON_SIDE = 20
_AMBER = QColor(200, 130, 0)
_RED = QColor(198, 40, 40)
_TINT = 0.14  # of the severity's colour in the bar's background


class Severity(Enum):
    """How much a message matters; the values are names of icons."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class MessageAction:
    """A button of a message. `callback` is a bound method of an object that outlives the message."""

    label: str
    callback: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Message:
    """What happened, what to do about it, and technical detail for the tooltip."""

    key: str
    text: str
    remedy: str = ""
    severity: Severity = Severity.INFO
    actions: tuple[MessageAction, ...] = ()
    detail: str = ""


class MessageBar(QWidget):
    """Shows the newest message, and how many wait behind it; hidden when there is none. Owned by the GUI thread."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden."""
        super().__init__(parent)
        self._messages: list[Message] = []
        self._shown = 0
        self._tinting = False
        self._icon = QLabel()
        self._text = TonedLabel(wrap=True)
        self._remedy = TonedLabel("", Tone.MUTED, wrap=True)
        self._buttons = [QPushButton() for _ in range(MOST_ACTIONS)]
        self._place = TonedLabel("", Tone.MUTED)
        self._next = QToolButton()
        self._close = QToolButton()
        self._set_up_controls()
        self._lay_out()
        self.hide()

    def _set_up_controls(self) -> None:
        self._buttons[0].clicked.connect(self._run_first)
        self._buttons[1].clicked.connect(self._run_second)
        self._next.clicked.connect(self.show_next)
        self._close.clicked.connect(self._dismiss_shown)
        self._next.setAccessibleName(self.tr("Next message"))
        self._next.setToolTip(self.tr("Next message"))
        self._close.setAccessibleName(self.tr("Close message"))
        self._close.setToolTip(self.tr("Close message"))
        for button in (self._next, self._close):
            button.setAutoRaise(True)
            button.setIconSize(QSize(16, 16))
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._place.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._icon.setFixedSize(_ICON_SIDE, _ICON_SIDE)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addStretch(1)
        words.addWidget(self._text)
        words.addWidget(self._remedy)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP, SMALL_GAP, SMALL_GAP, SMALL_GAP)
        row.setSpacing(GAP)
        row.addWidget(self._icon)
        row.addLayout(words, 1)
        for widget in (*self._buttons, self._place, self._next, self._close):
            row.addWidget(widget)

    @property
    def messages(self) -> tuple[Message, ...]:
        """All messages that have not been dealt with, the newest first."""
        return tuple(self._messages)

    @property
    def shown(self) -> Message | None:
        """The message on screen."""
        return self._messages[self._shown] if self._messages else None

    def show_message(
        self,
        key: str,
        text: str,
        remedy: str = "",
        *,
        severity: Severity = Severity.INFO,
        actions: Sequence[MessageAction] = (),
        detail: str = "",
    ) -> None:
        """Show a message before all others; one with the same `key` is replaced. At most MOST_ACTIONS actions."""
        if len(actions) > MOST_ACTIONS:
            raise ValueError(actions)
        message = Message(key, text, remedy, severity, tuple(actions), detail)
        self._messages = [message, *(other for other in self._messages if other.key != key)]
        self._shown = 0
        self._refresh()
        self._announce(message)

    @Slot(str)
    def dismiss(self, key: str) -> None:
        """Take a message away, if it is there."""
        shown = self.shown
        self._messages = [message for message in self._messages if message.key != key]
        self._shown = self._messages.index(shown) if shown in self._messages else 0
        self._refresh()

    @Slot()
    def show_next(self) -> None:
        """Show the next older message; after the oldest comes the newest."""
        if self._messages:
            self._shown = (self._shown + 1) % len(self._messages)
            self._refresh()

    def _refresh(self) -> None:
        message = self.shown
        if message is None:
            self.hide()
            return
        self._text.setText(message.text)
        self._text.set_more(message.detail)
        self._remedy.setText(message.remedy)
        self._remedy.setVisible(bool(message.remedy))
        for number, button in enumerate(self._buttons):
            label = message.actions[number].label if number < len(message.actions) else ""
            button.setText(label)
            button.setAccessibleName(label)
            button.setVisible(bool(label))
        several = len(self._messages) > 1
        place = self.tr("{n} of {total}").format(n=self._shown + 1, total=len(self._messages))
        self._place.setText(place)
        self._place.setVisible(several)
        self._next.setVisible(several)
        self._tint()
        self.show()
        self.updateGeometry()

    def _announce(self, message: Message) -> None:
        from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent  # 4 ms, which most starts do without

        self.setAccessibleName(f"{message.text} {message.remedy}".strip())
        event = QAccessibleAnnouncementEvent(self, self.accessibleName())
        if message.severity is not Severity.INFO:
            event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
        QAccessible.updateAccessibility(event)

    @Slot()
    def _run_first(self) -> None:
        self._run(0)

    @Slot()
    def _run_second(self) -> None:
        self._run(1)

    def _run(self, number: int) -> None:
        message = self.shown
        if message is not None and number < len(message.actions):
            self.dismiss(message.key)  # first: what the button does may show another message
            message.actions[number].callback()

    @Slot()
    def _dismiss_shown(self) -> None:
        if self.shown is not None:
            self.dismiss(self.shown.key)

    # --- colours ---

    def changeEvent(self, event: QEvent) -> None:
        """Follow the scheme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange) and self.shown:
            self._tint()

    def _tint(self) -> None:
        """Give this widget and those in it a palette on the severity's background; they take their tones from it."""
        message = self.shown
        if message is None or self._tinting:
            return
        parent = self.parentWidget()
        outer = parent.palette() if parent is not None else QGuiApplication.palette()
        window = outer.color(QPalette.ColorRole.Window)
        accent = _accent(message.severity, outer)
        back = mix(window, accent, _TINT)
        palette = QPalette()  # only these two colours are fixed, so that the others still follow the scheme
        palette.setColor(QPalette.ColorRole.Window, back)
        text = with_contrast(outer.color(QPalette.ColorRole.WindowText), back, TEXT_CONTRAST)
        palette.setColor(QPalette.ColorRole.WindowText, text)
        self._tinting = True
        self.setPalette(palette)
        self._tinting = False
        ink = with_contrast(accent, back, GRAPHIC_CONTRAST)
        self._icon.setPixmap(line_pixmap(message.severity.value, _ICON_SIDE, ink, self.devicePixelRatioF()))
        self._icon.setAccessibleName(_severity_name(message.severity))
        palette.setColor(QPalette.ColorRole.ButtonText, text)  # of the icons alone
        self._close.setIcon(line_icon("close", palette))
        self._next.setIcon(line_icon("next", palette))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Fill the background."""
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Window))


def _accent(severity: Severity, palette: QPalette) -> QColor:
    if severity is Severity.INFO:
        return palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.Highlight)
    return _AMBER if severity is Severity.WARNING else _RED


def _severity_name(severity: Severity) -> str:
    match severity:
        case Severity.INFO:
            return QCoreApplication.translate("MessageBar", "Information")
        case Severity.WARNING:
            return QCoreApplication.translate("MessageBar", "Warning")
        case Severity.ERROR:
            return QCoreApplication.translate("MessageBar", "Error")
