"""What fills the evaluation dialog while there is no result: how it works, how far it is, or what went wrong."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui.error_texts import problem_remedy, problem_text
from gui.evaluation_texts import pictures_text, progress_text
from gui.heat_colours import heat_colour
from gui.theme import SMALL_GAP, WIDE_GAP, bold_font, tabular_font
from gui.thin_bar import ThinBar
from gui.toned_label import Tone, TonedLabel
from model.evaluation_types import EvaluationProgress, EvaluationStarted
from model.types import Problem

_TEXT_WIDTH = 560


class StartPage(QWidget):
    """Says what an evaluation is and what it needs; after one that was stopped or failed, that as well."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with the explanation alone."""
        super().__init__(parent)
        self._title = _centred(TonedLabel("", wrap=True))
        self._title.setFont(bold_font(self._title.font()))
        self._words = _centred(TonedLabel("", Tone.MUTED, wrap=True))
        self._drawing = _Drawing()
        column = _middle(self)
        column.setSpacing(WIDE_GAP)
        column.addWidget(self._drawing, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._title)
        column.addWidget(self._words)
        self.explain()

    @property
    def text(self) -> str:
        """What the page says."""
        return f"{self._title.text()} {self._words.text()}".strip()

    def explain(self) -> None:
        """Say what an evaluation needs."""
        self._say(
            self.tr("How good are the weights on your own pictures?"),
            self.tr(
                "Choose a folder, or drop it here, with a folder of pictures for each class, named after the class: "
                "cloudy, rain, and so on. Or choose any folder and a labels file, a table with the columns "
                "\u201cfile\u201d and \u201clabel\u201d."
            ),
        )

    def show_stopped(self) -> None:
        """Say that the evaluation was stopped."""
        self._say(self.tr("Stopped"), self.tr("Nothing was kept; the pictures are as they were."))

    def show_problem(self, problem: Problem) -> None:
        """Say what went wrong, and what can be done about it."""
        self._say(problem_text(problem), problem_remedy(problem), Tone.DANGER)
        self._title.set_more(problem.detail)

    def show_crash(self) -> None:
        """Say that the evaluation ended by a bug, which is told of elsewhere."""
        self._say(
            self.tr("The evaluation broke off because of an error in Photospotter."),
            self.tr("The error report says more. Your pictures are as they were."),
            Tone.DANGER,
        )

    def _say(self, title: str, words: str, tone: Tone = Tone.TEXT) -> None:
        self._drawing.setVisible(tone is Tone.TEXT)
        self._title.set_tone(tone)
        self._title.set_more("")
        self._title.setText(title)
        self._words.setText(words)
        self.setAccessibleName(self.text)
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.NameChanged))


class ProgressPage(QWidget):
    """Says how far the evaluation is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with nothing known."""
        super().__init__(parent)
        self._title = _centred(TonedLabel("", wrap=True))
        self._title.setFont(bold_font(self._title.font()))
        self._bar = ThinBar()
        self._bar.setAccessibleName(self.tr("Progress of the evaluation"))
        self._words = _centred(TonedLabel("", Tone.MUTED, wrap=True))
        self._words.setFont(tabular_font(self._words.font()))
        column = _middle(self)
        column.setSpacing(WIDE_GAP - SMALL_GAP)
        for widget in (self._title, self._bar, self._words):
            column.addWidget(widget)

    @property
    def text(self) -> str:
        """What the page says."""
        return f"{self._title.text()} {self._words.text()}".strip()

    def begin(self, title: str) -> None:
        """Show that an evaluation of the set called `title` begins."""
        self._title.setText(self.tr("Evaluating {title}").format(title=title))
        self._words.setText(self.tr("Looking at the folder\u2026"))
        self._bar.set_indeterminate()
        self.setAccessibleName(self._title.text())

    def show_started(self, started: EvaluationStarted) -> None:
        """Show how many pictures there are while the network is being loaded."""
        if started.part is None:
            text = self.tr("{pictures}; loading the network\u2026")
        else:
            text = self.tr("{pictures} in the part \u201c{part}\u201d; loading the network\u2026")
        self._words.setText(text.format(pictures=pictures_text(started.total), part=started.part))

    def show_progress(self, progress: EvaluationProgress) -> None:
        """Show how many pictures are done; nothing is said of the speed before the first."""
        if progress.done + progress.errors:
            self._bar.set_share(progress.done / max(1, progress.total))
            self._words.setText(progress_text(progress))


def _middle(page: QWidget) -> QVBoxLayout:
    """Return the layout of a column in the middle of a page, a little above its centre."""
    inner = QWidget()
    inner.setFixedWidth(_TEXT_WIDTH)
    row = QHBoxLayout()
    row.addStretch(1)
    row.addWidget(inner)
    row.addStretch(1)
    column = QVBoxLayout(page)
    column.addStretch(2)
    column.addLayout(row)
    column.addStretch(3)
    middle = QVBoxLayout(inner)
    middle.setContentsMargins(0, 0, 0, 0)
    return middle


def _centred(label: TonedLabel) -> TonedLabel:
    label.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
    return label


class _Drawing(QWidget):
    """A small heat map."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(76, 76)

    def paintEvent(self, _event: QPaintEvent) -> None:
        shares = ((0.9, 0.1, 0.0), (0.04, 0.8, 0.2), (0.0, 0.02, 0.95))
        side = self.width() / 3
        with QPainter(self) as painter:
            for row, line in enumerate(shares):
                for column, share in enumerate(line):
                    tile = QRectF(column * side, row * side, side - 2, side - 2)
                    painter.fillRect(tile, heat_colour(share, self.palette()))
