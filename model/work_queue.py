"""The order in which pictures are classified: as they were listed, but what the user looks at comes first."""

import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self


class WorkQueue(Iterator[Path]):
    """Gives out the paths that it was filled with, each as often as it was filled in; never waits for more.

    The pipeline pulls from it on its own thread, while any thread may call `prefer`. A call costs time for the paths
    that it names, however many others wait.
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        """Start with `paths`, in their order."""
        self._lock = threading.Lock()
        self._listed: deque[Path] = deque()
        self._preferred: deque[Path] = deque()
        # By text: hashing a Path takes several times as long, and keeps its parts in memory.
        self._waiting: Counter[str] = Counter()
        self._given_early: Counter[str] = Counter()
        self.fill(paths)

    def fill(self, paths: Iterable[Path]) -> None:
        """Add paths after those that wait; what was preferred before still is."""
        added = list(paths)
        names = Counter(map(str, added))
        with self._lock:
            self._listed.extend(added)
            self._waiting.update(names)

    def prefer(self, paths: Iterable[Path]) -> None:
        """Give out these first, in this order, in place of what was preferred before.

        What does not wait is passed over, or comes first once it is filled in. What had been preferred goes back to its
        place in the list.
        """
        wanted = deque(paths)
        with self._lock:
            self._preferred = wanted

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Path:
        """Return the next path; raises StopIteration when none waits now."""
        with self._lock:
            # A wish for what does not wait is dropped only once something waits: it may come before `fill`.
            while self._preferred and self._waiting:
                path = self._preferred.popleft()
                if self._take(path):
                    self._given_early[str(path)] += 1
                    return path
            while self._listed:
                path = self._listed.popleft()
                if self._given_early[str(path)]:
                    self._given_early.subtract((str(path),))
                elif self._take(path):
                    return path
        raise StopIteration

    def _take(self, path: Path) -> bool:
        """Note that `path` waits once less; return whether it did. Called with the lock held."""
        name = str(path)
        count = self._waiting.get(name, 0)
        if count > 1:
            self._waiting[name] = count - 1
        elif count:
            del self._waiting[name]
        return count > 0
