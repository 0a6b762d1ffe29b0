"""photospotter-cli export: what it prints, what it gives way to, and its exit codes."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from model import cli_export
from model.cancel import Cancelled, CancelToken
from model.cli import main
from model.errors import ExportError
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE
from model.types import InstalledWeights, NetworkExported


class Child:
    """Stands for the process that exports; raises `error` where it is set."""

    def __init__(self, installed: InstalledWeights) -> None:
        self.value = NetworkExported(installed, Path("onnx") / "key.onnx", 102_400_000, 3.2e-7, 12.34)
        self.error: BaseException | None = None
        self.asked: list[tuple[str, tuple[str]]] = []

    def __call__(self, target: str, arguments: tuple[str], cancel: CancelToken) -> Iterator[object]:
        assert not cancel.cancelled
        self.asked.append((target, arguments))
        if self.error is not None:
            raise self.error
        yield self.value


@pytest.fixture
def child(tiny: InstalledWeights, monkeypatch: pytest.MonkeyPatch) -> Child:
    made = Child(tiny)
    monkeypatch.setattr(cli_export, "run_in_child", made)
    return made


def test_the_file_is_printed_and_what_there_is_to_know_said(child: Child, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "tiny"]) == EXIT_OK
    output = capsys.readouterr()
    assert output.out == f"{Path('onnx') / 'key.onnx'}\n"
    assert "102.4 MB in 12.3 s; probabilities differ from PyTorch's by 3e-07 at most" in output.err
    assert child.asked == [("model.onnx_export:export_weights", ("tiny",))]


def test_an_alias_stands_for_its_set(child: Child) -> None:
    assert main(["export", "imagenet"]) == EXIT_OK
    assert child.asked[0][1] == ("imagenet-lite2",)


def test_a_set_that_there_is_not_is_told(child: Child, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "nothing"]) == EXIT_CANNOT_RUN
    assert "nothing" in capsys.readouterr().err
    assert child.asked == []


def test_without_a_set_it_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["export"])
    assert ended.value.code == EXIT_USAGE


def test_a_network_that_cannot_be_exported_ends_with_3_and_says_why(
    child: Child, capsys: pytest.CaptureFixture[str]
) -> None:
    child.error = ExportError("onnx-check-failed", id="tiny", reason="a probability differs by 0.1")
    assert main(["export", "tiny"]) == EXIT_CANNOT_RUN
    error = capsys.readouterr().err
    assert "a probability differs by 0.1" in error
    assert "PyTorch goes on" in error


def test_an_interrupted_export_ends_with_130(child: Child) -> None:
    child.error = Cancelled()
    assert main(["export", "tiny"]) == EXIT_INTERRUPTED


class Exporter(ModuleType):
    """The module that imports torch; tells when it is used."""

    def __init__(self, log: list[str]) -> None:
        super().__init__("model.onnx_export")
        self.log = log

    def __getattr__(self, name: str) -> object:
        if name != "export_weights":
            raise AttributeError(name)
        self.log.append("torch")

        def export_weights(weights_id: str, _cancel: CancelToken) -> Iterator[object]:
            self.log.append(weights_id)
            yield object()

        return export_weights


def test_in_the_background_it_gives_way_from_the_first_import_and_says_nothing(
    child: Child, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log: list[str] = []
    monkeypatch.setitem(sys.modules, "model.onnx_export", Exporter(log))
    monkeypatch.setattr(cli_export, "lower_priority", lambda: log.append("gives way"))
    assert main(["export", "--background", "tiny"]) == EXIT_OK
    assert log == ["gives way", "torch", "tiny"]
    assert child.asked == [], "a process within a process"
    assert capsys.readouterr() == ("", "")
