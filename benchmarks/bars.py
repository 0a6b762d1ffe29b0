"""The bars that the product is held to, and whether the figures reach them."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.ceiling import Cost, ceiling_rate
from benchmarks.contestants import REFERENCE
from benchmarks.pairs import Spread, ratios, spread
from benchmarks.results import Results, SizeResults

RATIO_BARS = {
    "torch-exact": {"500": 1.4, "hd": 1.4, "12mp": 1.4, "24mp": 1.4, "png": 1.4},
    "onnx-exact": {"500": 1.7, "hd": 1.7, "12mp": 1.7, "24mp": 1.7, "png": 1.7},
    "onnx-fast": {"500": 2.0, "hd": 2.4, "12mp": 4.0, "24mp": 5.5},
}
"""Contestant -> set of pictures -> how many times faster than torchvision one by one, whole processes."""
SHARE_BAR = 0.85
"""Share of the measured ceiling, start-up taken off. Where it and a ratio disagree, the ceiling rules."""
OTHERS = ("torchvision-loader", "timm", "huggingface")
OTHERS_EXACT_BAR, OTHERS_FAST_BAR = 1.0, 1.8
FIRST_LABEL_BAR = 4.0
MEMORY_BAR = 1.10
COST_OF = {
    "torch-exact": ("decode-exact", "torch"),
    "onnx-exact": ("decode-exact", "onnx"),
    "onnx-fast": ("decode-fast", "onnx"),
}
"""Contestant -> the parts that its ceiling is made of."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One bar: what it is about, what is asked, what was measured, and whether that is enough."""

    what: str
    asked: str
    measured: str
    is_met: bool


def speed_ratio(size: SizeResults, key: str) -> Spread:
    """Return how many times faster than the reference a contestant was, by pairs of whole processes."""
    pairs = size.pairs[key]
    return spread(ratios([pair.reference.seconds for pair in pairs], [pair.own.seconds for pair in pairs]))


def ratio_to(size: SizeResults, other: str, key: str) -> float:
    """Return how many times faster a contestant was than another one, by rounds, as a median."""
    others = [pair.own.seconds for pair in size.pairs[other]]
    own = [pair.own.seconds for pair in size.pairs[key]]
    return statistics.median(ratios(others, own))


def seconds(size: SizeResults, key: str) -> float:
    """Return a contestant's median seconds for the whole process."""
    return statistics.median(pair.own.seconds for pair in size.pairs[key])


def steady_rate(count: int, whole: float, first_label: float) -> float:
    """Return pictures a second with the seconds until the first label taken off those of the whole process."""
    return (count - 1) / (whole - first_label)


def median_cost(size: SizeResults, part: str, key: str = "") -> Cost:
    """Return the run of median core-seconds among those that measured a part, in the run that contestant `key` had."""
    ordered = sorted(size.costs_apart.get(key, size.costs)[part], key=lambda cost: cost.cpu_seconds)
    return ordered[len(ordered) // 2]


def ceiling_of(size: SizeResults, key: str, cores: int) -> float:
    """Return the ceiling of a contestant in pictures a second."""
    decode, inference = COST_OF[key]
    return ceiling_rate(median_cost(size, decode, key), median_cost(size, inference, key), cores)


def start_of(results: Results, key: str) -> float | None:
    """Return the seconds of start-up that may be taken off a whole process; None where they are not known.

    Until the first label that is, but not of those who give none before a whole batch is done.
    """
    if key == REFERENCE.key:
        found = [reference for pairs in results.first_label.values() for _, reference in pairs]
        return statistics.median(found) if found else None
    return first_label_of(results, key) if key in COST_OF else None


def first_label_of(results: Results, key: str) -> float | None:
    """Return a contestant's median seconds to its first label; None when that was not measured."""
    pairs = results.first_label.get(key)
    return statistics.median(own for own, _ in pairs) if pairs else None


def verdicts(results: Results) -> list[Verdict]:
    """Return every bar of which there are figures."""
    return [*_of_sizes(results), *_of_others(results), *_of_start(results), *_of_memory(results)]


def _at_least(what: str, bar: float, value: float, shown: str) -> Verdict:
    return Verdict(what, f"at least {bar:g}", shown, value >= bar)


def _of_sizes(results: Results) -> Iterator[Verdict]:
    cores = int(results.machine["cores"])
    for key, bars in RATIO_BARS.items():
        for name, size in results.sizes.items():
            if key not in size.pairs:
                continue
            if name in bars:
                ratio = speed_ratio(size, key)
                shown = f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
                yield _at_least(f"{key}, {size.title}: times torchvision", bars[name], ratio.median, shown)
            first = first_label_of(results, key)
            if first is not None:
                share = steady_rate(size.count, seconds(size, key), first) / ceiling_of(size, key, cores)
                yield _at_least(f"{key}, {size.title}: share of the ceiling", SHARE_BAR, share, f"{share:.2f}")


def _of_others(results: Results) -> Iterator[Verdict]:
    for other in OTHERS:
        for key in ("torch-exact", "onnx-exact"):
            found = {
                size.title: ratio_to(size, other, key)
                for size in results.sizes.values()
                if key in size.pairs and other in size.pairs
            }
            if found:
                slowest = min(found, key=lambda title: found[title])
                shown = f"{found[slowest]:.2f} ({slowest})"
                yield _at_least(f"{key}: times {other}, worst size", OTHERS_EXACT_BAR, found[slowest], shown)
        fast = [
            ratio_to(size, other, "onnx-fast")
            for size in results.sizes.values()
            if "onnx-fast" in size.pairs and other in size.pairs
        ]
        if fast:
            middle = statistics.median(fast)
            yield _at_least(f"onnx-fast: times {other}, median of sizes", OTHERS_FAST_BAR, middle, f"{middle:.2f}")


def _of_start(results: Results) -> Iterator[Verdict]:
    pairs = results.first_label.get("onnx-exact")
    if pairs:
        sooner = spread([other / own for own, other in pairs])
        shown = f"{sooner.median:.2f} ({sooner.low:.2f} to {sooner.high:.2f})"
        yield _at_least("first label: times sooner than torchvision", FIRST_LABEL_BAR, sooner.median, shown)


def _of_memory(results: Results) -> Iterator[Verdict]:
    found = results.memory
    if found is not None:
        growth = statistics.median(found.peaks_many) / statistics.median(found.peaks_few)
        what = f"peak memory: {found.many:,} pictures / {found.few:,}"
        yield Verdict(what, f"at most {MEMORY_BAR:.2f}", f"{growth:.3f}", growth <= MEMORY_BAR)


MUST_AGREE = ("torchvision-loader", "timm", "torch-exact", "onnx-exact")
"""These see the same pixels as the reference, so that no label may differ."""


def faults(results: Results) -> list[str]:
    """Return what must not be: pictures without a row, and other labels where pixels are the same."""
    found = []
    for size in results.sizes.values():
        for key, one in size.agreement.items():
            if one.missing:
                found.append(f"{size.title}: {key} left out {one.missing} of {one.pictures} pictures")
            if one.disagreements and key in MUST_AGREE:
                found.append(f"{size.title}: {key} gives {one.disagreements} other labels")
    return found
