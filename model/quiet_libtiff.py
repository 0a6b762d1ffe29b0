"""libtiff, inside Pillow, writes its complaints straight to the process's standard error; nobody there can use them.

What matters of them reaches the user as the picture's own error, which Pillow raises.
"""

import ctypes
import logging
import sys
from pathlib import Path

import PIL

log = logging.getLogger(__name__)

# Where Pillow's wheels keep the library: beside the package on Linux, inside it on macOS. On Windows it is linked into
# Pillow's own module and cannot be reached.
_FOLDERS = ("../pillow.libs", ".dylibs")


def silence_libtiff() -> bool:
    """Take libtiff's two message handlers away (its manual's TIFFError.3tiff); return whether the library was found.

    To be called once Pillow's readers are loaded: opening the library by its path then gives the loaded one.
    """
    package = Path(PIL.__file__).parent
    libraries = [path for folder in _FOLDERS for path in sorted((package / folder).glob("libtiff*"))]
    names = [str(path.resolve()) for path in libraries]
    if not names and sys.platform.startswith("linux"):
        names = ["libtiff.so.6"]  # a Pillow that was built against the system's library
    for name in names:
        try:
            library = ctypes.CDLL(name)
            for function in (library.TIFFSetErrorHandler, library.TIFFSetWarningHandler):
                function.restype = ctypes.c_void_p
                function.argtypes = [ctypes.c_void_p]
                function(None)
        except (OSError, AttributeError) as exc:
            log.info("libtiff stays as talkative as it is: %s", exc)
        else:
            return True
    return False
