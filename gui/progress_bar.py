"""The status line: how far the work is, how fast it goes, how long it will take, and on which device."""

import math
import time
from collections.abc import Callable

from PySide6.QtCore import QLocale, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from gui.durations import time_left_text
from gui.lower_edge_button import LowerEdgeButton
from gui.theme import GAP, SMALL_GAP, WIDE_GAP, tabular_font
from gui.thin_bar import ThinBar
from gui.toned_label import Tone, TonedLabel

_MOST_KEPT = 320  # device-independent pixels
_MEMORY_SECONDS = 8.0


class RateMeter:
    """Pictures a second, smoothed: what happened longer ago counts less, by 1/e every 8 s.

    Time starts with the first count, so that loading the network does not weigh on the rate.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the clock, in seconds."""
        self._clock = clock
        self._last: tuple[float, int] | None = None
        self._pictures = 0.0
        self._seconds = 0.0

    def update(self, done: int) -> float | None:
        """Note that `done` pictures are finished in all; return the rate, or None while it is not known.

        A count that falls back begins anew.
        """
        now = self._clock()
        if self._last is None or done < self._last[1]:
            self._pictures = self._seconds = 0.0
        else:
            elapsed = now - self._last[0]
            fading = math.exp(-elapsed / _MEMORY_SECONDS)
            self._pictures = self._pictures * fading + done - self._last[1]
            self._seconds = self._seconds * fading + elapsed
        self._last = (now, done)
        return self.per_second

    @property
    def per_second(self) -> float | None:
        """The rate after the last count; None while it is not known."""
        return self._pictures / self._seconds if self._seconds > 0 and self._pictures > 0 else None

    def seconds_left(self, total: int) -> float | None:
        """Return how long the rest of `total` will take; None while the rate is not known."""
        rate = self.per_second
        if rate is None or self._last is None:
            return None
        return max(0, total - self._last[1]) / rate


class WorkClock:
    """Seconds since `start`; stands still between `pause` and `resume`. Owned by one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Stand at zero; `clock` gives seconds."""
        self._clock = clock
        self._spent = 0.0
        self._since: float | None = None

    def start(self) -> None:
        """Begin at zero."""
        self._spent, self._since = 0.0, self._clock()

    def pause(self) -> None:
        """Stand still; harmless when it does already."""
        self._spent, self._since = self.seconds(), None

    def resume(self) -> None:
        """Go on; harmless when it is going."""
        if self._since is None:
            self._since = self._clock()

    def seconds(self) -> float:
        """Return the time so far."""
        return self._spent + (0.0 if self._since is None else self._clock() - self._since)


class StatusLine(QWidget):
    """One line at the bottom of the window; owned by the GUI thread."""

    details_requested = Signal()
    """More is to be told of what was done last."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start idle."""
        super().__init__(parent)
        self._bar = ThinBar()
        self._bar.setMinimumWidth(80)
        self._bar.setAccessibleName(self.tr("Progress of classifying"))
        self._text = TonedLabel()
        self._text.setFont(tabular_font(self._text.font()))
        self._text.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        self._device = TonedLabel("", Tone.MUTED)
        self._device.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
        self._device.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GAP, SMALL_GAP, GAP, SMALL_GAP)
        layout.setSpacing(WIDE_GAP)
        layout.addWidget(self._bar, 1)
        self._details = LowerEdgeButton(self.tr("Details"), self.tr("Say more of what was done"))
        self._details.clicked.connect(self._request_details)
        layout.addWidget(self._text)
        layout.addWidget(self._details)
        self._filler = QWidget()  # in place of the bar, at the other side of the text
        layout.addWidget(self._filler, 1)
        layout.addWidget(self._device)
        self.setMinimumHeight(self._text.sizeHint().height() + 2 * SMALL_GAP + GAP)
        self.setAccessibleName(self.tr("Status"))
        self.set_idle("")
        self.set_device("")

    @property
    def text(self) -> str:
        """What the line says."""
        return self._text.text()

    @property
    def device_text(self) -> str:
        """What the line says of the device."""
        return self._device.text()

    @property
    def busy(self) -> bool:
        """Whether the progress bar is shown."""
        return not self._bar.isHidden()

    def update_progress(self, done: int, total: int, per_second: float | None, seconds_left: float | None) -> None:
        """Show that `done` of `total` pictures are finished; rate and seconds left where they are known."""
        self._bar.set_share(done / total if total > 0 else 0.0)
        self._details.show_text("")
        number = QLocale().toString
        parts = [self.tr("{done} of {total}").format(done=number(done), total=number(total))]
        if per_second is not None:
            decimals = 0 if per_second >= 9.95 else 1
            rate = number(float(per_second), "f", decimals)
            parts.append(self.tr("{rate}\u00a0images/s").format(rate=rate))
        if seconds_left is not None and done < total:
            parts.append(time_left_text(seconds_left))
        self._show_bar(True)
        self._text.setText(" \u00b7 ".join(parts))
        # The text keeps the width it once had, so that the bar does not jump with every digit.
        self._text.setMinimumWidth(min(_MOST_KEPT, max(self._text.minimumWidth(), self._text.sizeHint().width())))

    def set_paused(self, done: int, total: int) -> None:
        """Show that the work waits, with `done` of `total` pictures finished."""
        self.update_progress(done, total, None, None)
        self._text.setText(self.tr("Paused \u00b7 {progress}").format(progress=self._text.text()))

    def set_busy(self, text: str) -> None:
        """Show that something is going on whose length is not known."""
        self._bar.set_indeterminate()
        self._details.show_text("")
        self._show_bar(True)
        self._say(text)

    def set_idle(self, text: str, *, details: bool = False) -> None:
        """Show that nothing is going on; `text` says what was done last, or is empty. `details` offers more of it."""
        self._bar.set_share(0.0)
        self._show_bar(False)
        self._text.setMinimumWidth(0)
        self._say(text)
        self._details.show_text(self.tr("Details") if details else "")

    @Slot()
    def _request_details(self) -> None:
        self.details_requested.emit()

    def set_device(self, text: str) -> None:
        """Show which device is in use; empty for none yet."""
        self._device.setText(text)
        self._device.setAccessibleName(self.tr("Device in use: {device}").format(device=text) if text else "")
        self._device.setVisible(bool(text))

    def _show_bar(self, shown: bool) -> None:
        self._bar.setVisible(shown)
        self._filler.setVisible(not shown)

    def _say(self, text: str) -> None:
        changed = text != self._text.text()
        self._text.setText(text)
        if changed and text:
            from PySide6.QtGui import QAccessible, QAccessibleEvent  # 4 ms, which a start does without

            QAccessible.updateAccessibility(QAccessibleEvent(self._text, QAccessible.Event.NameChanged))
