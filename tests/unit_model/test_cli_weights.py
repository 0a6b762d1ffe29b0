"""photospotter-cli weights: networks of one's own by name, archives to and fro, and what is taken away again."""

from pathlib import Path

import pytest
import torch
from archive_samples import CLASSES, SMALL, content, give, pets, tensors

from model.cli import main
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE
from model.weights import default_catalogue


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.save(dict(tensors()), tmp_path / "mine.pth")
    (tmp_path / "labels.txt").write_text("\n".join(CLASSES))
    return tmp_path / "mine.pth"


def run(*arguments: str | Path) -> int:
    return main(["weights", *map(str, arguments)])


def import_own(checkpoint: Path, *more: str) -> int:
    return run("import", checkpoint, "--labels", checkpoint.with_name("labels.txt"), "--name", "My pets", *more)


def test_a_network_is_recognised_and_named(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_own(checkpoint) == EXIT_OK
    said = capsys.readouterr().err
    assert "use it with --weights my-pets" in said
    assert "shufflenet_v2_x0_5 (torchvision), with 3 classes" in said
    assert "assumed (resize to 256, crop 224)" in said
    assert default_catalogue().entry("my-pets").weights.architecture == SMALL


def test_a_network_can_be_named(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_own(checkpoint, "--arch", "resnet18", "--preprocess", "torchvision-v2") == EXIT_CANNOT_RUN
    assert "is not a ResNet-18: it lacks" in capsys.readouterr().err
    assert import_own(checkpoint, "--arch", "shufflenet_v2_x0_5", "--preprocess", "torchvision-v2") == EXIT_OK
    assert "assumed" not in capsys.readouterr().err


def test_an_unknown_name_is_wrong_usage_and_similar_ones_are_told(
    checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_own(checkpoint, "--arch", "shufflenet_v2_0_5") == EXIT_USAGE
    assert "torchvision:shufflenet_v2_x0_5" in capsys.readouterr().err
    assert not default_catalogue().folder("my-pets").exists()


def test_to_and_fro(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    give(default_catalogue(), pets(), pets_safetensors=content())
    archive = tmp_path / "pets.zip"
    assert run("export", "pets", archive) == EXIT_OK
    said = capsys.readouterr().err
    assert "Pets was saved as" in said
    assert f"({archive.stat().st_size / 1e3:.0f} kB)" in said
    assert run("import", archive) == EXIT_OK
    assert "is on this computer already" in capsys.readouterr().err
    assert run("remove", "pets") == EXIT_OK
    assert "pets was removed" in capsys.readouterr().err
    assert run("remove", "pets") == EXIT_CANNOT_RUN
    assert run("import", archive) == EXIT_OK
    said = capsys.readouterr().err
    assert "Pets is on this computer; use it with --weights pets" in said
    assert "assumed" not in said
    assert default_catalogue().entry("pets").weights == pets()


def test_an_assumption_that_travels_cannot_be_mended_by_an_option(
    checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = checkpoint.with_suffix(".zip")
    assert import_own(checkpoint) == EXIT_OK
    assert run("export", "my-pets", archive) == EXIT_OK
    assert run("remove", "my-pets") == EXIT_OK
    capsys.readouterr()
    assert run("import", archive) == EXIT_OK
    assert "--preprocess" not in capsys.readouterr().err
    assert default_catalogue().entry("my-pets").weights.preprocess_assumed


def test_an_export_replaces_only_when_told_to(tmp_path: Path) -> None:
    archive = tmp_path / "weather.zip"
    archive.write_bytes(b"precious")
    assert run("export", "weather-lite2", archive) == EXIT_USAGE
    assert archive.read_bytes() == b"precious"
    assert run("export", "weather-lite2", archive, "--force", "--quiet") == EXIT_OK
    assert archive.read_bytes() != b"precious"


def test_an_archive_needs_its_ending(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("export", "weather-lite2", tmp_path / "weather") == EXIT_USAGE
    assert "ends in .zip" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_sets_that_need_no_archive_say_how_they_are_got(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("export", "imagenet-resnet50-v2", tmp_path / "x.zip") == EXIT_CANNOT_RUN
    assert "resnet50-11ad3fa6.pth" in capsys.readouterr().err
    assert run("export", "imagenet-lite2", tmp_path / "x.zip") == EXIT_CANNOT_RUN
    assert "every copy of Photospotter" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--labels", "--name", "--arch", "--preprocess"])
def test_an_archive_takes_no_options(tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import", tmp_path / "pets.zip", option, "x") == EXIT_USAGE
    assert "says itself" in capsys.readouterr().err


def test_an_id_that_is_taken_is_wrong_usage(tmp_path: Path) -> None:
    catalogue = default_catalogue()
    give(catalogue, pets(), pets_safetensors=content())
    assert run("export", "pets", tmp_path / "pets.zip") == EXIT_OK
    assert run("remove", "pets") == EXIT_OK
    catalogue.folder("pets").mkdir()
    assert run("import", tmp_path / "pets.zip") == EXIT_USAGE


def test_what_is_no_archive_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.zip").write_bytes(b"nothing")
    assert run("import", tmp_path / "x.zip") == EXIT_CANNOT_RUN
    assert "is no .zip file" in capsys.readouterr().err


def test_only_sets_of_ones_own_can_be_removed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("remove", "weather-lite2") == EXIT_CANNOT_RUN
    assert "nothing to remove" in capsys.readouterr().err
    assert run("remove", "nonsense") == EXIT_CANNOT_RUN


def test_an_interrupted_import_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from model import archive_import
    from model.cancel import Cancelled

    def interrupt(*_: object) -> None:
        raise Cancelled

    give(default_catalogue(), pets(), pets_safetensors=content())
    assert run("export", "pets", tmp_path / "pets.zip") == EXIT_OK
    assert run("remove", "pets") == EXIT_OK
    monkeypatch.setattr(archive_import, "_check_tensors", interrupt)
    assert run("import", tmp_path / "pets.zip") == EXIT_INTERRUPTED
    assert list((default_catalogue().data_dir / "weights").iterdir()) == []
