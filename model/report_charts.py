"""The pictures of the HTML report that are drawn from figures: SVG, and the confusion matrix as a table."""

from collections.abc import Sequence

from model.evaluation_queries import occurring_classes, unique_labels
from model.evaluation_types import Estimate, Evaluation, ReliabilityBin
from model.html_text import Html, element
from model.intervals import wilson
from model.report_style import LEVELS
from model.report_texts import counted, interval, percent

LARGEST_TABLE = 25
"""Classes up to which the confusion matrix is a table with numbers; it is readable on a screen's width."""

LARGEST_DRAWING = 50
"""Classes up to which it is drawn as coloured squares; beyond, labels could not be read, and the pairs tell more."""

# From these shares of a class's pictures on a cell has the next colour. Errors are rare, so theirs rise faster.
_RIGHT_STEPS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95)
_WRONG_STEPS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)
_MANY_COLUMNS = 7  # from so many columns on their labels stand upright
_CELL = 14
_PLOT = 360
_LEFT, _TOP, _HISTOGRAM = 64, 10, 70


def level(share: float, *, right: bool) -> str | None:
    """Return the CSS class of a cell that holds this share of its class's pictures, None for an empty one."""
    if share <= 0:
        return None
    steps = _RIGHT_STEPS if right else _WRONG_STEPS
    number = sum(share >= step for step in steps)
    return f"{'right' if right else 'wrong'}{number}"


def interval_bar(estimate: Estimate, label: str) -> Html:
    """Return a scale from 0 to 100 % with the 95 % interval and the share itself on it."""
    low, value, high = (500 * share for share in (estimate.low, estimate.value, estimate.high))
    return element(
        "svg",
        element("title", f"{label}: {percent(estimate.value)}, 95 % interval {interval(estimate)}"),
        element("rect", x=0, y=10, width=500, height=8, rx=4, class_="track"),
        element(
            "rect", x=_number(low), y=7, width=_number(max(2, high - low)), height=14, rx=3, class_="mark", opacity=0.35
        ),
        element("circle", cx=_number(value), cy=14, r=6, class_="mark"),
        *(
            element("text", f"{tick} %", x=5 * tick, y=38, text_anchor=anchor)
            for tick, anchor in ((0, "start"), (50, "middle"), (100, "end"))
        ),
        viewBox="0 0 500 42",
        width=500,
        height=42,
        overflow="visible",
        role="img",
    )


def share_bar(share: float) -> Html:
    """Return a small bar for a table cell; the cell says the number itself."""
    return element(
        "svg",
        element("rect", x=0, y=0, width=80, height=8, rx=2, class_="track"),
        element("rect", x=0, y=0, width=_number(80 * share), height=8, rx=2, class_="share"),
        viewBox="0 0 80 8",
        width=80,
        height=8,
        aria_hidden="true",
    )


def reliability_diagram(bins: Sequence[ReliabilityBin]) -> Html:
    """Return accuracy over confidence with 95 % intervals, and below it how many pictures each bin has."""
    bottom, right = _TOP + _PLOT, _LEFT + _PLOT
    most = max((one.count for one in bins), default=0)
    base = bottom + 14 + _HISTOGRAM
    parts: list[Html] = [element("title", "Share of right labels by confidence")]
    for tick in range(0, 101, 25):
        x, y = _LEFT + _PLOT * tick / 100, bottom - _PLOT * tick / 100
        parts += [
            element("line", x1=_LEFT, x2=right, y1=_number(y), y2=_number(y), class_="grid"),
            element("text", f"{tick} %", x=_LEFT - 8, y=_number(y + 4), text_anchor="end"),
            element("text", f"{tick} %", x=_number(x), y=base + 18, text_anchor="middle"),
        ]
    for one in bins:
        if one.count:
            parts += _reliability_bar(one, bottom)
            height = max(1.0, _HISTOGRAM * one.count / most)
            x, width = _bar_place(one)
            parts.append(
                element(
                    "rect",
                    element("title", _bin_text(one)),
                    x=_number(x),
                    y=_number(base - height),
                    width=_number(width),
                    height=_number(height),
                    class_="count",
                )
            )
    parts += [
        element("line", x1=_LEFT, y1=bottom, x2=right, y2=_TOP, class_="ideal"),
        element("line", x1=_LEFT, y1=base, x2=right, y2=base, class_="grid"),
        element(
            "text", "right", x=12, y=_TOP + _PLOT / 2, text_anchor="middle", transform=f"rotate(-90 12 {_TOP + 180})"
        ),
        element("text", "pictures", x=12, y=base - 35, text_anchor="middle", transform=f"rotate(-90 12 {base - 35})"),
        element(
            "text", "confidence: probability of the likeliest label", x=_LEFT + 180, y=base + 38, text_anchor="middle"
        ),
    ]
    width, height = right + 20, base + 46
    return element("svg", *parts, viewBox=f"0 0 {width} {height}", width=width, height=height, role="img")


