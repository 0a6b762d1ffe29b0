"""Random histories of the results table: the one promise is that no row is lost, doubled or another's."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from PySide6.QtCore import QPersistentModelIndex
from PySide6.QtTest import QAbstractItemModelTester
from result_makers import OTHER_WEIGHTS, TRUNCATED, WEIGHTS, model_of, names_in, order_of, picture, result

from gui.results_order import OrderSpec, ResultFilter, RowStatus, SortKey, StatusFilter
from gui.results_sorting import Ordering
from model.types import ImageResult

ALL_NAMES = [f"{letter}{number}.jpg" for letter in "ab" for number in range(6)]
NAMES = st.sampled_from(ALL_NAMES)
LABELS = st.sampled_from(["cat", "dog", "wild cat"])
SHARES = st.sampled_from([0.2, 0.5, 0.9])
FILTERS = st.builds(
    ResultFilter, st.sampled_from(["", "cat", "dog"]), st.sampled_from([0.0, 0.5]), st.sampled_from(list(StatusFilter))
)
SPECS = st.builds(OrderSpec, st.sampled_from(list(SortKey)), st.booleans(), FILTERS)


class AnyHistory(RuleBasedStateMachine):
    """Whatever happens in whatever order, no row is lost, none is there twice, and none is another's."""

    @initialize(names=st.permutations(ALL_NAMES), labels=st.lists(LABELS, min_size=6, max_size=6))
    def start(self, names: list[str], labels: list[str]) -> None:
        self.model = model_of()
        self.tester = QAbstractItemModelTester(self.model, QAbstractItemModelTester.FailureReportingMode.Warning)
        self.weights = WEIGHTS
        self.expected: dict[str, ImageResult | None] = {}  # in the order of adding; None while pending
        self.late: list[Ordering] = []
        self.held: dict[str, QPersistentModelIndex] = {}
        self.add(names[:8])
        for name, label in zip(names, labels, strict=False):
            self.apply([name], label, 0.9, bad=False, old=False)

    @rule(names=st.lists(NAMES, max_size=6))
    def add(self, names: list[str]) -> None:
        self.model.add([picture(name) for name in names])
        for name in names:
            self.expected.setdefault(name, None)

    @rule(
        names=st.lists(NAMES, min_size=1, max_size=4), label=LABELS, share=SHARES, bad=st.booleans(), old=st.booleans()
    )
    def apply(self, names: list[str], label: str, share: float, bad: bool, old: bool) -> None:
        weights = {WEIGHTS: OTHER_WEIGHTS, OTHER_WEIGHTS: WEIGHTS}[self.weights] if old else self.weights
        problem = TRUNCATED if bad else None
        results = [result(name, ((label, share),), problem=problem, weights=weights) for name in names]
        self.model.apply(results)
        for item in results:
            if not old and item.path.name in self.expected:
                self.expected[item.path.name] = item

    @rule(names=st.lists(NAMES, max_size=4))
    def mark_pending(self, names: list[str]) -> None:
        self.model.mark_pending([picture(name).path for name in names])
        self.expected.update({name: None for name in names if name in self.expected})

    @rule()
    def swap_weights(self) -> None:
        self.weights = OTHER_WEIGHTS if self.weights == WEIGHTS else WEIGHTS
        self.model.mark_all_pending()
        before = {row: self.model.path_at(row) for row in range(self.model.rowCount())}
        self.model.set_active_weights(self.weights, None)
        after = {row: self.model.path_at(row) for row in before}
        assert before == after
        restored = {item.path.name: item for item in self.model.results()}
        assert all(item.weights_sha256 == self.weights for item in restored.values())
        self.expected = {name: restored.get(name) for name in self.expected}

    @rule(names=st.lists(NAMES, min_size=1, max_size=3))
    def remove(self, names: list[str]) -> None:
        self.model.remove([picture(name).path for name in names])
        for name in names:
            self.expected.pop(name, None)
            self.held.pop(name, None)

    @rule(sure=st.sampled_from([False, False, False, True]))
    def clear(self, sure: bool) -> None:
        if not sure:
            return
        self.model.clear()
        self.expected.clear()
        self.held.clear()

    @rule(spec=SPECS)
    def compute(self, spec: OrderSpec) -> None:
        self.late.append(order_of(self.model, spec))

    @rule()
    def swap_late(self) -> None:
        if self.late:
            self.swap(self.late.pop(0))

    @rule(spec=SPECS)
    def compute_and_swap(self, spec: OrderSpec) -> None:
        ordering = order_of(self.model, spec)
        self.swap(ordering)
        assert self.model.rowCount() == len(ordering.slots)
        assert set(names_in(self.model)) == {name for name in self.expected if self.passes(name)}

    def swap(self, ordering: Ordering) -> None:
        self.model.swap_order(ordering)
        for name, index in list(self.held.items()):
            row = self.model.row_of(picture(name).path)
            if row is None:
                assert not index.isValid()
                del self.held[name]

    @rule()
    def hold(self) -> None:
        rows = enumerate(names_in(self.model))
        self.held = {name: QPersistentModelIndex(self.model.index(row, 0)) for row, name in rows}

    def passes(self, name: str) -> bool:
        chosen, item = self.model.spec.filter, self.expected[name]
        statuses = {StatusFilter.ALL}
        if item is None:
            statuses.add(StatusFilter.PENDING)
        else:
            statuses.add(StatusFilter.ERROR if item.problem else StatusFilter.DONE)
        if chosen.status not in statuses:
            return False
        if not chosen.text and not chosen.minimum:
            return True
        if item is None or item.problem:
            return False
        best = item.predictions[0]
        return chosen.text in best.label and best.probability >= chosen.minimum

    @invariant()
    def nothing_is_lost_or_there_twice(self) -> None:
        shown = names_in(self.model)
        assert len(shown) == len(set(shown))
        assert set(shown) <= set(self.expected)
        assert {name for name in self.expected if self.passes(name)} <= set(shown)
        assert [path.name for path in self.model.paths()] == list(self.expected)

    @invariant()
    def every_row_has_its_own_result(self) -> None:
        for row, name in enumerate(names_in(self.model)):
            assert self.model.row_of(picture(name).path) == row
            item = self.model.shown_row(row)
            assert (item.status is RowStatus.PENDING) == (self.expected[name] is None)
            assert item.result is None or item.result.path.name == name
        assert self.model.results() == [item for item in self.expected.values() if item is not None]
        counts = self.model.counts()
        assert counts.total == len(self.expected) == counts.pending + counts.done + counts.errors
        assert counts.visible == self.model.rowCount()

    @invariant()
    def indexes_follow_their_pictures(self) -> None:
        for name, index in self.held.items():
            assert index.isValid()
            assert self.model.path_at(index.row()).name == name


def test_any_history_keeps_every_row(qapp: object) -> None:
    run_state_machine_as_test(
        AnyHistory,
        settings=settings(
            max_examples=100, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
