"""Stretches of time as text for the window."""

from PySide6.QtCore import QCoreApplication, QLocale

_MINUTE = 60
_HOUR = 3600


def time_left_text(seconds: float) -> str:
    """Return how long something will still take, no more exactly than anyone can foresee: `35 s left`."""
    number = QLocale().toString
    if seconds < _MINUTE - 0.5:
        text = QCoreApplication.translate("Durations", "{n}\u00a0s left")
        return text.format(n=number(max(1, round(seconds))))
    if seconds < _HOUR - _MINUTE / 2:
        text = QCoreApplication.translate("Durations", "{n}\u00a0min left")
        return text.format(n=number(round(seconds / _MINUTE)))
    if seconds < 10 * _HOUR:
        text = QCoreApplication.translate("Durations", "{n}\u00a0h left")
        return text.format(n=number(seconds / _HOUR, "f", 1))
    text = QCoreApplication.translate("Durations", "{n}\u00a0h left")
    return text.format(n=number(min(round(seconds / _HOUR), 9999)))


def time_taken_text(seconds: float) -> str:
    """Return how long something took: `83 ms`, `1.4 s`, `3 min 20 s`, `2 h 5 min`."""
    number = QLocale().toString
    if seconds < 0.9995:
        text = QCoreApplication.translate("Durations", "{n}\u00a0ms")
        return text.format(n=number(max(1, round(seconds * 1000))))
    whole = round(seconds)
    if whole >= _HOUR:
        text = QCoreApplication.translate("Durations", "{h}\u00a0h {min}\u00a0min")
        return text.format(h=number(whole // _HOUR), min=number(whole % _HOUR // _MINUTE))
    if whole >= _MINUTE:
        text = QCoreApplication.translate("Durations", "{min}\u00a0min {s}\u00a0s")
        return text.format(min=number(whole // _MINUTE), s=number(whole % _MINUTE))
    text = QCoreApplication.translate("Durations", "{n}\u00a0s")
    return text.format(n=number(float(seconds), "f", 1))
