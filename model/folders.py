"""Where the program keeps what belongs to the user."""

import os
from pathlib import Path

import platformdirs

DATA_DIR_VARIABLE = "PHOTOSPOTTER_DATA_DIR"


def data_dir() -> Path:
    """Return the folder for imported and fetched weights, pasted pictures, results and the log; it may not exist."""
    override = os.environ.get(DATA_DIR_VARIABLE)
    return Path(override) if override else platformdirs.user_data_path("photospotter", appauthor=False)


def store_file() -> Path:
    """Return the file of results that were found so far."""
    return data_dir() / "results.sqlite3"


def in_flight_dir() -> Path:
    """Return the folder of notes on what is in a decoder."""
    return data_dir() / "in-flight"


def sessions_dir() -> Path:
    """Return the folder of the lists that windows have, or had when they were closed."""
    return data_dir() / "sessions"


def onnx_dir() -> Path:
    """Return the folder of networks exported to ONNX; whatever is in it can be made again."""
    return data_dir() / "onnx"


def torch_hub_checkpoints() -> Path:
    """Return torch's own download cache, found as `torch.hub.get_dir` finds it, without importing torch."""
    torch_home = os.environ.get("TORCH_HOME")
    if not torch_home:
        cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        torch_home = str(Path(cache) / "torch")
    return Path(torch_home).expanduser() / "hub" / "checkpoints"
