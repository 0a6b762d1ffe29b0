"""Settings survive a restart, and whatever the file holds, reading them gives something sensible."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QByteArray, QSettings

from gui.settings import DEFAULT_PIXEL_LIMIT_MP, DEVICE_KEYS, FILE_NAME, Settings, is_web_address


def reopened(folder: Path) -> Settings:
    return Settings.in_folder(folder)


def test_defaults(tmp_path: Path) -> None:
    fresh = Settings.in_folder(tmp_path)
    assert fresh.pixel_limit_mp == 260
    assert fresh.pixel_limit == 260_000_000
    assert fresh.batch_size == 0
    assert fresh.device == "auto"
    assert fresh.mirror_url == ""
    assert fresh.include_subfolders
    assert not fresh.csv_raw
    assert fresh.last_weights == ""
    assert fresh.first_run
    assert fresh.state("geometry").isEmpty()


def test_values_survive_a_restart(tmp_path: Path) -> None:
    first = Settings.in_folder(tmp_path)
    first.pixel_limit_mp = 40
    first.batch_size = 4
    first.device = "cpu"
    first.mirror_url = "https://mirror.example/weights"
    first.include_subfolders = False
    first.csv_raw = True
    first.engine = "onnx"
    first.decode = "fast"
    first.last_weights = "imagenet-lite2"
    first.first_run = False
    first.set_state("columns", QByteArray(b"\x00\xff\x01"))
    assert first.sync()
    again = reopened(tmp_path)
    assert again.pixel_limit_mp == 40
    assert again.batch_size == 4
    assert again.device == "cpu"
    assert (again.engine, again.decode) == ("onnx", "fast")
    assert again.mirror_url == "https://mirror.example/weights"
    assert not again.include_subfolders
    assert again.csv_raw
    assert again.last_weights == "imagenet-lite2"
    assert not again.first_run
    assert again.state("columns") == QByteArray(b"\x00\xff\x01")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("pixel_limit_mp", "many"),
        ("pixel_limit_mp", "0"),
        ("pixel_limit_mp", "-5"),
        ("pixel_limit_mp", "1e400"),
        ("pixel_limit_mp", "99999999999999999999"),
        ("pixel_limit_mp", "1, 2, 3"),
        ("batch_size", "-1"),
        ("batch_size", "100000"),
        ("device", "toaster"),
        ("device", "cpu, cuda"),
        ("engine", "steam"),
        ("decode", "sloppy"),
        ("mirror_url", "ftp://example.org"),
        ("mirror_url", "@Invalid()"),
        ("include_subfolders", "perhaps"),
        ("first_run", ""),
        ("state\\geometry", "not bytes"),
    ],
)
def test_a_corrupt_value_reads_as_its_default(tmp_path: Path, key: str, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(f"[General]\n{key}={text}\n")
    broken = reopened(tmp_path)
    assert broken.pixel_limit_mp == DEFAULT_PIXEL_LIMIT_MP
    assert broken.batch_size == 0
    assert broken.device == "auto"
    assert (broken.engine, broken.decode) == ("auto", "exact")
    assert broken.mirror_url == ""
    assert broken.include_subfolders
    assert broken.first_run
    assert broken.state("geometry").isEmpty()


@given(content=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_any_file_can_be_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"[General]\npixel_limit_mp=" + content)
    broken = reopened(tmp_path)
    assert 1 <= broken.pixel_limit_mp <= 2000
    assert broken.device in DEVICE_KEYS
    assert isinstance(broken.state("geometry"), QByteArray)


def test_values_that_are_not_allowed_are_refused(tmp_path: Path) -> None:
    chosen = Settings.in_folder(tmp_path)
    with pytest.raises(ValueError, match="2001"):
        chosen.pixel_limit_mp = 2001
    with pytest.raises(ValueError, match="-1"):
        chosen.batch_size = -1
    with pytest.raises(ValueError, match="toaster"):
        chosen.device = "toaster"
    with pytest.raises(ValueError, match="steam"):
        chosen.engine = "steam"  # type: ignore[assignment]
    with pytest.raises(ValueError, match="sloppy"):
        chosen.decode = "sloppy"  # type: ignore[assignment]
    with pytest.raises(ValueError, match="ftp"):
        chosen.mirror_url = "ftp://example.org"
    assert chosen.pixel_limit_mp == DEFAULT_PIXEL_LIMIT_MP


def test_the_mirror_can_be_taken_away(tmp_path: Path) -> None:
    chosen = Settings.in_folder(tmp_path)
    chosen.mirror_url = "http://10.0.0.1:8080/"
    chosen.mirror_url = ""
    assert chosen.mirror_url == ""


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    chosen = Settings.in_folder(tmp_path)
    chosen.batch_size = 2
    assert not chosen.sync()


def test_a_given_store_is_used(tmp_path: Path) -> None:
    store = QSettings(str(tmp_path / "own.ini"), QSettings.Format.IniFormat)
    Settings(store).batch_size = 3
    assert store.value("batch_size") == 3


@pytest.mark.parametrize(
    "text",
    ["https://example.org", "http://127.0.0.1:8000/models/", "https://[::1]/x", "https://müller.example/a%20b"],
)
def test_web_addresses(text: str) -> None:
    assert is_web_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org",
        "ftp://example.org",
        "file:///etc/passwd",
        "http://",
        "https:///models",
        "http://example.org:port",
        "http://example.org:99999",
        "http://[::1",
        "https://exa mple.org",
        "https://example.org/\n",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_web_address(text: str) -> None:
    assert not is_web_address(text)


def test_the_users_settings_are_in_the_data_folder(own_data_dir: Path) -> None:
    chosen = Settings.for_user()
    chosen.batch_size = 5
    assert chosen.sync()
    assert Settings.in_folder(own_data_dir).batch_size == 5
