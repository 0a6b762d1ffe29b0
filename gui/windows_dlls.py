"""On Windows, torch 2.9 and later may fail to import once Qt is loaded (WinError 1114, pytorch issue 166628).

Loading torch's own libraries first avoids it, without importing torch. Written from the report; not tried on Windows.
"""

import ctypes
import importlib.util
import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

LIBRARIES = ("c10.dll", "torch_cpu.dll")


def load_torch_libraries() -> None:
    """Load torch's libraries into the process; what fails is logged, since the import of torch will say more."""
    # Asking for the spec of a top-level package finds it without importing it.
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.submodule_search_locations:
        return
    folder = Path(spec.submodule_search_locations[0]) / "lib"
    add_folder = getattr(os, "add_dll_directory", None)
    if add_folder is not None and folder.is_dir():
        add_folder(str(folder))
    for name in LIBRARIES:
        try:
            ctypes.CDLL(str(folder / name))
        except OSError as exc:
            log.warning("could not load %s before Qt: %s", name, exc)
