"""Numbers of repeated runs: medians, ratios of neighbours, spread."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some numbers, and how far they reach."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Return median, smallest and largest; raises ValueError when there are none."""
    if not values:
        raise ValueError("no values")
    return Spread(statistics.median(values), min(values), max(values))


def ratios(reference: Sequence[float], other: Sequence[float]) -> list[float]:
    """Return, pair by pair, how many times longer the reference took: above 1 the other is faster."""
    return [long / short for long, short in zip(reference, other, strict=True)]


def plan_round(keys: Sequence[str], reference: str, *, backwards: bool) -> list[tuple[str, ...]]:
    """Return the order of a round, in groups with one run of the reference each: (x, R, y), (z, R).

    So every contestant runs directly before or after the reference, which is its partner. Taking every other round
    backwards has each of them on both sides of it, and a machine that gets slower or faster favours nobody.
    """
    groups = [(keys[start], reference, *keys[start + 1 : start + 2]) for start in range(0, len(keys), 2)]
    return [group[::-1] for group in groups[::-1]] if backwards else groups