def _bar_place(one: ReliabilityBin) -> tuple[float, float]:
    return _LEFT + _PLOT * one.low + 1.5, _PLOT * (one.high - one.low) - 3


def _bin_text(one: ReliabilityBin) -> str:
    return (
        f"{100 * one.low:.0f} to {100 * one.high:.0f} %: {counted(one.count, 'picture')}, "
        f"{percent(one.confidence)} sure on average, {percent(one.accuracy)} right"
    )


def _reliability_bar(one: ReliabilityBin, bottom: float) -> list[Html]:
    x, width = _bar_place(one)
    height = max(1.0, _PLOT * one.accuracy)
    estimate = wilson(round(one.accuracy * one.count), one.count)
    middle = x + width / 2
    return [
        element(
            "rect",
            element("title", _bin_text(one)),
            x=_number(x),
            y=_number(bottom - height),
            width=_number(width),
            height=_number(height),
            class_="share",
            opacity=0.75,
        ),
        element(
            "line",
            x1=_number(middle),
            x2=_number(middle),
            y1=_number(bottom - _PLOT * estimate.low),
            y2=_number(bottom - _PLOT * estimate.high),
            class_="whisker",
        ),
    ]


def confusion_matrix(evaluation: Evaluation) -> Html | None:
    """Return the confusion matrix of the classes that occur, as a table or drawn; None when they are too many."""
    occurring = [figures.class_index for figures in occurring_classes(evaluation)]
    rows = [index for index in occurring if evaluation.per_class[index].support]
    if len(occurring) <= LARGEST_TABLE:
        return _matrix_table(evaluation, rows, occurring)
    if len(occurring) <= LARGEST_DRAWING:
        return _matrix_drawing(evaluation, rows, occurring)
    return None


def _matrix_table(evaluation: Evaluation, rows: Sequence[int], columns: Sequence[int]) -> Html:
    labels = unique_labels(evaluation.classes)

    def cell(row: int, column: int) -> Html:
        count = int(evaluation.confusion[row, column])
        colour = level(count / evaluation.per_class[row].support, right=row == column)
        return element("td", f"{count:,}", class_=colour or "none")

    head = element(
        "tr",
        element("th", "is \\ taken for", scope="col"),
        *(element("th", element("span", labels[column]), scope="col") for column in columns),
    )
    body = [
        element("tr", element("th", labels[row], scope="row"), *(cell(row, column) for column in columns))
        for row in rows
    ]
    upright = " upright" if len(columns) >= _MANY_COLUMNS else ""
    return element("table", element("thead", head), element("tbody", *body), class_=f"matrix{upright}")


def _matrix_drawing(evaluation: Evaluation, rows: Sequence[int], columns: Sequence[int]) -> Html:
    labels = unique_labels(evaluation.classes)
    margin = 8 + 6 * min(28, max(len(labels[index]) for index in columns))
    parts: list[Html] = [element("title", "Confusion matrix: rows are the right classes, columns what was said")]
    for place, row in enumerate(rows):
        y = margin + _CELL * place
        parts.append(element("text", _short(labels[row]), x=margin - 6, y=y + 11, text_anchor="end"))
        for across, column in enumerate(columns):
            count = int(evaluation.confusion[row, column])
            colour = level(count / evaluation.per_class[row].support, right=row == column)
            if colour is None:
                continue
            parts.append(
                element(
                    "rect",
                    element("title", f"{labels[row]} taken for {labels[column]}: {count:,}"),
                    x=margin + _CELL * across,
                    y=y,
                    width=_CELL - 1,
                    height=_CELL - 1,
                    class_=colour,
                )
            )
    for across, column in enumerate(columns):
        x = margin + _CELL * across + 10
        turn = f"rotate(-90 {x} {margin - 6})"
        parts.append(element("text", _short(labels[column]), x=x, y=margin - 6, transform=turn))
    width, height = margin + _CELL * len(columns), margin + _CELL * len(rows)
    return element(
        "svg", *parts, viewBox=f"0 0 {width} {height}", width=width, height=height, role="img", class_="small"
    )


def matrix_key() -> Html:
    """Return what the colours of the matrix mean."""
    colours = [
        element(
            "span", *(element("span", class_=f"key {kind}{number}") for number in range(1, LEVELS + 1)), class_="keys"
        )
        for kind in ("right", "wrong")
    ]
    return element(
        "p",
        "Rows are classes, columns what their pictures were taken for. From few to many: right ",
        colours[0],
        ", wrong ",
        colours[1],
        class_="note",
    )


def _short(label: str) -> str:
    return label if len(label) <= 28 else f"{label[:27]}…"


def _number(value: float) -> str:
    """Return a coordinate to a tenth of a pixel."""
    return f"{value:.1f}"
