import threading
import time
from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from model.work_queue import WorkQueue

A, B, C, D = (Path(f"/pictures/{name}.jpg") for name in "abcd")


def test_paths_come_in_their_order() -> None:
    assert list(WorkQueue([C, A, B])) == [C, A, B]


def test_what_is_preferred_comes_first_and_only_once() -> None:
    queue = WorkQueue([A, B, C, D])
    assert next(queue) == A
    queue.prefer([D, C])
    assert list(queue) == [D, C, B]


def test_a_new_wish_takes_the_place_of_the_old_one() -> None:
    queue = WorkQueue([A, B, C, D])
    queue.prefer([D, C])
    queue.prefer([B])
    assert list(queue) == [B, A, C, D]


def test_a_wish_for_what_does_not_wait_is_passed_over() -> None:
    queue = WorkQueue([A, B])
    assert next(queue) == A
    queue.prefer([A, C, B])
    assert list(queue) == [B]


def test_a_wish_made_before_the_queue_is_filled_counts() -> None:
    queue = WorkQueue()
    queue.prefer([C])
    assert list(queue) == []
    queue.fill([A, B, C])
    assert list(queue) == [C, A, B]


def test_more_can_be_filled_in_later() -> None:
    queue = WorkQueue([A])
    assert next(queue) == A
    queue.fill([B, C])
    assert list(queue) == [B, C]


_paths = st.sampled_from([A, B, C, D, Path("/pictures/e.jpg")])
_steps = st.one_of(
    st.tuples(st.just("prefer"), st.lists(_paths, max_size=6)),
    st.tuples(st.just("fill"), st.lists(_paths, max_size=6)),
    st.tuples(st.just("next"), st.just([])),
)


@given(st.lists(_paths, max_size=12), st.lists(_steps, max_size=25))
def test_every_path_comes_as_often_as_it_was_filled_in(first: list[Path], steps: list[tuple[str, list[Path]]]) -> None:
    queue = WorkQueue(first)
    expected, given_out = Counter(first), []
    for step, paths in steps:
        if step == "prefer":
            queue.prefer(paths)
        elif step == "fill":
            queue.fill(paths)
            expected.update(paths)
        else:
            following = next(queue, None)
            assert (following is None) == (sum(expected.values()) == len(given_out))
            given_out += [] if following is None else [following]
    assert Counter([*given_out, *queue]) == expected


def test_wishes_from_another_thread_lose_and_double_nothing() -> None:
    paths = [Path(f"/pictures/{number}.jpg") for number in range(3_000)]
    queue = WorkQueue(paths)
    ended = threading.Event()

    def look_around() -> None:
        place = 0
        while not ended.is_set():
            place = (place + 977) % len(paths)
            queue.prefer(paths[place : place + 20])

    looking = threading.Thread(target=look_around)
    looking.start()
    given_out = list(queue)
    ended.set()
    looking.join(10)
    assert sorted(given_out) == sorted(paths)


def test_preferring_costs_the_same_however_many_wait() -> None:
    def seconds(waiting: int) -> float:
        paths = [Path(f"/pictures/{number}.jpg") for number in range(waiting)]
        queue = WorkQueue(paths)
        times = []
        for _ in range(50):
            began = time.perf_counter()
            queue.prefer(paths[-20:])
            next(queue)
            times.append(time.perf_counter() - began)
        return sorted(times)[len(times) // 2]

    assert seconds(100_000) < 20 * seconds(100)
