"""What the import dialog asked for, and the job that does it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from model.cancel import CancelToken
from model.weights import Catalogue


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """A checkpoint with its labels, or, without labels, an archive, which says everything itself.

    `preprocess` and `architecture` are what `model.weights_import.import_weights` takes; None leaves them to it.
    """

    file: Path
    labels: Path | None = None
    name: str = ""
    preprocess: str | None = None
    architecture: str | None = None


def run_import(request: ImportRequest, catalogue: Catalogue, cancel: CancelToken) -> Iterator[object]:
    """Import what was asked for; imports torch, hence on the compute thread alone."""
    if request.labels is None:
        from model.archive_import import import_archive

        return import_archive(request.file, catalogue, cancel=cancel)
    from model.weights_import import import_weights

    return import_weights(
        request.file,
        request.labels,
        request.name,
        preprocess=request.preprocess,
        architecture=request.architecture,
        data_dir=catalogue.data_dir,
        cancel=cancel,
    )
