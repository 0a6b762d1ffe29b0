"""Exports networks to ONNX beside the running program, in a low-priority process of its own."""

import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from model.cancel import CancelToken
from model.engine_choice import is_onnx_runtime_there
from model.onnx_cache import OnnxCache
from model.types import InstalledWeights

log = logging.getLogger(__name__)

OFF_VARIABLE = "PHOTOSPOTTER_NO_EXPORT"
"""With this environment variable set nothing is exported in the background, for machines that count every process."""

_SECONDS_TO_END = (0.5, 2.0)  # after the first request, which the exporter does not hear, and after the second
_CREATE_NO_WINDOW = 0x08000000  # Windows, processthreadsapi.h


class BackgroundExport:
    """Runs `photospotter-cli export ID`, one set at a time; owned by the compute thread.

    The process is not waited for: left alone it finishes on its own, so that a short run of the command line also makes
    the next one fast. `close` ends it.
    """

    def __init__(self, cache: OnnxCache, command: Sequence[str] | None = None) -> None:
        """`cache` is where the process puts its file; the id is added to `command`, None is this program's own."""
        self._cache = cache
        self._command = tuple(command) if command is not None else (*command_line(), "export", "--background")
        self._process: subprocess.Popen[bytes] | None = None
        self._started: set[str] = set()
        self._awaited: set[str] = set()  # what another process, such as a second window, was seen to export

    def is_wanted(self, installed: InstalledWeights) -> bool:
        """Return whether an export could be of use and was not tried yet."""
        is_possible = (
            not os.environ.get(OFF_VARIABLE)
            and installed.weights.id not in self._started
            and is_onnx_runtime_there()
            and self._cache.record(installed) is None
        )
        if is_possible and self._cache.is_under_way(installed):
            self._awaited.add(installed.weights.id)
            return False
        return is_possible

    def start(self, installed: InstalledWeights) -> None:
        """Begin to export in the background, unless an export is under way; failing is only logged."""
        if self._process is not None and self._process.poll() is None:
            return
        weights_id = installed.weights.id
        self._started.add(weights_id)  # whatever comes of it, once is enough for one run of the program
        log.info("exporting %s to ONNX in the background", weights_id)
        try:
            self._process = subprocess.Popen(
                [*self._command, weights_id],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": _python_path()},
                # A group, so that Ctrl+C is not for it; not a session, where Linux would not heed its low priority.
                process_group=0 if os.name == "posix" else None,
                creationflags=_CREATE_NO_WINDOW if os.name == "nt" else 0,
            )
        except OSError as exc:
            log.warning("the export could not be started: %s", exc)

    def has_made(self, installed: InstalledWeights) -> bool:
        """Return whether an export that was under way has ended since the last call, and this set's may be used."""
        if self._process is not None and self._process.poll() is not None:
            log.info("the export in the background ended with %d", self._process.returncode)
            self._process = None
        elif installed.weights.id in self._awaited and not self._cache.is_under_way(installed):
            self._awaited.remove(installed.weights.id)
        else:
            return False
        record = self._cache.record(installed)
        return record is not None and not record.rejected

    def export_now(self, installed: InstalledWeights, cancel: CancelToken) -> None:
        """Export and wait for it; raises ExportError, WeightsError or Cancelled."""
        from model.child_process import run_in_child  # with multiprocessing, which a start does without

        for value in run_in_child("model.onnx_export:export_weights", (installed.weights.id,), cancel):
            log.info("exported: %s", value)

    def close(self) -> None:
        """End an export that is under way; what it has written so far counts for nothing."""
        if self._process is None:
            return
        for seconds in _SECONDS_TO_END:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
                break
        else:
            self._process.kill()
            self._process.wait()
        self._process = None


def command_line() -> list[str]:
    """Return how this program's command line is started."""
    if getattr(sys, "frozen", False):  # an installed program is its own interpreter; the command line lies beside it
        suffix = ".exe" if os.name == "nt" else ""
        return [str(Path(sys.executable).with_name(f"photospotter-cli{suffix}"))]
    return [sys.executable, "-m", "model"]


def _python_path() -> str:
    """Return where the child finds this package although its folder is not installed and is not the current one."""
    own = str(Path(__file__).resolve().parents[1])
    given = os.environ.get("PYTHONPATH")
    return own if not given else os.pathsep.join((own, given))
