"""A bar chart of the ratios, as SVG that is readable on light and on dark."""

from html import escape

from benchmarks.bars import speed_ratio
from benchmarks.pairs import Spread
from benchmarks.results import Results
from benchmarks.tables import TITLES

_LEFT, _RIGHT, _BAR, _GAP, _HEAD = 330, 60, 16, 4, 34
_WIDTH = 900
_COLOURS = {"torch-exact": "#7a9bd4", "onnx-exact": "#3b76c9", "onnx-fast": "#e08a2e"}
_OTHER = "#9a9a9a"
_STYLE = (
    "text{font:13px sans-serif;fill:#222}.h{font-weight:bold}.l{stroke:#222}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.l{stroke:#ddd}}"
)


def ratio_chart(results: Results) -> str:
    """Return an SVG with a bar for each contestant and set: times faster than torchvision, with the pairs' range."""
    parts: list[str] = []
    most = max((speed_ratio(size, key).high for size in results.sizes.values() for key in size.pairs), default=1.0)
    scale = (_WIDTH - _LEFT - _RIGHT) / max(most, 1.0)
    top = 0
    for size in results.sizes.values():
        parts.append(f'<text class="h" x="8" y="{top + 22}">{escape(size.title)}</text>')
        top += _HEAD
        begin = top
        for key in size.pairs:
            parts += _bar(top, TITLES[key], _COLOURS.get(key, _OTHER), speed_ratio(size, key), scale)
            top += _BAR + _GAP
        one = _LEFT + scale
        parts.append(f'<line class="l" stroke-dasharray="3 3" x1="{one:.1f}" x2="{one:.1f}" y1="{begin}" y2="{top}"/>')
    top += 24
    parts.append(
        f'<text x="8" y="{top - 6}">Folder to CSV: times faster than torchvision one by one (dashed: 1). '
        "Median of pairs; the line spans all pairs.</text>"
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}">'
    return "\n".join((head, f"<style>{_STYLE}</style>", *parts, "</svg>")) + "\n"


def _bar(top: int, title: str, colour: str, ratio: Spread, scale: float) -> list[str]:
    middle = top + _BAR / 2
    end, low, high = (_LEFT + scale * value for value in (ratio.median, ratio.low, ratio.high))
    return [
        f'<text x="{_LEFT - 8}" y="{top + 13}" text-anchor="end">{escape(title)}</text>',
        f'<rect x="{_LEFT}" y="{top}" width="{end - _LEFT:.1f}" height="{_BAR}" fill="{colour}"/>',
        f'<line class="l" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>',
        f'<text x="{high + 6:.1f}" y="{top + 13}">{ratio.median:.2f}</text>',
    ]
