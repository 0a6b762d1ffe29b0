"""The job behind Help > Diagnostics: a child process that looks and measures, so that the window's imports no torch."""

from collections.abc import Iterator
from functools import partial

from gui.settings import Settings
from model.cancel import CancelToken
from model.doctor_types import DoctorRequest
from model.types import Job
from model.weights import Catalogue


def doctor_job(catalogue: Catalogue, weights_id: str, settings: Settings) -> Job:
    """Return the job for the weights in use and the settings as they are now."""
    return partial(_run, DoctorRequest(weights_id, settings.device, settings.engine), catalogue)


def _run(request: DoctorRequest, catalogue: Catalogue, cancel: CancelToken) -> Iterator[object]:
    from model.child_process import run_in_child

    return run_in_child("model.doctor:examine", (request, catalogue), cancel, abandon=cancel)
