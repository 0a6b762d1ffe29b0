"""The flags by which a running job is asked to stop, or to pause."""

import threading


class Cancelled(Exception):  # noqa: N818 - the outcome of a request, not an error
    """Raised inside a job when its token was cancelled; a worker ends the job quietly."""


class CancelToken:
    """Thread-safe flags. Any thread may cancel, pause and resume; the job looks at them between its steps."""

    def __init__(self) -> None:
        """Start uncancelled, and not paused."""
        self._event = threading.Event()
        self._going = threading.Event()
        self._going.set()

    def cancel(self) -> None:
        """Ask the job to stop, also one that is paused; harmless when called again."""
        self._event.set()
        self._going.set()

    def pause(self) -> None:
        """Ask the job to wait where it is until `resume` or `cancel`; nothing when it was cancelled."""
        self._going.clear()
        if self._event.is_set():  # else a cancel on another thread just now would not be heard
            self._going.set()

    def resume(self) -> None:
        """Let a paused job go on; harmless for any other."""
        self._going.set()

    @property
    def paused(self) -> bool:
        """Whether the job is to wait."""
        return not self._going.is_set()

    def wait_while_paused(self) -> None:
        """Return at once, or when the pause has ended by `resume` or `cancel`."""
        self._going.wait()

    @property
    def cancelled(self) -> bool:
        """Whether stopping was asked for."""
        return self._event.is_set()

    def raise_if_cancelled(self) -> None:
        """Raise Cancelled when stopping was asked for."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> bool:
        """Sleep for at most `seconds`, waking at once on cancel; return whether cancelled."""
        return self._event.wait(seconds)
