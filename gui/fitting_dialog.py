"""A dialog that is never too low for its wrapped texts, which Qt's own minimum size does not look at."""

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QDialog

_WHEN = (QEvent.Type.LayoutRequest, QEvent.Type.Resize, QEvent.Type.Show)


class FittingDialog(QDialog):
    """Grows downwards when its texts need more lines; it does not shrink by itself."""

    def event(self, event: QEvent) -> bool:
        """Look at the height after whatever may have changed it."""
        handled = super().event(event)
        if event.type() in _WHEN:
            self._fit()
        return handled

    def _fit(self) -> None:
        layout = self.layout()
        if layout is None or not layout.hasHeightForWidth():
            return
        needed = layout.totalHeightForWidth(self.width())
        if needed != self.minimumHeight():
            self.setMinimumHeight(needed)
