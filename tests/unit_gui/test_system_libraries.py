"""What Qt needs from a bare Linux machine is named, with the command that installs it, before Qt can abort."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from gui import system_libraries
from gui.system_libraries import (
    distribution_family,
    explain,
    missing_libraries,
    preflight,
    qt_platforms,
    screen_answers,
)

X11 = {"DISPLAY": ":0"}
WAYLAND = {"WAYLAND_DISPLAY": "wayland-0"}
DEBIAN = {"ID": "ubuntu", "ID_LIKE": "debian"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes Qt's libraries from the system")


class FakeLoader:
    """Loads all but the named libraries, and counts."""

    def __init__(self, absent: Iterable[str] = ()) -> None:
        self.absent = set(absent)
        self.asked: list[str] = []

    def __call__(self, soname: str) -> object:
        self.asked.append(soname)
        if soname in self.absent:
            raise OSError(f"{soname}: cannot open shared object file: No such file or directory")
        return object()


def test_nothing_is_missing_on_a_complete_system() -> None:
    assert missing_libraries(X11, FakeLoader()) == []
    assert preflight(X11, FakeLoader()) is None


def test_the_libraries_that_do_not_load_are_named() -> None:
    loader = FakeLoader({"libEGL.so.1", "libxcb-cursor.so.0"})
    assert missing_libraries(X11, loader) == ["libEGL.so.1", "libxcb-cursor.so.0"]


def test_libraries_of_the_x_window_system_are_not_asked_for_under_wayland() -> None:
    loader = FakeLoader({"libxcb-cursor.so.0", "libX11-xcb.so.1"})
    assert missing_libraries(WAYLAND, loader) == []
    assert not any("xcb" in soname for soname in loader.asked)


def test_where_wayland_cannot_be_used_x11_is_enough() -> None:
    both = {**X11, **WAYLAND}
    assert missing_libraries(both, FakeLoader({"libwayland-client.so.0"})) == []
    assert missing_libraries(both, FakeLoader({"libxcb-cursor.so.0"})) == []
    assert missing_libraries(both, FakeLoader({"libwayland-client.so.0", "libxcb-cursor.so.0"})) != []


def test_an_offscreen_platform_needs_the_core_alone() -> None:
    loader = FakeLoader({"libxcb-cursor.so.0", "libwayland-client.so.0"})
    offscreen = {"QT_QPA_PLATFORM": "offscreen"}
    assert missing_libraries(offscreen, loader) == []
    assert missing_libraries(offscreen, FakeLoader({"libGL.so.1"})) == ["libGL.so.1"]
    assert preflight(offscreen, loader) is None


@pytest.mark.parametrize(
    ("environ", "platforms"),
    [
        ({}, []),
        ({"DISPLAY": ""}, []),
        (X11, ["xcb"]),
        (WAYLAND, ["wayland"]),
        ({**X11, **WAYLAND}, ["wayland", "xcb"]),
        ({"XDG_SESSION_TYPE": "wayland"}, ["wayland"]),
        ({"XDG_SESSION_TYPE": "x11", **X11}, ["xcb"]),
        ({"QT_QPA_PLATFORM": "offscreen"}, ["offscreen"]),
        ({"QT_QPA_PLATFORM": "xcb", **WAYLAND}, ["xcb"]),
        ({"QT_QPA_PLATFORM": "wayland;xcb"}, ["wayland", "xcb"]),
        ({"QT_QPA_PLATFORM": "wayland-egl"}, ["wayland"]),
        ({"QT_QPA_PLATFORM": "offscreen:configfile=x.json"}, ["offscreen"]),
        ({"QT_QPA_PLATFORM": "", **X11}, ["xcb"]),
    ],
)
def test_the_platforms_that_qt_will_try(environ: dict[str, str], platforms: list[str]) -> None:
    assert qt_platforms(environ) == platforms


def test_without_a_screen_the_command_line_is_offered() -> None:
    text = preflight({}, FakeLoader({"libEGL.so.1"}))
    assert text is not None
    assert "no screen" in text
    assert "photospotter-cli" in text
    assert "libEGL" not in text


def test_a_display_that_does_not_answer_is_told_instead_of_an_abort() -> None:
    environ = {"WAYLAND_DISPLAY": "/nonexistent/wayland-7"}
    text = preflight(environ, FakeLoader())
    assert text is not None
    assert "/nonexistent/wayland-7" in text


def test_a_wayland_compositor_that_answers_is_found(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind(str(tmp_path / "wl"))
        compositor.listen()
        environ = {"WAYLAND_DISPLAY": "wl", "XDG_RUNTIME_DIR": str(tmp_path)}
        assert screen_answers(environ, FakeLoader())
    assert not screen_answers({"WAYLAND_DISPLAY": "gone", "XDG_RUNTIME_DIR": str(tmp_path)}, FakeLoader())


def test_a_stale_x_display_is_found_out() -> None:
    script = "from gui.system_libraries import screen_answers; print(screen_answers())"
    kept = {name: value for name, value in os.environ.items() if name not in ("WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    environ = {**kept, "DISPLAY": ":7531", "XDG_SESSION_TYPE": "x11"}
    root = Path(system_libraries.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, cwd=root, capture_output=True, text=True, check=True
    )
    if "libxcb.so.1" in missing_libraries(X11):
        pytest.skip("libxcb is not on this system")
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("release", "family"),
    [
        ({"ID": "debian"}, "debian"),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "debian"),
        ({"ID": "fedora"}, "fedora"),
        ({"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "fedora"),
        ({"ID": "endeavouros", "ID_LIKE": "arch"}, "arch"),
        ({"ID": "opensuse-tumbleweed", "ID_LIKE": "opensuse suse"}, "suse"),
        ({"ID": "nixos"}, None),
        ({}, None),
    ],
)
def test_distributions_are_recognised(release: dict[str, str], family: str | None) -> None:
    assert distribution_family(release) == family


@pytest.mark.parametrize(
    ("release", "command"),
    [
        ({"ID": "ubuntu"}, "sudo apt install libegl1 libxcb-cursor0"),
        ({"ID": "fedora"}, "sudo dnf install libglvnd-egl xcb-util-cursor"),
        ({"ID": "arch"}, "sudo pacman -S libglvnd xcb-util-cursor"),
        ({"ID": "opensuse-leap"}, "sudo zypper install libglvnd libxcb-cursor0"),
    ],
)
def test_one_command_installs_what_is_missing(release: dict[str, str], command: str) -> None:
    text = explain(["libEGL.so.1", "libxcb-cursor.so.0"], release)
    assert f"\n    {command}\n" in text
    assert "libEGL.so.1" in text
    assert "photospotter-cli" in text


def test_each_package_is_named_once() -> None:
    text = explain(["libEGL.so.1", "libGL.so.1", "libxcb.so.1", "libxcb-shm.so.0"], {"ID": "arch"})
    assert "sudo pacman -S libglvnd libxcb\n" in text


def test_an_unknown_distribution_still_gets_names() -> None:
    text = explain(["libxcb-icccm.so.4"], {"ID": "gentoo"})
    assert "libxcb-icccm.so.4" in text
    assert "libxcb-icccm4" in text


def test_importing_and_asking_loads_no_qt() -> None:
    script = (
        "import sys, gui.system_libraries as s; s.preflight();"
        "print([name for name in sys.modules if name.split('.')[0] in ('PySide6', 'shiboken6')])"
    )
    root = Path(system_libraries.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("pattern", "platform"),
    [
        ("lib/libQt6Gui.so.6", "offscreen"),
        ("lib/libQt6Widgets.so.6", "offscreen"),
        ("lib/libQt6DBus.so.6", "offscreen"),
        ("lib/libQt6XcbQpa.so.6", "xcb"),
        ("plugins/platforms/libqwayland*.so", "wayland"),
    ],
)
def test_all_that_this_qt_is_linked_against_is_looked_for(pattern: str, platform: str) -> None:
    """Reads the names out of the libraries themselves, so that a new Qt with new needs is noticed."""
    import PySide6

    loader = FakeLoader()
    missing_libraries({"QT_QPA_PLATFORM": platform}, loader)
    own = (r"libQt6\w+", r"libc", r"libm", r"libstdc\+\+", r"libgcc_s", r"libicu\w+", r"libpthread", r"libdl", r"librt")
    files = list(Path(PySide6.__file__).parent.joinpath("Qt").glob(pattern))
    if not files:
        pytest.skip(f"this Qt has no {pattern}")
    for file in files:
        found = {name.decode() for name in re.findall(rb"\0(lib[\w+.-]+\.so\.\d+)(?=\0)", file.read_bytes())}
        foreign = {name for name in found if not any(re.match(stem + r"\.so", name) for stem in own)}
        assert foreign, "the library's own list was not found"
        assert foreign <= set(loader.asked), foreign - set(loader.asked)
