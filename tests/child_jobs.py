"""Jobs for test_child_process, which run in a child process and so have to be importable there."""

import logging
import mmap
import os
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from model.cancel import CancelToken
from model.errors import DatasetError, PhotospotterError
from model.types import Problem

log = logging.getLogger(__name__)


class OddError(PhotospotterError):
    """An expected failure whose own constructor takes something else than a code."""

    def __init__(self, number: int) -> None:
        super().__init__("train-few-classes", detail="odd", folder="x", count=number)


def count(number: int, cancel: CancelToken, *, start: int = 0) -> Iterator[object]:
    assert not cancel.cancelled
    for index in range(start, number):
        yield Problem("some-code", (("index", index),))


def tell_of_the_process(_cancel: CancelToken) -> Iterator[object]:
    yield os.getpid()
    yield "torch" in sys.modules
    yield os.environ.get("OMP_WAIT_POLICY")
    yield os.nice(0)
    yield signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    yield signal.pthread_sigmask(signal.SIG_BLOCK, ())


def fail(_cancel: CancelToken) -> Iterator[object]:
    yield 1
    raise DatasetError("train-few-classes", detail="the log", folder="pictures", count=1)


def fail_oddly(_cancel: CancelToken) -> Iterator[object]:
    yield 1
    raise OddError(7)


def crash(_cancel: CancelToken) -> Iterator[object]:
    yield 1
    raise ZeroDivisionError("this is the bug")


def yield_what_cannot_be_sent(_cancel: CancelToken) -> Iterator[object]:
    yield lambda: 1


def die(_cancel: CancelToken) -> Iterator[object]:
    yield 1
    os.kill(os.getpid(), signal.SIGKILL)


def wait_and_save(cancel: CancelToken) -> Iterator[object]:
    yield os.getpid()
    assert cancel.wait(60)
    yield "saved"


def stop_when_told(cancel: CancelToken) -> Iterator[object]:
    yield os.getpid()
    assert cancel.wait(60)
    cancel.raise_if_cancelled()


def call_home_and_never_end(port: int, _cancel: CancelToken) -> Iterator[object]:
    """Keep a connection open: its end tells the test that this process is gone, even where nobody buries it."""
    with socket.create_connection(("127.0.0.1", port)) as home:
        yield "called"
        home.recv(1)
        yield "the test never hangs up"


def run_ahead(counter: Path, number: int, _cancel: CancelToken) -> Iterator[object]:
    """Yield 32 KiB at a time, and note in a file how many were asked for."""
    with counter.open("r+b") as handle, mmap.mmap(handle.fileno(), 8) as memory:
        for index in range(number):
            memory[:] = struct.pack("q", index)
            yield bytes(2**15)


def speak(_cancel: CancelToken) -> Iterator[object]:
    yield 1
    log.debug("not heard")
    log.warning("%s pictures", 7)
    try:
        int("inner")
    except ValueError:
        log.exception("with its traceback")
