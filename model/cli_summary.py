"""The end of a run on the command line: what came of it, in words for standard error."""

from collections.abc import Iterator

from model.cli_output import format_seconds
from model.errors import describe
from model.run_summary import RunSummary


def summary_lines(summary: RunSummary, total: int, *, calibrated: bool) -> Iterator[str]:
    """Yield the summary in English for the command line; `total` is how many pictures were asked for."""
    unsure = f" ({summary.unsure:,} unsure)" if calibrated else ""
    parts = [f"{summary.done - summary.errors:,} classified{unsure}", f"{summary.errors:,} failed"]
    if summary.recalled:
        parts.append(f"{summary.recalled:,} known from earlier runs")
    if total > summary.done:
        parts.append(f"{total - summary.done:,} pending")
    rate = f"; {summary.per_second:.1f} images/s" if summary.per_second is not None else ""
    spent = f" in {format_seconds(summary.seconds)}" if summary.seconds >= 1 else ""
    yield f"{summary.done:,} of {total:,} pictures: {', '.join(parts)}{rate}{spent}"
    for failure in summary.failures:
        yield f"  failed: {failure.count:,} - {describe(failure.problem)}"
