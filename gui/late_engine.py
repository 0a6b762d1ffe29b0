"""The engine of a window that is on screen before what classifies was imported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.cancel import CancelToken
    from model.classify_request import ClassifyRequest
    from model.engine import Engine, RunEvent
    from model.types import EngineReady
    from model.weights import Catalogue


class LateEngine:
    """This user's `model.engine.Engine`, imported and made by the first job. Every call is the compute thread's."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Import nothing yet."""
        self._catalogue = catalogue
        self._engine: Engine | None = None

    def run(self, request: ClassifyRequest, cancel: CancelToken) -> Iterator[RunEvent]:
        """Classify, as `Engine.run` does."""
        yield from self._made().run(request, cancel)

    def preload(self, request: ClassifyRequest, cancel: CancelToken) -> Iterator[EngineReady]:
        """Load ahead, as `Engine.preload` does."""
        yield from self._made().preload(request, cancel)

    def close(self) -> None:
        """Close the engine, if it was ever needed."""
        if self._engine is not None:
            self._engine.close()

    def _made(self) -> Engine:
        if self._engine is None:
            from model.user_engine import user_engine

            self._engine = user_engine(self._catalogue)
        return self._engine
