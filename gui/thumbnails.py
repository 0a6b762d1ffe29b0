"""Small pictures for the window, loaded beside the GUI thread and kept in memory up to a limit."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage

from model.errors import PhotospotterError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

MEMORY_LIMIT = 64 * 2**20
"""Bytes of pictures kept in memory, unless told otherwise."""
QUEUE_LIMIT = 64
"""How many requests wait at the most: two tall screens of rows. The oldest are dropped; painting asks again."""
STUCK_AFTER = 30.0
"""Seconds after which a picture still being read no longer blocks the others: another thread is started."""
MOST_THREADS = 6
"""How many threads there are at the most, stuck ones included."""

_MOST_FAILURES = 10_000

Key = tuple[str, int]


class Loaded(Protocol):
    """What a load function returns, `model.decode.Thumbnail` for one."""

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture, uint8 (h, w, 3), RGB."""


Load = Callable[[Path, int], Loaded]
"""Reads a picture as it is to be shown, the longer side at most `side` pixels; runs on the loader's threads."""


class _Queue:
    """The requests that wait, newest taken first; shared by the GUI thread and the loading threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._wanted: OrderedDict[Key, tuple[Path, Load]] = OrderedDict()
        self._loading: dict[Key, float] = {}
        self._changed = threading.Condition()
        self.closed = False

    def put(self, key: Key, path: Path, load: Load) -> None:
        with self._changed:
            if self.closed or key in self._loading:
                return
            self._wanted[key] = (path, load)
            self._wanted.move_to_end(key)
            if len(self._wanted) > self._limit:
                self._wanted.popitem(last=False)
            self._changed.notify()

    def take(self) -> tuple[Key, Path, Load] | None:
        """Wait for a request; None when the queue was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._wanted)
            if self.closed:
                return None
            key, (path, load) = self._wanted.popitem()
            self._loading[key] = time.monotonic()
            return key, path, load

    def hand_over(self, key: Key, send: Callable[[], None]) -> None:
        """Send what was loaded, unless the queue was closed meanwhile: then nobody may be there to receive it."""
        with self._changed:
            self._loading.pop(key, None)
            if not self.closed:
                send()

    def stuck(self) -> int:
        """Return how many pictures have been read for longer than STUCK_AFTER."""
        with self._changed:
            now = time.monotonic()
            return sum(now - since > STUCK_AFTER for since in self._loading.values())

    def close(self) -> None:
        with self._changed:
            self.closed = True
            self._wanted.clear()
            self._changed.notify_all()


class ThumbnailLoader(QObject):
    """Gives pictures from memory, and reads those it does not have on threads of its own, newest request first.

    All methods belong to the GUI thread. The images are made off it, as RGB32, and own their bytes; painting draws
    them as they are, so no pixmap is needed. Pictures that cannot be read are remembered and not tried again.
    """

    ready = Signal(object, int)
    """A picture (Path, side) was loaded or has failed: `request` again, or ask `has_failed`."""
    _loaded = Signal(object, object, object)

    def __init__(
        self, load: Load, parent: QObject | None = None, *, threads: int = 2, memory_limit: int = MEMORY_LIMIT
    ) -> None:
        """Make a loader that reads with `load` and keeps up to `memory_limit` bytes; threads start when needed."""
        super().__init__(parent)
        self._load = load
        self._thread_count = threads
        self._threads: list[threading.Thread] = []
        self._memory_limit = memory_limit
        self._memory = 0
        self._images: OrderedDict[Key, QImage] = OrderedDict()
        self._failures: OrderedDict[Key, None] = OrderedDict()
        self._queue = _Queue(QUEUE_LIMIT)
        self._loaded.connect(self._keep, Qt.ConnectionType.QueuedConnection)

    def request(self, path: Path, side: int) -> QImage | None:
        """Return the picture with its longer side at most `side` pixels, or None and have it loaded."""
        key = (str(path), side)
        image = self._images.get(key)
        if image is not None:
            self._images.move_to_end(key)
        elif key not in self._failures and not self._queue.closed:
            self._queue.put(key, path, self._load)
            self._start_threads()
        return image

    def has_failed(self, path: Path, side: int) -> bool:
        """Return whether the picture could not be read at this size."""
        return (str(path), side) in self._failures

    def forget(self, paths: Iterable[Path]) -> None:
        """Read these pictures anew when they are asked for again, for example since the files may have changed."""
        names = {str(path) for path in paths}
        for key in [key for key in self._images if key[0] in names]:
            self._memory -= self._images.pop(key).sizeInBytes()
        for key in [key for key in self._failures if key[0] in names]:
            del self._failures[key]

    def forget_all(self) -> None:
        """Read all pictures anew when they are asked for again."""
        self._images.clear()
        self._failures.clear()
        self._memory = 0

    def set_load(self, load: Load) -> None:
        """Read with another function from now on, for example with other limits; what had failed is tried again."""
        self._load = load
        self._failures.clear()

    def close(self) -> None:
        """Stop loading, without waiting: a thread in the middle of a picture ends after it and reports nothing."""
        self._queue.close()

    def _start_threads(self) -> None:
        wanted = min(self._thread_count + self._queue.stuck(), MOST_THREADS)
        while len(self._threads) < wanted:
            number = len(self._threads) + 1
            thread = threading.Thread(
                target=_work,
                args=(self._queue, self._loaded.emit),
                name=f"thumbnails-{number}",
                daemon=True,
            )
            self._threads.append(thread)
            thread.start()

    @Slot(object, object, object)
    def _keep(self, key: Key, path: Path, image: QImage | None) -> None:
        if image is None:
            self._failures[key] = None
            if len(self._failures) > _MOST_FAILURES:
                self._failures.popitem(last=False)
        else:
            replaced = self._images.pop(key, None)
            self._memory += image.sizeInBytes() - (0 if replaced is None else replaced.sizeInBytes())
            self._images[key] = image
            while self._memory > self._memory_limit and len(self._images) > 1:
                self._memory -= self._images.popitem(last=False)[1].sizeInBytes()
        self.ready.emit(path, key[1])


def _work(queue: _Queue, send: Callable[[Key, Path, QImage | None], None]) -> None:
    """Load what the queue gives until it is closed; the body of each loading thread."""
    while (request := queue.take()) is not None:
        key, path, load = request
        image = _read(load, path, key[1])
        queue.hand_over(key, lambda key=key, path=path, image=image: send(key, path, image))  # type: ignore[misc]


def _read(load: Load, path: Path, side: int) -> QImage | None:
    try:
        return _image_of(load(path, side).pixels)
    except PhotospotterError as error:
        logger.debug("no thumbnail of %r: %s", path, error)
    except Exception:  # the thread's boundary: a fault in one picture must not end all the others
        logger.exception("no thumbnail of %r", path)
    return None


def _image_of(pixels: NDArray[np.uint8]) -> QImage:
    """Return uint8 (h, w, 3) RGB as an image that owns its bytes, in the format that is drawn fastest."""
    import numpy as np  # on the thread that loaded the picture, after the window is on the screen

    height, width, _ = pixels.shape
    packed = np.ascontiguousarray(pixels)
    view = QImage(packed.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return view.convertToFormat(QImage.Format.Format_RGB32)
