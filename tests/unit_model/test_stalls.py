"""A drive that goes away pauses the run and costs no picture its row; a picture that hangs costs only itself."""

import errno
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from fakes import SMALL, ColourClassifier, make_weights
from numpy.typing import NDArray

from model import cli_patience, decode_pool
from model.cancel import CancelToken
from model.cli_patience import DrivePatience
from model.decode_pool import DecodePool, abandoned_threads
from model.errors import DeviceError, ImageError
from model.pipeline import classify_images
from model.stalls import MOST_TRIES, STALLS_IN_A_ROW
from model.types import ImageResult, PictureFacts, Problem, ResultBatch, RunPaused

FACTS = PictureFacts("PNG", 8, 8)
PATIENCE = 20.0
STALL = 0.05


def pictures(count: int) -> list[Path]:
    return [Path(f"{number:03d}.png") for number in range(count)]


class Share:
    """A drive that answers while `there`; otherwise reading waits until `release`. Counts what is read at one time."""

    def __init__(self) -> None:
        self.there = True
        self.hangs: set[str] = set()
        self.fails_at_once = False
        self.reads: list[str] = []
        self.busy = 0
        self._gate = threading.Event()
        self._lock = threading.Lock()

    def load(self, path: Path, _cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        with self._lock:
            self.reads.append(path.name)
            self.busy += 1
        try:
            if not self.there and self.fails_at_once:
                raise ImageError("image-io", reason=os.strerror(errno.EHOSTDOWN))
            if not self.there or path.name in self.hangs:
                assert self._gate.wait(PATIENCE), "the test never released the share"
            if path.name.startswith("bad"):
                raise ImageError("image-empty")
            return np.zeros((SMALL.crop, SMALL.crop, 3), np.uint8), FACTS
        finally:
            with self._lock:
                self.busy -= 1

    def release(self) -> None:
        self._gate.set()


@pytest.fixture
def share() -> Iterator[Share]:
    made = Share()
    yield made
    made.release()
    for thread in threading.enumerate():
        if thread.name.startswith("decode-"):
            thread.join(PATIENCE)
    assert abandoned_threads() == 0


class Run:
    """Iterates a run on this thread; `on_pause` is called each time that the run has paused itself."""

    def __init__(self, share: Share, paths: list[Path], on_pause: Callable[["Run"], None], *, threads: int = 2) -> None:
        self.cancel = CancelToken()
        self.pauses: list[Problem] = []
        self.results: dict[str, ImageResult] = {}
        events = classify_images(
            paths,
            ColourClassifier(make_weights()),
            share.load,
            cancel=self.cancel,
            threads=threads,
            stall_seconds=STALL,
        )
        for event in events:
            if isinstance(event, ResultBatch):
                for result in event.results:
                    assert result.path.name not in self.results, "a second result for one picture"
                    self.results[result.path.name] = result
            elif isinstance(event, RunPaused):
                assert self.cancel.paused
                self.pauses.append(event.problem)
                on_pause(self)

    @property
    def failed(self) -> dict[str, str]:
        return {name: result.problem.code for name, result in self.results.items() if result.problem is not None}


def test_a_share_gone_away_pauses_the_run_and_no_picture_gets_an_error(share: Share) -> None:
    share.there = False

    def comes_back(run: Run) -> None:
        assert run.results == {}
        share.there = True
        run.cancel.resume()

    run = Run(share, pictures(40), comes_back)
    assert [problem.code for problem in run.pauses] == ["run-drive-away"]
    assert sorted(run.results) == [path.name for path in pictures(40)]
    assert run.failed == {}


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_the_run_pauses_however_many_threads_stall_together(share: Share, threads: int) -> None:
    share.there = False

    def comes_back(run: Run) -> None:
        share.there = True
        run.cancel.resume()

    run = Run(share, pictures(40), comes_back, threads=threads)
    assert len(run.pauses) == 1
    assert (len(run.results), run.failed) == (40, {})


def test_a_share_that_says_at_once_that_it_is_away_pauses_the_run_too(share: Share) -> None:
    share.there, share.fails_at_once = False, True

    def comes_back(run: Run) -> None:
        assert run.results == {}
        share.there = True
        run.cancel.resume()

    run = Run(share, pictures(40), comes_back)
    assert len(run.pauses) == 1
    assert (len(run.results), run.failed) == (40, {})


def test_a_share_that_is_still_away_is_asked_for_one_picture_only(share: Share) -> None:
    share.there = False
    reads: list[int] = []

    def comes_back_late(run: Run) -> None:
        reads.append(len(share.reads))
        share.there = len(run.pauses) == 3
        run.cancel.resume()

    run = Run(share, pictures(40), comes_back_late)
    assert len(run.pauses) == 3
    assert [after - before for before, after in itertools.pairwise(reads)] == [1, 1]
    assert (len(run.results), run.failed) == (40, {})


def test_fewer_stalls_than_a_row_are_the_pictures_own_fault(share: Share) -> None:
    share.hangs = {path.name for path in pictures(40)[3 : 3 + STALLS_IN_A_ROW - 1]}
    run = Run(share, pictures(40), lambda run: run.cancel.cancel(), threads=1)
    assert run.pauses == []
    assert run.failed == dict.fromkeys(sorted(share.hangs), "image-stalled")
    assert len(run.results) == 40


def test_stalls_with_a_picture_between_are_no_row(share: Share) -> None:
    share.hangs = {path.name for number, path in enumerate(pictures(40)) if number % 2}
    run = Run(share, pictures(32), lambda run: run.cancel.cancel(), threads=1)
    assert run.pauses == []
    assert len(run.failed) == 16


def test_a_picture_that_could_not_be_read_shows_that_the_drive_answers(share: Share) -> None:
    paths = [Path(f"{'bad' if number % 4 == 3 else ''}{number}.png") for number in range(24)]
    share.hangs = {path.name for path in paths if not path.name.startswith("bad")}
    run = Run(share, paths, lambda run: run.cancel.cancel(), threads=1)
    assert run.pauses == []
    assert len(run.failed) == 24


def test_a_few_pictures_on_a_dead_share_get_their_errors_at_the_end(share: Share) -> None:
    share.there = False
    run = Run(share, pictures(3), lambda run: run.cancel.cancel())
    assert set(run.failed.values()) == {"image-stalled"}
    assert len(run.failed) == 3


def test_pictures_that_stall_again_and_again_do_not_pause_the_run_for_ever(share: Share) -> None:
    share.hangs = {path.name for path in pictures(STALLS_IN_A_ROW + 1)}
    run = Run(share, pictures(STALLS_IN_A_ROW + 1), lambda run: run.cancel.resume(), threads=1)
    assert len(run.failed) == STALLS_IN_A_ROW + 1
    assert len(run.pauses) <= MOST_TRIES * (STALLS_IN_A_ROW + 1)


def test_a_run_that_paused_itself_can_be_cancelled(share: Share) -> None:
    share.there = False
    run = Run(share, pictures(40), lambda run: run.cancel.cancel())
    assert len(run.pauses) == 1
    assert run.results == {}


def test_the_number_of_abandoned_threads_is_bounded(share: Share, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_pool, "MOST_ABANDONED", 10)
    share.there = False
    most = 0

    def goes_on(run: Run) -> None:
        nonlocal most
        most = max(most, abandoned_threads())
        if len(run.pauses) < 6:
            run.cancel.resume()
        else:
            run.cancel.cancel()

    run = Run(share, pictures(40), goes_on, threads=2)
    assert len(run.pauses) == 6
    assert most <= 10 + 2  # those under way when the limit was reached
    assert share.busy <= 10 + 2
    assert run.results == {}


def test_a_pool_without_a_thread_to_spare_gives_its_pictures_back_in_time(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode_pool, "MOST_ABANDONED", 0)
    with DecodePool(2, share.load, stall_seconds=STALL) as pool:
        pool.submit(0, Path("0.png"))
        decoded = pool.take(PATIENCE)
        assert decoded is not None
        assert decoded.problem is not None
        assert decoded.problem.code == "image-stalled"
    assert share.reads == []


def test_a_pool_on_hold_begins_with_no_picture(share: Share) -> None:
    with DecodePool(2, share.load) as pool:
        pool.hold()
        pool.submit(0, Path("0.png"))
        assert pool.take(0.05) is None
        assert share.reads == []
        pool.go_on()
        assert pool.take(PATIENCE) is not None


# --- pausing by hand ---


def test_while_a_run_is_paused_nothing_is_decoded_and_nothing_computed(share: Share) -> None:
    classifier = ColourClassifier(make_weights(), batch_size=4)
    cancel = CancelToken()
    results: list[ImageResult] = []
    reached = threading.Event()

    def iterate() -> None:
        for event in classify_images(pictures(400), classifier, share.load, cancel=cancel, threads=2):
            if isinstance(event, ResultBatch):
                results.extend(event.results)
                if len(results) >= 50 and not reached.is_set():
                    cancel.pause()
                    reached.set()

    thread = threading.Thread(target=iterate)
    thread.start()
    assert reached.wait(PATIENCE)
    settled = wait_until_quiet(lambda: (len(share.reads), len(results)))
    assert share.busy == 0
    assert settled[1] < 60, "the batch under way, no more"
    assert wait_until_quiet(lambda: (len(share.reads), len(results))) == settled
    assert thread.is_alive()
    cancel.resume()
    thread.join(PATIENCE)
    assert len({result.path for result in results}) == 400


def test_a_paused_run_can_be_cancelled(share: Share) -> None:
    cancel = CancelToken()
    cancel.pause()
    events = classify_images(pictures(40), ColourClassifier(make_weights()), share.load, cancel=cancel, threads=2)
    thread = threading.Thread(target=lambda: list(events))
    thread.start()
    cancel.cancel()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert share.reads == []


def test_what_was_cancelled_cannot_be_paused() -> None:
    cancel = CancelToken()
    cancel.cancel()
    cancel.pause()
    assert not cancel.paused
    cancel.wait_while_paused()


def wait_until_quiet(state: Callable[[], tuple[int, int]]) -> tuple[int, int]:
    """Return the state once it has stayed the same for a while."""
    deadline = time.monotonic() + PATIENCE
    same_since, last = time.monotonic(), state()
    while time.monotonic() - same_since < 0.5:
        assert time.monotonic() < deadline, "it never became quiet"
        now = state()
        if now != last:
            same_since, last = time.monotonic(), now
        threading.Event().wait(0.01)
    return last


# --- the command line's patience ---


class Waits(CancelToken):
    """Notes how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return self.cancelled


PAUSED = RunPaused(Problem("run-drive-away"))


def test_the_command_line_asks_again_and_in_time_gives_up(capsys: pytest.CaptureFixture[str]) -> None:
    token = Waits()
    now = iter(range(0, 6000, 660))
    patience = DrivePatience(token, clock=lambda: float(next(now)))
    for _ in cli_patience.WAITS:
        token.pause()
        patience.heed(PAUSED)
        assert not token.paused
    with pytest.raises(DeviceError, match="has not answered for 11 minutes"):
        patience.heed(PAUSED)
    assert tuple(token.seconds) == cli_patience.WAITS
    assert "asking again in 10 s." in capsys.readouterr().err.splitlines()[0]


def test_an_answer_begins_the_patience_anew() -> None:
    from fakes import make_result

    token = Waits()
    patience = DrivePatience(token, (1.0, 2.0))
    weights = make_weights()
    patience.heed(PAUSED)
    patience.heed(ResultBatch((make_result(Path("a"), weights, error="image-stalled"),)))
    patience.heed(PAUSED)
    patience.heed(ResultBatch((make_result(Path("a"), weights, 0.9),)))
    patience.heed(PAUSED)
    assert token.seconds == [1.0, 2.0, 1.0]


def test_a_watch_asks_for_ever() -> None:
    token = Waits()
    patience = DrivePatience(token, (1.0, 2.0), for_ever=True)
    for _ in range(5):
        patience.heed(PAUSED)
    assert token.seconds == [1.0, 2.0, 2.0, 2.0, 2.0]
