import errno
import os
import platform
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pictures import LIMITS, WRITABLE, encoded, pattern, pixels_of, problem_code, saved
from PIL import EpsImagePlugin, Image

from model import picture_file
from model.decode import decode
from model.decode_limits import DEFAULT_PIXEL_LIMIT
from model.errors import ImageError
from model.image_formats import DECODABLE_FORMATS

# --- formats ---


@pytest.mark.parametrize("kind", WRITABLE)
def test_formats_are_known_by_content_not_by_extension(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "picture.txt"
    path.write_bytes(encoded(kind))
    decoded = decode(path, limits=LIMITS)
    assert decoded.facts.format == {"MPO": "JPEG"}.get(kind, kind)
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.asarray(decoded.image), np.asarray(image.convert("RGB")))


def test_every_format_of_the_list_has_a_reader() -> None:
    assert set(picture_file.set_up_pillow(DEFAULT_PIXEL_LIMIT)) == set(DECODABLE_FORMATS)
    assert "HEIF" in DECODABLE_FORMATS
    assert "EPS" not in DECODABLE_FORMATS


def allocated_blocks() -> int:
    return int(Image.core.get_stats()["allocated_blocks"])


def test_the_memory_of_a_picture_serves_the_next_one(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", pattern(1000, 800))
    decode(path, limits=LIMITS)
    before = allocated_blocks()
    for _ in range(3):
        decode(path, limits=LIMITS)
    assert allocated_blocks() == before
    picture_file.free_kept_memory()
    decode(path, limits=LIMITS)
    assert allocated_blocks() >= before + 1000 * 800 * 4 // (256 << 10)


def test_memory_that_the_c_library_keeps_goes_back_too(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "linux" and platform.libc_ver()[0] == "glibc":
        trim = picture_file._malloc_trim()
        assert trim is not None
        assert trim(0) in (0, 1)
    asked: list[int] = []

    def trim_nothing(padding: int) -> int:
        asked.append(padding)
        return 0

    monkeypatch.setattr(picture_file, "_malloc_trim", lambda: trim_nothing)
    picture_file.free_kept_memory()
    assert asked == [0]
    monkeypatch.setattr(picture_file, "_malloc_trim", lambda: None)  # other systems
    picture_file.free_kept_memory()
    assert asked == [0]


def test_what_the_user_set_for_pillows_memory_stays() -> None:
    code = (
        "from PIL import Image; from model.picture_file import set_up_pillow; set_up_pillow(1); "
        "print(Image.core.get_blocks_max(), Image.core.get_block_size())"
    )
    for value, expected in (("3", "3 16777216"), ("0", "1464 262144")):
        environment = os.environ | {"PILLOW_BLOCKS_MAX": value}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert run.stdout.strip() == expected


def test_mpo_gives_the_first_picture(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.mpo", pattern(), kind="MPO", save_all=True, append_images=[Image.new("RGB", (48, 32))])
    assert decode(path, limits=LIMITS).facts.format == "MPO"
    assert pixels_of(path).mean() > 50


def test_ghostscript_is_never_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *args, **_: calls.append(args))
    path = tmp_path / "picture.jpg"
    pattern().save(path, format="EPS")
    assert problem_code(path) == "image-format-unread"
    path.write_bytes(path.read_bytes().replace(b" EPSF-3.0", b"", 1))  # now it has no telling first line
    assert problem_code(path) == "image-unknown"
    assert calls == []


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        ("a.jpg", b"8BPS\0\1" + bytes(50), "Photoshop"),
        ("a.nef", b"no magic here", "camera raw"),
    ],
)
def test_recognised_formats_are_named(tmp_path: Path, name: str, content: bytes, title: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ImageError, match=f"{title} files cannot be read here") as caught:
        decode(path, limits=LIMITS)
    assert "JPEG or PNG" in caught.value.remedy


def test_a_raw_file_is_not_mistaken_for_its_preview(tmp_path: Path) -> None:
    assert problem_code(saved(tmp_path / "a.DNG", pattern(), kind="TIFF")) == "image-format-unread"


def test_a_jpeg_is_read_whatever_its_name(tmp_path: Path) -> None:
    assert decode(saved(tmp_path / "a.nef", pattern(), kind="JPEG"), limits=LIMITS).facts.format == "JPEG"


@pytest.mark.parametrize("content", [b"hello\n" * 100, bytes(1000), b"\xff" * 1000])
def test_what_is_no_picture_is_called_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter.jpg"
    path.write_bytes(content)
    assert problem_code(path) == "image-unknown"


# --- what is no ordinary file ---


def test_a_missing_file(tmp_path: Path) -> None:
    assert problem_code(tmp_path / "a.jpg") == "image-missing"
    assert problem_code(saved(tmp_path / "b.jpg", pattern()) / "a.jpg") == "image-missing"
    assert problem_code(tmp_path / "nul\0.jpg") == "image-missing"


def test_a_folder(tmp_path: Path) -> None:
    assert problem_code(tmp_path) == "image-is-folder"


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert problem_code(tmp_path / "a.jpg") == "image-empty"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_a_pipe_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("it was opened"))
    assert problem_code(tmp_path / "a.jpg") == "image-not-a-file"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_a_device_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("it was opened"))
    assert problem_code(Path("/dev/zero")) == "image-not-a-file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_a_pipe_put_in_a_files_place_does_not_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    regular = saved(tmp_path / "b.jpg", pattern()).stat()
    os.mkfifo(tmp_path / "a.jpg")
    monkeypatch.setattr(Path, "stat", lambda _: regular)
    assert problem_code(tmp_path / "a.jpg") == "image-not-a-file"


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    path = saved(tmp_path / "a.png", pattern())
    monkeypatch.setattr(os, "open", refuse)
    assert problem_code(path) == "image-no-permission"


def test_other_failures_to_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(errno.ESTALE, "Stale file handle")

    path = saved(tmp_path / "a.png", pattern())
    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(ImageError, match="Stale file handle"):
        decode(path, limits=LIMITS)


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege there")
def test_a_symbolic_link_and_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    target = saved(tmp_path / "a.png", pattern())
    link = tmp_path / os.fsdecode(b"\xff\xfe.png")
    link.symlink_to(target)
    np.testing.assert_array_equal(pixels_of(link), pixels_of(target))


def test_files_are_closed_and_may_go_afterwards(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.bmp", pattern(), kind="BMP")
    decoded = decode(path, limits=LIMITS)
    path.write_bytes(b"")
    path.unlink()
    np.testing.assert_array_equal(np.asarray(decoded.image), np.asarray(pattern()))


def test_permissions_as_they_are_on_disk(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", pattern())
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert not path.stat().st_mode & stat.S_IRUSR
    assert problem_code(path) == "image-no-permission"
