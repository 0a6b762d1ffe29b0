"""The flag by which a running job is asked to stop."""

import threading


class Cancelled(Exception):  # noqa: N818 - the outcome of a request, not an error
    """Raised inside a job when its token was cancelled; a worker ends the job quietly."""


class CancelToken:
    """A thread-safe flag. Any thread may cancel; the job looks at it between its steps."""

    def __init__(self) -> None:
        """Start uncancelled."""
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the job to stop; harmless when called again."""
        self._event.set()

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
