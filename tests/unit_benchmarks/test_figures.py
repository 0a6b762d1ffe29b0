"""What the side by side makes of its runs: pairs, ceilings, bars, agreement."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.answers import Agreement, check_run, compare, read_answers
from benchmarks.bars import RATIO_BARS, ceiling_of, faults, ratio_to, speed_ratio, start_of, steady_rate, verdicts
from benchmarks.ceiling import Cost, ceiling_rate
from benchmarks.page import write_page
from benchmarks.pairs import plan_round, ratios, spread
from benchmarks.plot import ratio_chart
from benchmarks.processes import Usage
from benchmarks.results import MemoryResults, Pair, Results, SizeResults, load_results

MACHINE, VERSIONS = {"processor": "a fast one", "cores": "2"}, {"torch": "2"}


def usage(seconds: float) -> Usage:
    return Usage(seconds, 2 * seconds, 100 * 2**20)


def pairs_of(own: list[float], reference: list[float]) -> list[Pair]:
    return [Pair(usage(a), usage(b)) for a, b in zip(own, reference, strict=True)]


def results_of(fast: float = 2.0) -> Results:
    size = SizeResults("24 MP", 41, 6_000_000, labels=7)
    reference = [20.0, 22.0, 18.0]
    size.pairs = {
        "torchvision-loader": pairs_of([15.0, 15.0, 15.0], reference),
        "onnx-exact": pairs_of([8.0, 8.0, 8.0], reference),
        "onnx-fast": pairs_of([fast] * 3, reference),
    }
    size.agreement = {key: Agreement(41, 0, 0, 1e-6) for key in size.pairs}
    parts = {"decode-exact": 0.2, "decode-fast": 0.02, "torch": 0.1, "onnx": 0.06, "multiplication": 0.01}
    size.costs = {part: [Cost(cost / 2, cost, 8)] * 3 for part, cost in parts.items()}
    found = Results(MACHINE, VERSIONS, sizes={"24mp": size})
    found.first_label = {"onnx-exact": [(1.0, 5.0), (1.0, 4.5), (1.0, 4.0)], "torchvision-loader": [(9.0, 4.4)]}
    found.memory = MemoryResults(10_000, 100, [330, 331], [310, 311])
    return found


def test_a_spread_is_median_least_and_most() -> None:
    found = spread([3, 1, 10, 2, 9])
    assert (found.median, found.low, found.high) == (3, 1, 10)
    with pytest.raises(ValueError, match="no values"):
        spread([])


def test_ratios_are_taken_pair_by_pair() -> None:
    # A machine that gets slower by half between the pairs leaves them alone; medians of both columns would not.
    assert ratios([2.0, 4.0, 40.0], [1.0, 2.0, 20.0]) == [2, 2, 2]
    with pytest.raises(ValueError, match="zip"):
        ratios([1.0], [])


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_everyone_runs_beside_the_reference_and_on_both_sides_of_it_in_turn(count: int) -> None:
    keys = [f"k{number}" for number in range(count)]
    forwards = plan_round(keys, "R", backwards=False)
    backwards = plan_round(keys, "R", backwards=True)

    for groups in (forwards, backwards):
        assert sorted(key for group in groups for key in group if key != "R") == sorted(keys)
        for group in groups:
            assert group.count("R") == 1
            assert len(group) <= 3
            assert all(abs(group.index(key) - group.index("R")) <= 1 for key in group)
    assert [group[::-1] for group in backwards[::-1]] == forwards


def test_the_ceiling_shares_the_cores_by_core_seconds() -> None:
    assert ceiling_rate(Cost(0.5, 1.0), Cost(1.5, 3.0), cores=2) == pytest.approx(0.5)


def test_ratios_of_sizes_are_medians_of_pairs() -> None:
    size = results_of().sizes["24mp"]
    found = speed_ratio(size, "onnx-exact")
    assert (found.median, found.low, found.high) == (2.5, 2.25, 2.75)
    assert ratio_to(size, "torchvision-loader", "onnx-exact") == pytest.approx(15 / 8)


def test_start_up_is_not_taken_off_those_who_wait_for_a_batch() -> None:
    found = results_of()
    assert steady_rate(41, 6.0, 1.0) == pytest.approx(8)
    assert start_of(found, "onnx-exact") == 1.0
    assert start_of(found, "torchvision") == pytest.approx(4.45)
    assert start_of(found, "torchvision-loader") is None


@pytest.mark.parametrize(("fast", "is_met"), [(3.6, True), (3.7, False)])
def test_a_bar_is_met_or_not(fast: float, is_met: bool) -> None:
    assert RATIO_BARS["onnx-fast"]["24mp"] == 5.5
    found = {one.what: one for one in verdicts(results_of(fast))}
    assert found["onnx-fast, 24 MP: times torchvision"].is_met is is_met


def test_verdicts_of_start_memory_ceiling_and_others() -> None:
    found = {one.what: one for one in verdicts(results_of())}

    first = found["first label: times sooner than torchvision"]
    assert (first.measured, first.is_met) == ("4.50 (4.00 to 5.00)", True)
    memory = found["peak memory: 10,000 pictures / 100"]
    assert (memory.measured, memory.is_met) == ("1.064", True)
    # 40 pictures in 7 s, of 2 cores / (0.2 + 0.06) core-seconds
    share = found["onnx-exact, 24 MP: share of the ceiling"]
    assert (share.measured, share.is_met) == ("0.74", False)
    assert found["onnx-exact: times torchvision-loader, worst size"].is_met
    assert found["onnx-fast: times torchvision-loader, median of sizes"].measured == "7.50"


def test_faults_are_missing_rows_and_other_labels_of_the_same_pixels() -> None:
    found = results_of()
    assert faults(found) == []
    agreement = found.sizes["24mp"].agreement
    agreement["onnx-fast"] = Agreement(41, 0, 3, 0.1)  # other pixels: printed, no fault
    assert faults(found) == []
    agreement["onnx-exact"] = Agreement(41, 2, 1, 0.1)
    assert faults(found) == ["24 MP: onnx-exact left out 2 of 41 pictures", "24 MP: onnx-exact gives 1 other labels"]


def test_results_come_back_as_they_were_unless_the_machine_is_another(tmp_path: Path) -> None:
    found = results_of()
    found.save(tmp_path)
    assert load_results(tmp_path, MACHINE, VERSIONS) == found
    assert load_results(tmp_path, MACHINE | {"cores": "4"}, VERSIONS).sizes == {}
    assert load_results(tmp_path, MACHINE, {"torch": "3"}).memory is None
    assert load_results(tmp_path / "none", MACHINE, VERSIONS).first_label == {}


def test_the_page_tells_what_was_measured_on_what(tmp_path: Path) -> None:
    write_page(results_of(fast=3.7), tmp_path)
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "processor a fast one, cores 2" in page
    assert "| onnx-fast, 24 MP: times torchvision | at least 5.5 | 5.41 (4.86 to 5.95) | **no** |" in page
    assert "24 MP: 41 pictures, 6.00 MB each" in page
    assert (tmp_path / "table.md").read_text(encoding="utf-8").strip() in page
    assert "2.50" in ratio_chart(results_of())


def table_of(path: Path, rows: list[tuple[str, str, str]]) -> Path:
    lines = ["path,other,label_1,prob_1", *(f"{name},x,{label},{prob}" for name, label, prob in rows)]
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    return path


def test_tables_are_compared_picture_by_picture_in_any_order(tmp_path: Path) -> None:
    reference = read_answers(table_of(tmp_path / "a", [("1", "cat", "0.5"), ("2", "dog", "0.7"), ("3", "owl", "0.9")]))
    other = read_answers(table_of(tmp_path / "b", [("2", "dog", "0.6"), ("1", "cow", "0.5"), ("3", "", "")]))

    found = compare(["1", "2", "3"], reference, other)

    assert (found.pictures, found.missing, found.disagreements) == (3, 1, 1)
    assert found.largest_difference == pytest.approx(0.1)
    with pytest.raises(ValueError, match="no label for 1 pictures"):
        compare(["1", "4"], reference, other)


def test_two_rows_for_a_picture_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two rows"):
        read_answers(table_of(tmp_path / "a", [("1", "cat", "0.5"), ("1", "cat", "0.5")]))


@pytest.mark.parametrize(
    ("engines", "decode", "is_right"),
    [
        ({"onnx": 3}, {"fast": 3}, True),
        ({"onnx": 2, "torch": 1}, {"fast": 3}, False),
        ({"onnx": 3}, {"exact": 3}, False),
        ({"onnx": 2}, {"fast": 2}, False),
    ],
)
def test_a_run_that_did_something_else_is_noticed(
    tmp_path: Path, engines: dict[str, int], decode: dict[str, int], is_right: bool
) -> None:
    run = {"engines": engines, "decode": decode}
    (tmp_path / "a.run.json").write_text(json.dumps(run), encoding="utf-8")
    if is_right:
        check_run(tmp_path / "a.csv", "onnx", "fast", 3)
    else:
        with pytest.raises(ValueError, match="not onnx and fast"):
            check_run(tmp_path / "a.csv", "onnx", "fast", 3)


def test_a_contestant_run_again_has_the_ceiling_of_that_run_and_leaves_the_others_alone(tmp_path: Path) -> None:
    before = results_of()
    size = before.sizes["24mp"]
    later = replace(
        size,
        pairs={"onnx-fast": pairs_of([1.0] * 3, [20.0] * 3)},
        costs={part: [Cost(cost.seconds * 2, cost.cpu_seconds * 2)] for part, (cost, *_) in size.costs.items()},
    )
    exact = ceiling_of(size, "onnx-exact", 2)
    both = size.add(later)
    assert (speed_ratio(both, "onnx-fast").median, speed_ratio(both, "onnx-exact").median) == (20, 2.5)
    assert ceiling_of(both, "onnx-fast", 2) == pytest.approx(ceiling_of(size, "onnx-fast", 2) / 2)
    assert ceiling_of(both, "onnx-exact", 2) == exact
    before.sizes["24mp"] = both
    before.save(tmp_path)
    assert load_results(tmp_path, MACHINE, VERSIONS).sizes["24mp"] == both
    assert size.add(replace(later, count=size.count + 1)).pairs == later.pairs, "of other pictures: nothing is kept"
