"""What the user has chosen, kept between starts; a value that is missing or makes no sense reads as its default."""

import logging
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

from PySide6.QtCore import QByteArray, QSettings

from model.folders import data_dir
from model.types import DecodeMode, EngineWish

log = logging.getLogger(__name__)

FILE_NAME = "settings.ini"
DEVICE_KEYS = ("auto", "cuda", "mps", "cpu")
"""What `model.devices.choose_device` accepts."""

ENGINE_KEYS: tuple[EngineWish, ...] = get_args(EngineWish)

DEFAULT_PIXEL_LIMIT_MP = 260
MIN_PIXEL_LIMIT_MP = 1
MAX_PIXEL_LIMIT_MP = 2000
"""Pixels of the largest picture that is decoded, in millions; phones make pictures of 200."""

MAX_BATCH_SIZE = 256

DEFAULT_HISTORY_MB = 1024
MIN_HISTORY_MB = 10
MAX_HISTORY_MB = 100_000
"""The size of the history of results; a megabyte holds some 2,000 of them."""

_PIXELS_PER_MP = 1_000_000
_TRUE_WORDS = {"true": True, "1": True, "false": False, "0": False}


def is_web_address(text: str) -> bool:
    """Return whether `text` is an http or https URL that names a host and holds nothing that a URL may not hold."""
    if not text.isprintable() or any(char.isspace() for char in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # an impossible port, or brackets that do not match
        return False


class Settings:
    """Typed access to a QSettings; owned by the GUI thread. Setting a value that is not allowed raises ValueError."""

    def __init__(self, store: QSettings) -> None:
        """Read from and write to `store`."""
        self._store = store

    @classmethod
    def in_folder(cls, folder: Path) -> "Settings":
        """Return the settings kept in a file of `folder`; the file is made by the first `sync`."""
        return cls(QSettings(str(folder / FILE_NAME), QSettings.Format.IniFormat))

    @classmethod
    def for_user(cls) -> "Settings":
        """Return the settings in the user's data folder."""
        return cls.in_folder(data_dir())

    @property
    def pixel_limit_mp(self) -> int:
        """The largest picture that is decoded, in millions of pixels."""
        return self._number("pixel_limit_mp", DEFAULT_PIXEL_LIMIT_MP, MIN_PIXEL_LIMIT_MP, MAX_PIXEL_LIMIT_MP)

    @pixel_limit_mp.setter
    def pixel_limit_mp(self, value: int) -> None:
        self._set_number("pixel_limit_mp", value, MIN_PIXEL_LIMIT_MP, MAX_PIXEL_LIMIT_MP)

    @property
    def pixel_limit(self) -> int:
        """The largest picture that is decoded, in pixels."""
        return self.pixel_limit_mp * _PIXELS_PER_MP

    @property
    def batch_size(self) -> int:
        """How many pictures the network takes at a time; 0 leaves it to the device."""
        return self._number("batch_size", 0, 0, MAX_BATCH_SIZE)

    @batch_size.setter
    def batch_size(self, value: int) -> None:
        self._set_number("batch_size", value, 0, MAX_BATCH_SIZE)

    @property
    def device(self) -> str:
        """The wished-for device, one of DEVICE_KEYS."""
        value = self._text("device")
        return value if value in DEVICE_KEYS else DEVICE_KEYS[0]

    @device.setter
    def device(self, value: str) -> None:
        if value not in DEVICE_KEYS:
            raise ValueError(value)
        self._store.setValue("device", value)

    @property
    def engine(self) -> EngineWish:
        """What is to compute: auto, torch or onnx."""
        value = self._text("engine")
        return value if value in ENGINE_KEYS else "auto"

    @engine.setter
    def engine(self, value: EngineWish) -> None:
        if value not in ENGINE_KEYS:
            raise ValueError(value)
        self._store.setValue("engine", value)

    @property
    def decode(self) -> DecodeMode:
        """How pixels are made: exact or fast."""
        return "fast" if self._text("decode") == "fast" else "exact"

    @decode.setter
    def decode(self, value: DecodeMode) -> None:
        if value not in get_args(DecodeMode):
            raise ValueError(value)
        self._store.setValue("decode", value)

    @property
    def mirror_url(self) -> str:
        """Base URL to fetch weights from in place of their publisher; empty for none."""
        value = self._text("mirror_url")
        return value if is_web_address(value) else ""

    @mirror_url.setter
    def mirror_url(self, value: str) -> None:
        if value and not is_web_address(value):
            raise ValueError(value)
        self._store.setValue("mirror_url", value)

    @property
    def history_megabytes(self) -> int:
        """How large the history of results may grow."""
        return self._number("history_megabytes", DEFAULT_HISTORY_MB, MIN_HISTORY_MB, MAX_HISTORY_MB)

    @history_megabytes.setter
    def history_megabytes(self, value: int) -> None:
        self._set_number("history_megabytes", value, MIN_HISTORY_MB, MAX_HISTORY_MB)

    @property
    def include_subfolders(self) -> bool:
        """Whether opening a folder takes the folders in it too."""
        return self._flag("include_subfolders", default=True)

    @include_subfolders.setter
    def include_subfolders(self, value: bool) -> None:
        self._store.setValue("include_subfolders", value)

    @property
    def csv_raw(self) -> bool:
        """Whether the CSV leaves cells as they are that a spreadsheet would take for formulas."""
        return self._flag("csv_raw", default=False)

    @csv_raw.setter
    def csv_raw(self, value: bool) -> None:
        self._store.setValue("csv_raw", value)

    @property
    def notify(self) -> bool:
        """Whether the desktop is to say that a long run has ended while another window was in front."""
        return self._flag("notify", default=True)

    @notify.setter
    def notify(self, value: bool) -> None:
        self._store.setValue("notify", value)

    @property
    def last_weights(self) -> str:
        """The id of the weight set used last; empty when there was none."""
        return self._text("last_weights")

    @last_weights.setter
    def last_weights(self, value: str) -> None:
        self._store.setValue("last_weights", value)

    @property
    def last_folder(self) -> str:
        """The folder that pictures were opened from last; empty at first."""
        return self._text("last_folder")

    @last_folder.setter
    def last_folder(self, value: str) -> None:
        self._store.setValue("last_folder", value)

    @property
    def last_export_folder(self) -> str:
        """The folder that results were saved in last; empty at first."""
        return self._text("last_export_folder")

    @last_export_folder.setter
    def last_export_folder(self, value: str) -> None:
        self._store.setValue("last_export_folder", value)

    @property
    def first_run(self) -> bool:
        """Whether the program has never been started with these settings; True until set to False."""
        return self._flag("first_run", default=True)

    @first_run.setter
    def first_run(self, value: bool) -> None:
        self._store.setValue("first_run", value)

    def state(self, name: str) -> QByteArray:
        """Return how a window, splitter or header was arranged; if unknown empty, which Qt's restore methods ignore."""
        value = self._store.value(f"state/{name}")
        return value if isinstance(value, QByteArray) else QByteArray()

    def set_state(self, name: str, state: QByteArray) -> None:
        """Keep how a window, splitter or header is arranged."""
        self._store.setValue(f"state/{name}", state)

    def sync(self) -> bool:
        """Write everything to disk now; return whether that worked."""
        self._store.sync()
        if self._store.status() != QSettings.Status.NoError:
            log.warning("settings could not be written to %s: %s", self._store.fileName(), self._store.status())
            return False
        return True

    def _text(self, key: str) -> str:
        value = self._store.value(key, "")
        return value if isinstance(value, str) else ""

    def _flag(self, key: str, *, default: bool) -> bool:
        value = self._store.value(key, default)
        return _TRUE_WORDS.get(str(value).lower(), default)

    def _number(self, key: str, default: int, least: int, most: int) -> int:
        value = self._store.value(key, default)
        try:
            number = int(str(value))
        except ValueError:
            return default
        return number if least <= number <= most else default

    def _set_number(self, key: str, value: int, least: int, most: int) -> None:
        if not least <= value <= most:
            raise ValueError(value)
        self._store.setValue(key, value)
