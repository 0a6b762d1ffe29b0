"""Looks, before Qt is imported, for what Qt needs from a Linux system; without it Qt would abort the process.

No module of PySide6 may be imported here, and so the texts are English alone. The names of the libraries are those
that the wheels of PySide6-Essentials 6.11 are linked against (`objdump -p`, NEEDED).
"""

import ctypes
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

Loader = Callable[[str], object]
"""Loads a shared library by its soname; raises OSError when it cannot."""


class Packages(NamedTuple):
    """What a library's package is called in each family of distributions."""

    debian: str
    fedora: str
    arch: str
    suse: str


# libQt6Core, libQt6Gui, libQt6Widgets, libQt6DBus
_CORE = {
    "libEGL.so.1": Packages("libegl1", "libglvnd-egl", "libglvnd", "libglvnd"),
    "libGL.so.1": Packages("libgl1", "libglvnd-glx", "libglvnd", "libglvnd"),
    "libX11.so.6": Packages("libx11-6", "libX11", "libx11", "libX11-6"),
    "libdbus-1.so.3": Packages("libdbus-1-3", "dbus-libs", "dbus", "libdbus-1-3"),
    "libfontconfig.so.1": Packages("libfontconfig1", "fontconfig", "fontconfig", "libfontconfig1"),
    "libfreetype.so.6": Packages("libfreetype6", "freetype", "freetype2", "libfreetype6"),
    "libglib-2.0.so.0": Packages("libglib2.0-0", "glib2", "glib2", "libglib-2_0-0"),
    "libgthread-2.0.so.0": Packages("libglib2.0-0", "glib2", "glib2", "libgthread-2_0-0"),
    "libxkbcommon.so.0": Packages("libxkbcommon0", "libxkbcommon", "libxkbcommon", "libxkbcommon0"),
    "libz.so.1": Packages("zlib1g", "zlib", "zlib", "libz1"),
}
# platforms/libqxcb, libQt6XcbQpa
_XCB = {
    "libX11-xcb.so.1": Packages("libx11-xcb1", "libX11-xcb", "libx11", "libX11-xcb1"),
    "libxcb-cursor.so.0": Packages("libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor", "libxcb-cursor0"),
    "libxcb-icccm.so.4": Packages("libxcb-icccm4", "xcb-util-wm", "xcb-util-wm", "libxcb-icccm4"),
    "libxcb-image.so.0": Packages("libxcb-image0", "xcb-util-image", "xcb-util-image", "libxcb-image0"),
    "libxcb-keysyms.so.1": Packages("libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms", "libxcb-keysyms1"),
    "libxcb-randr.so.0": Packages("libxcb-randr0", "libxcb", "libxcb", "libxcb-randr0"),
    "libxcb-render-util.so.0": Packages(
        "libxcb-render-util0", "xcb-util-renderutil", "xcb-util-renderutil", "libxcb-render-util0"
    ),
    "libxcb-render.so.0": Packages("libxcb-render0", "libxcb", "libxcb", "libxcb-render0"),
    "libxcb-shape.so.0": Packages("libxcb-shape0", "libxcb", "libxcb", "libxcb-shape0"),
    "libxcb-shm.so.0": Packages("libxcb-shm0", "libxcb", "libxcb", "libxcb-shm0"),
    "libxcb-sync.so.1": Packages("libxcb-sync1", "libxcb", "libxcb", "libxcb-sync1"),
    "libxcb-util.so.1": Packages("libxcb-util1", "xcb-util", "xcb-util", "libxcb-util1"),
    "libxcb-xfixes.so.0": Packages("libxcb-xfixes0", "libxcb", "libxcb", "libxcb-xfixes0"),
    "libxcb-xkb.so.1": Packages("libxcb-xkb1", "libxcb", "libxcb", "libxcb-xkb1"),
    "libxcb.so.1": Packages("libxcb1", "libxcb", "libxcb", "libxcb1"),
    "libxkbcommon-x11.so.0": Packages(
        "libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11", "libxkbcommon-x11-0"
    ),
}
# platforms/libqwayland
_WAYLAND = {
    "libwayland-client.so.0": Packages("libwayland-client0", "libwayland-client", "wayland", "libwayland-client0"),
    "libwayland-cursor.so.0": Packages("libwayland-cursor0", "libwayland-cursor", "wayland", "libwayland-cursor0"),
}
_BY_PLATFORM = {"xcb": _XCB, "wayland": _WAYLAND}
_ALL = {**_CORE, **_XCB, **_WAYLAND}

_INSTALL = Packages(
    debian="sudo apt install", fedora="sudo dnf install", arch="sudo pacman -S", suse="sudo zypper install"
)
_FAMILY_WORDS = {
    "debian": ("debian", "ubuntu"),
    "fedora": ("fedora", "rhel", "centos"),
    "arch": ("arch", "archlinux"),
    "suse": ("suse", "opensuse", "sles"),
}

_NO_SCREEN = (
    "Photospotter cannot open its window: there is no screen here.\n"
    "The command line does the same work without one:  photospotter-cli classify FOLDER\n"
    "{hint}\n"
)


