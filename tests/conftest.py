"""Fixtures for all tests. Nothing here imports Qt or torch: each folder of tests must run without the other's needs."""

import gc
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

SHARED_DATA_VARIABLE = "PHOTOSPOTTER_SHARED_DATA"


# Python collects garbage on whatever thread allocates; on a worker that may destroy Qt objects of the main thread, and
# it has deadlocked. So garbage is collected here, between tests, on the main thread; all of it only now and then.
gc.disable()
_tests = itertools.count(1)
_FULL_COLLECTION = 40


@pytest.fixture(autouse=True)
def collect_garbage() -> Iterator[None]:
    """Collect what the test left behind."""
    yield
    gc.collect(2 if next(_tests) % _FULL_COLLECTION == 0 else 1)


@pytest.fixture
def shared_data() -> Path:
    """The folder of real pictures beside the project; a test that needs it is skipped where it is missing."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get(SHARED_DATA_VARIABLE, default))
    if not folder.is_dir():
        pytest.skip(f"no folder of real pictures at {folder} (set {SHARED_DATA_VARIABLE})")
    return folder


@pytest.fixture(autouse=True)
def own_data_dir(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test a data folder and a torch cache of its own, so that none touches the user's."""
    folder = tmp_path_factory.mktemp("data_dir")
    monkeypatch.setenv("PHOTOSPOTTER_DATA_DIR", str(folder))
    monkeypatch.setenv("TORCH_HOME", str(folder / "torch_home"))
    monkeypatch.delenv("PHOTOSPOTTER_WEIGHTS_URL", raising=False)
    monkeypatch.setenv("PHOTOSPOTTER_NO_EXPORT", "1")  # no test leaves a process behind that outlives it
    return folder
