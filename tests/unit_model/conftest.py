"""Fixtures of several modules: places for weights, a server to fetch them from, pictures, and a fake network."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import COLOURS, ColourClassifier, make_weights, write_picture
from shape_pictures import draw
from weights_samples import Place
from weights_server import Computer, Server

from model import engine
from model.types import InstalledWeights, NetworkExported
from model.weights import Catalogue, default_catalogue


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on this computer; no transfer may go on after the test."""
    running = Server()
    yield running
    running.stop()
    for thread in threading.enumerate():
        if thread.name == "photospotter-fetch":
            thread.join(5)
            assert not thread.is_alive(), "a transfer goes on after its end"


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    """A computer without proxies and without weights."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return Computer(tmp_path)


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shapes")
    for number in range(15):
        draw(root / "disc" / f"{number}.png", "disc", number)
        draw(root / "square" / f"{number}.png", "square", 100 + number)
    (root / "disc" / "copy of 3.png").write_bytes((root / "disc" / "3.png").read_bytes())
    return root


@pytest.fixture
def catalogue() -> Catalogue:
    return default_catalogue()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Torch computes on one thread: tiny networks are faster so, the more the busier the computer is."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> NetworkExported:
    """The tiny network of `onnx_desk`, really exported, once for all tests; what it was made of may not be changed."""
    from onnx_desk import export_tiny

    return export_tiny(tmp_path_factory.mktemp("exported"))


@pytest.fixture
def tiny(own_data_dir: Path) -> InstalledWeights:
    """The tiny network's weight set, in this test's data folder."""
    from onnx_desk import give_tiny

    return give_tiny(own_data_dir)


@pytest.fixture
def classifier(monkeypatch: pytest.MonkeyPatch) -> ColourClassifier:
    """Every run uses this classifier, with the card's preprocessing made small."""
    weights = make_weights("weather-lite2")
    made = ColourClassifier(weights)
    monkeypatch.setattr(engine, "load_classifier", lambda *_arguments: made)
    monkeypatch.setattr(Catalogue, "open", lambda _self, _id: weights)
    return made


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """red.png, blue.png and deep/green.png."""
    folder = tmp_path / "pictures"
    write_picture(folder / "red.png", COLOURS["red"])
    write_picture(folder / "blue.png", COLOURS["blue"])
    write_picture(folder / "deep" / "green.png", COLOURS["green"])
    return folder