def qt_platforms(environ: Mapping[str, str]) -> list[str]:
    """Return the platform plugins that Qt would try, the first one first; empty where it would find no screen.

    The order is that of Qt 6 (`qguiapplication.cpp`): Wayland in a Wayland session, then X11 if there is a DISPLAY.
    """
    wished = [part.split(":")[0] for part in environ.get("QT_QPA_PLATFORM", "").split(";")]
    wished = ["wayland" if name.startswith("wayland") else name for name in wished if name]
    if wished:
        return wished
    wayland = (
        "WAYLAND_DISPLAY" in environ or "WAYLAND_SOCKET" in environ or environ.get("XDG_SESSION_TYPE") == "wayland"
    )
    return ["wayland"] * wayland + ["xcb"] * bool(environ.get("DISPLAY"))


def missing_libraries(environ: Mapping[str, str] = os.environ, load: Loader = ctypes.CDLL) -> list[str]:
    """Return the sonames of the libraries that Qt needs for its window here and that cannot be loaded.

    Empty on systems other than Linux, whose wheels hold all that they need. Where Qt has a choice of platforms, the
    one that lacks least counts.
    """
    if sys.platform != "linux":
        return []
    core = _lacking(_CORE, load)
    special = [_lacking(_BY_PLATFORM.get(name, {}), load) for name in qt_platforms(environ)]
    return core + min(special, key=len, default=[])


def _lacking(libraries: Mapping[str, Packages], load: Loader) -> list[str]:
    lacking = []
    for soname in libraries:
        try:
            load(soname)
        except OSError:
            lacking.append(soname)
    return lacking


def screen_answers(environ: Mapping[str, str] = os.environ, load: Loader = ctypes.CDLL) -> bool:
    """Return whether one of the screens that Qt would try takes a connection; a stale DISPLAY does not."""
    answers = {"xcb": lambda: _x11_answers(environ, load), "wayland": lambda: _wayland_answers(environ)}
    return any(answers[name]() if name in answers else True for name in qt_platforms(environ))


def _x11_answers(environ: Mapping[str, str], load: Loader) -> bool:
    try:
        xcb = load("libxcb.so.1")
    except OSError:
        return True  # that is told as a missing library
    if not isinstance(xcb, ctypes.CDLL):
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.restype = None
    connection = xcb.xcb_connect(os.fsencode(environ.get("DISPLAY", "")), None)
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed


def _wayland_answers(environ: Mapping[str, str]) -> bool:
    if "WAYLAND_SOCKET" in environ:
        return True
    # libwayland: a name is looked for in XDG_RUNTIME_DIR, an absolute path is taken as it is.
    address = os.path.join(environ.get("XDG_RUNTIME_DIR", ""), environ.get("WAYLAND_DISPLAY") or "wayland-0")  # noqa: PTH118
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2.0)
        try:
            probe.connect(address)
        except OSError:
            return False
    return True


def distribution_family(release: Mapping[str, str]) -> str | None:
    """Return `debian`, `fedora`, `arch` or `suse` for the fields of an os-release file, or None for another one."""
    words = " ".join((release.get("ID", ""), release.get("ID_LIKE", ""))).replace("-", " ").split()
    return next((family for family, names in _FAMILY_WORDS.items() if any(word in names for word in words)), None)


def explain(missing: Sequence[str], release: Mapping[str, str] | None = None) -> str:
    """Return what is missing and the one command that installs it; `release` is that of this system by default."""
    if release is None:
        release = _os_release()
    family = distribution_family(release)
    lines = [
        "Photospotter cannot open its window: Qt, which draws it, needs libraries that this system lacks.",
        "Missing: " + ", ".join(missing),
    ]
    if family is None:
        lines += [
            "Install the packages that hold these files. On Debian and Ubuntu that is:",
            "    " + _install_command("debian", missing),
            "and elsewhere the names are similar.",
        ]
    else:
        lines += ["Install them with:", "    " + _install_command(family, missing)]
    lines += ["The command line works without them:  photospotter-cli classify FOLDER", ""]
    return "\n".join(lines)


def _install_command(family: str, missing: Sequence[str]) -> str:
    packages = dict.fromkeys(getattr(_ALL[soname], family) for soname in missing if soname in _ALL)
    return " ".join([getattr(_INSTALL, family), *packages])


def _os_release() -> Mapping[str, str]:
    import platform  # only where something is missing

    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def preflight(environ: Mapping[str, str] = os.environ, load: Loader = ctypes.CDLL) -> str | None:
    """Return why Qt cannot open a window here and what to do, or None when nothing speaks against it."""
    if sys.platform != "linux":
        return None
    if not qt_platforms(environ):
        return _NO_SCREEN.format(hint="(Neither DISPLAY nor WAYLAND_DISPLAY is set. Over ssh, try `ssh -X`.)")
    missing = missing_libraries(environ, load)
    if missing:
        return explain(missing)
    if not screen_answers(environ, load):
        shown = environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY", "")
        return _NO_SCREEN.format(hint=f"(Nothing answers at “{shown}”, the screen that the environment names.)")
    return None
