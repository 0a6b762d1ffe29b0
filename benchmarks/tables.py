"""The figures as Markdown tables."""

import statistics
from collections.abc import Iterator, Sequence

from benchmarks.bars import (
    COST_OF,
    ceiling_of,
    first_label_of,
    median_cost,
    speed_ratio,
    start_of,
    steady_rate,
    verdicts,
)
from benchmarks.contestants import CONTESTANTS, REFERENCE
from benchmarks.pairs import spread
from benchmarks.processes import Usage
from benchmarks.results import Results, SizeResults

TITLES = {one.key: one.title for one in (REFERENCE, *CONTESTANTS)}
_MEBIBYTE = 2**20


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; columns after the first are right-aligned."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *rows))


def all_tables(results: Results) -> str:
    """Return every table of which there are figures, each under its heading."""
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in _sections(results))


def _sections(results: Results) -> Iterator[tuple[str, str]]:
    yield "The bars", _bars_table(results)
    cores = int(results.machine["cores"])
    for size in results.sizes.values():
        title = f"{size.title}: {size.count} pictures, {size.bytes_median / 1e6:.2f} MB each"
        parts = [_size_table(results, size, cores), _costs_table(size)]
        parts += [_costs_table(size, key) for key in size.costs_apart if key in COST_OF]
        parts.append(_answers_table(size))
        yield title, "\n\n".join(parts)
    if results.first_label:
        yield "From the start of the process to the first label", _first_label_table(results)


def _bars_table(results: Results) -> str:
    rows = [(one.what, one.asked, one.measured, "yes" if one.is_met else "**no**") for one in verdicts(results)]
    return markdown_table(("", "asked", "measured", "met"), rows)


def _size_table(results: Results, size: SizeResults, cores: int) -> str:
    references = [pair.reference for pairs in size.pairs.values() for pair in pairs]
    rows = [_row(size, REFERENCE.title, references, "1", start_of(results, REFERENCE.key), None)]
    for key, pairs in size.pairs.items():
        ratio = speed_ratio(size, key)
        shown = f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
        ceiling = ceiling_of(size, key, cores) if key in COST_OF else None
        runs = [pair.own for pair in pairs]
        rows.append(_row(size, TITLES[key], runs, shown, start_of(results, key), ceiling))
    header = ("", "s", "times faster", "pictures/s", "start-up off", "of the ceiling", "CPU s", "peak MiB")
    return markdown_table(header, rows)


def _row(
    size: SizeResults, title: str, runs: Sequence[Usage], ratio: str, start: float | None, ceiling: float | None
) -> tuple[str, ...]:
    middle = statistics.median(used.seconds for used in runs)
    whole = size.count / middle
    steady = None if start is None else steady_rate(size.count, middle, start)
    share = "" if ceiling is None or steady is None else f"{steady / ceiling:.0%} (whole: {whole / ceiling:.0%})"
    return (
        title,
        f"{middle:.2f}",
        ratio,
        f"{whole:.1f}",
        "" if steady is None else f"{steady:.1f}",
        share,
        f"{statistics.median(used.cpu_seconds for used in runs):.1f}",
        f"{max(used.peak_bytes for used in runs) / _MEBIBYTE:.0f}",
    )


def _costs_table(size: SizeResults, key: str = "") -> str:
    names = {
        "decode-exact": "decoding alone, exact",
        "decode-fast": "decoding alone, fast",
        "torch": "torch alone",
        "onnx": "ONNX Runtime alone",
    }
    rows = []
    for part, name in names.items():
        if key and part not in COST_OF[key]:
            continue
        cost = median_cost(size, part, key)
        batch = f", batch {cost.batch}" if part in ("torch", "onnx") else ""
        rows.append((name + batch, f"{1000 * cost.seconds:.1f}", f"{1000 * cost.cpu_seconds:.1f}"))
    product = 1 / median_cost(size, "multiplication", key).seconds
    rows.append((f"(matrix product, float32: {product:.0f} GFLOP/s)", "", ""))
    where = f"All cores, in the run of {TITLES[key]}" if key else "All cores"
    return markdown_table((where, "ms a picture", "core-ms a picture"), rows)


def _answers_table(size: SizeResults) -> str:
    rows = [
        (TITLES[key], f"{one.disagreements} of {one.pictures}", str(one.missing), f"{one.largest_difference:.1g}")
        for key, one in size.agreement.items()
    ]
    header = (
        f"Against torchvision ({size.labels} different labels)",
        "other top-1",
        "rows missing",
        "largest difference of p",
    )
    return markdown_table(header, rows)


def _first_label_table(results: Results) -> str:
    middle = start_of(results, REFERENCE.key)
    rows = [(REFERENCE.title, f"{middle:.2f}", "1")]
    for key, pairs in results.first_label.items():
        sooner = spread([reference / own for own, reference in pairs])
        shown = f"{sooner.median:.2f} ({sooner.low:.2f} to {sooner.high:.2f})"
        rows.append((TITLES[key], f"{first_label_of(results, key):.2f}", shown))
    return markdown_table(("", "s", "times sooner"), rows)
