"""What a run has come to, counted while it goes on: for the line that stays when it has ended."""

from dataclasses import dataclass

from model.types import ParamValue, Problem, ResultBatch

VARIOUS = "…"
"""Stands in a reason for a value that is another one with each picture."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One reason for which pictures have no labels, and how many these are."""

    problem: Problem
    count: int


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What came of `done` pictures in `seconds` of work, pauses left out.

    Of these pictures `recalled` were known from earlier runs, `unsure` have labels that are not to be relied on, and
    `failures` have none. `cancelled` says that the run was stopped.
    """

    done: int = 0
    failures: tuple[Failure, ...] = ()
    unsure: int = 0
    recalled: int = 0
    seconds: float = 0.0
    cancelled: bool = False

    @property
    def errors(self) -> int:
        """How many pictures have no labels."""
        return sum(failure.count for failure in self.failures)

    @property
    def computed(self) -> int:
        """How many pictures were read and, unless they failed, classified."""
        return self.done - self.recalled

    @property
    def per_second(self) -> float | None:
        """Pictures read and classified in a second; None where none were, or in no time."""
        return self.computed / self.seconds if self.computed and self.seconds > 0 else None


class RunTally:
    """Counts results as they come. Owned by one thread."""

    def __init__(self) -> None:
        """Nothing is done yet."""
        self._problems: dict[str, Failure] = {}
        self.done = self.unsure = self.recalled = self.errors = 0

    def add(self, batch: ResultBatch) -> None:
        """Count a batch."""
        self.recalled += len(batch.results) if batch.recalled else 0
        for result in batch.results:
            self.done += 1
            self.unsure += result.unsure is True
            if result.problem is not None:
                self.errors += 1
                _count(self._problems, Failure(result.problem, 1))

    def summary(self, seconds: float, *, cancelled: bool = False) -> RunSummary:
        """Return the counts, with the seconds that the work took."""
        return RunSummary(self.done, _ordered(self._problems), self.unsure, self.recalled, seconds, cancelled)


def joined(first: RunSummary, then: RunSummary) -> RunSummary:
    """Return two runs, one after the other, as one."""
    problems: dict[str, Failure] = {}
    for failure in (*first.failures, *then.failures):
        _count(problems, failure)
    return RunSummary(
        first.done + then.done,
        _ordered(problems),
        first.unsure + then.unsure,
        first.recalled + then.recalled,
        first.seconds + then.seconds,
        then.cancelled,
    )


def _count(problems: dict[str, Failure], failure: Failure) -> None:
    """Add a failure to those of its code; where the values of their texts differ, nobody's is told."""
    code = failure.problem.code
    known = problems.get(code)
    if known is None:
        problems[code] = Failure(Problem(code, failure.problem.params), failure.count)
        return
    others = dict(failure.problem.params)
    shared: tuple[tuple[str, ParamValue], ...] = tuple(
        (name, value if others.get(name) == value else VARIOUS) for name, value in known.problem.params
    )
    problems[code] = Failure(Problem(code, shared), known.count + failure.count)


def _ordered(problems: dict[str, Failure]) -> tuple[Failure, ...]:
    return tuple(sorted(problems.values(), key=lambda failure: -failure.count))
