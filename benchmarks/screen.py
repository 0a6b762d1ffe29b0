"""A screen of its own for a benchmark, and the moment at which the X server shows a window on it."""

import ctypes
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

_MAP_NOTIFY = 19  # X.h
_SUBSTRUCTURE_NOTIFY = 1 << 19
_SECONDS_TO_START = 10.0


class _MapEvent(ctypes.Structure):
    """XMapEvent of Xlib.h."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("event", ctypes.c_ulong),
        ("window", ctypes.c_ulong),
        ("override_redirect", ctypes.c_int),
    ]


class _Event(ctypes.Union):
    """XEvent, which is as long as 24 longs."""

    _fields_ = [("map", _MapEvent), ("pad", ctypes.c_long * 24)]


@contextmanager
def private_screen() -> Iterator[dict[str, str]]:
    """Start Xvfb, with openbox as its window manager where there is one; yield the environment for its programs.

    Raises FileNotFoundError without Xvfb.
    """
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=(writing,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    manager = None
    try:
        with os.fdopen(reading) as answer:
            display = f":{answer.readline().strip()}"
        environment = os.environ | {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        if shutil.which("openbox"):
            manager = subprocess.Popen(["openbox"], env=environment, stderr=subprocess.DEVNULL)
            _wait_for_manager(environment)
        yield environment
    finally:
        for process in (manager, server):
            if process is not None:
                process.terminate()
                process.wait()


def _wait_for_manager(environment: dict[str, str]) -> None:
    """Wait until windows are managed: a manager that is still starting would not frame the first one."""
    deadline = time.monotonic() + _SECONDS_TO_START
    ask = ["xprop", "-root", "_NET_SUPPORTING_WM_CHECK"]
    while time.monotonic() < deadline:
        if "window id" in subprocess.run(ask, env=environment, capture_output=True, text=True, check=False).stdout:
            return
        time.sleep(0.05)


class MapWatch:
    """Hears of each window that the X server maps, by a MapNotify event of the root window."""

    def __init__(self, display: str) -> None:
        """Connect to `display`, such as `:99`."""
        self._x = _xlib()
        self._connection = self._x.XOpenDisplay(display.encode())
        if not self._connection:
            raise OSError(f"no X server answers at {display}")
        self._root = self._x.XDefaultRootWindow(self._connection)
        self._x.XSelectInput(self._connection, self._root, _SUBSTRUCTURE_NOTIFY)
        self._x.XSync(self._connection, 0)

    def wait(self, timeout: float, smallest_width: int = 1) -> float:
        """Return the time (time.perf_counter) at which the next window of that width or more was mapped.

        Raises TimeoutError when none was within `timeout` seconds.
        """
        descriptor = self._x.XConnectionNumber(self._connection)
        deadline = time.perf_counter() + timeout
        event = _Event()
        while (left := deadline - time.perf_counter()) > 0:
            while self._x.XPending(self._connection):
                self._x.XNextEvent(self._connection, ctypes.byref(event))
                heard = time.perf_counter()
                if event.map.type == _MAP_NOTIFY and self._width(event.map.window) >= smallest_width:
                    return heard
            select.select([descriptor], [], [], left)
        raise TimeoutError(f"no window within {timeout} s")

    def forget(self) -> None:
        """Drop the events that have come so far."""
        self._x.XSync(self._connection, 1)

    def resolution(self) -> float:
        """Return the seconds from asking for a small window of our own until its event has been heard."""
        window = self._x.XCreateSimpleWindow(self._connection, self._root, 0, 0, 10, 10, 0, 0, 0)
        self.forget()
        asked = time.perf_counter()
        self._x.XMapWindow(self._connection, window)
        self._x.XFlush(self._connection)
        heard = self.wait(5.0)
        self._x.XDestroyWindow(self._connection, window)
        self.forget()
        return heard - asked

    def close(self) -> None:
        """End the connection."""
        self._x.XCloseDisplay(self._connection)

    def _width(self, window: int) -> int:
        root, x, y = ctypes.c_ulong(), ctypes.c_int(), ctypes.c_int()
        width, height, border, depth = (ctypes.c_uint() for _ in range(4))
        asked = (ctypes.byref(place) for place in (root, x, y, width, height, border, depth))
        return width.value if self._x.XGetGeometry(self._connection, window, *asked) else 0


def _xlib() -> ctypes.CDLL:
    library = ctypes.CDLL("libX11.so.6")
    pointer, number, long = ctypes.c_void_p, ctypes.c_int, ctypes.c_ulong
    library.XOpenDisplay.restype = pointer
    library.XDefaultRootWindow.restype = library.XCreateSimpleWindow.restype = long
    library.XOpenDisplay.argtypes = [ctypes.c_char_p]
    library.XSelectInput.argtypes = [pointer, long, ctypes.c_long]
    library.XSync.argtypes = [pointer, number]
    library.XNextEvent.argtypes = [pointer, pointer]
    library.XCreateSimpleWindow.argtypes = [pointer, long, number, number, *[ctypes.c_uint] * 3, long, long]
    library.XGetGeometry.argtypes = [pointer, long, *[pointer] * 7]
    for name in ("XDefaultRootWindow", "XConnectionNumber", "XPending", "XFlush", "XCloseDisplay"):
        getattr(library, name).argtypes = [pointer]
    for name in ("XMapWindow", "XDestroyWindow"):
        getattr(library, name).argtypes = [pointer, long]
    return library
