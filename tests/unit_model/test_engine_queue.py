"""The engine classifies what is preferred first."""

from pathlib import Path

from fakes import make_weights, write_picture
from test_engine import Factory, Sets

from model.cancel import CancelToken
from model.classify_request import ClassifyRequest
from model.engine import Engine
from model.types import EngineReady, ResultBatch


def test_what_is_preferred_while_a_run_goes_on_is_classified_next(tmp_path: Path) -> None:
    paths = [write_picture(tmp_path / f"{number}.png") for number in range(60)]
    request = ClassifyRequest(paths, "first")
    done: list[Path] = []
    for event in Engine(Sets(make_weights("first")), Factory()).run(request, CancelToken()):
        if isinstance(event, EngineReady):
            request.queue.prefer([paths[50], paths[40]])
        elif isinstance(event, ResultBatch):
            done += [result.path for result in event.results]
    assert sorted(done) == sorted(paths)
    assert {paths[50], paths[40]} <= set(done[:12])
