"""The errors that a user can meet: a code with parameters, and the English text made from them.

The window translates the same texts (`gui.error_texts`); the command line and CSV use the English of this module.
"""

from model.error_texts import ERROR_TEXTS
from model.types import ParamValue, Problem


class PhotospotterError(Exception):
    """An expected failure: what happened, to what, and what to do about it."""

    def __init__(self, code: str, /, *, detail: str = "", **params: ParamValue) -> None:
        """Make the error of a `code` in `model.error_texts`; `params` fill its text, `detail` is for the log."""
        self.problem = Problem(code, tuple(sorted(params.items())), detail)
        super().__init__(describe(self.problem))

    @property
    def remedy(self) -> str:
        """What the user can do, in English; may be empty."""
        return remedy(self.problem)


class ImageError(PhotospotterError):
    """A picture that cannot be classified; becomes an error row."""


class WeightsError(PhotospotterError):
    """A weight set that is absent, damaged, refused or cannot be fetched."""


class DatasetError(PhotospotterError):
    """A training or evaluation folder that cannot be used."""


class ExportError(PhotospotterError):
    """A results file that cannot be written."""


class SortError(PhotospotterError):
    """Pictures that cannot be sorted into folders, or a sorting that cannot be undone."""


class DeviceError(PhotospotterError):
    """A device that is not there or does not work."""


class HistoryError(PhotospotterError):
    """The history of results cannot be cleared or limited."""


class UsageError(PhotospotterError):
    """A request that makes no sense as given; nothing was done."""


def first_line(error: BaseException) -> str:
    """Return the first line of a library's own words, at most 200 characters; its class where it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def describe(problem: Problem) -> str:
    """Return what happened, in English."""
    return ERROR_TEXTS[problem.code].message.format(**dict(problem.params))


def remedy(problem: Problem) -> str:
    """Return what to do about it, in English; empty where nothing can be done."""
    return ERROR_TEXTS[problem.code].remedy.format(**dict(problem.params))
