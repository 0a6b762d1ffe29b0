"""Pictures are decoded on several threads, and come back in the order in which they were named."""

from collections.abc import Generator, Iterable
from pathlib import Path

from model.cancel import CancelToken
from model.decode_pool import DEFAULT_STALL_SECONDS, Decoded, DecodePool, Work, decode_threads

# How often, in seconds, a wait for decoding is left to look at the cancel token.
_POLL = 0.1
# This many pictures for each thread may be finished and wait for a slower one before them.
_AHEAD = 32


def decode_in_order(
    paths: Iterable[Path],
    work: Work,
    cancel: CancelToken,
    *,
    threads: int | None = None,
    stall_seconds: float = DEFAULT_STALL_SECONDS,
) -> Generator[Decoded, None, None]:
    """Yield the outcome of `work` for each path, in the order of `paths`, whatever the order of finishing.

    Paths are pulled as results are taken, a bounded number ahead. What `work` returns should be small, for results
    wait in memory for slower ones before them. Raises Cancelled, within a tenth of a second, whatever the threads do.
    """
    threads = threads or decode_threads()
    source = enumerate(paths)
    finished: dict[int, Decoded] = {}
    following, submitted, exhausted = 0, 0, False
    with DecodePool(threads, work, stall_seconds=stall_seconds) as pool:
        while True:
            cancel.raise_if_cancelled()
            while not exhausted and submitted - following < _AHEAD * threads:
                item = next(source, None)
                if item is None:
                    exhausted = True
                else:
                    pool.submit(*item)
                    submitted += 1
            if exhausted and following == submitted:
                return
            if following in finished:
                yield finished.pop(following)
                following += 1
                continue
            decoded = pool.take(_POLL)
            if decoded is not None:
                finished[decoded.index] = decoded
