"""What argparse turns the texts of options into."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Literal, TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def whole_number(low: int, high: int | None = None) -> Callable[[str], int]:
    """Return what argparse turns a text into a whole number with."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError("must be a whole number") from None
        if number < low or (high is not None and number > high):
            raise argparse.ArgumentTypeError(f"must be {low} or more" if high is None else f"must be {low} to {high}")
        return number

    return parse


def whole_numbers(text: str) -> tuple[int, ...]:
    """Return numbers of 0 or more that stand between commas."""
    parse = whole_number(0)
    return tuple(parse(part) for part in text.split(","))


def _side(text: str) -> int:
    return whole_number(32, 2048)(text)


def sides(text: str) -> tuple[int, ...]:
    """Return sides of pictures in pixels, at least 32, that stand between commas."""
    return tuple(_side(part) for part in text.split(","))


def share(text: str) -> float:
    """Return a number from 0 to below 1."""
    number = _number(text)
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError("must be from 0 to below 1")
    return number


def number_from_0(text: str) -> float:
    """Return a number of 0 or more."""
    number = _number(text)
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number


def number_above_0(text: str) -> float:
    """Return a number above 0."""
    number = _number(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError("must be above 0")
    return number


def side_or_0(text: str) -> int:
    """Return a side of pictures in pixels, or 0."""
    return 0 if text == "0" else _side(text)


def fold_count(text: str) -> int:
    """Return 0, or a number of folds of 2 or more."""
    return 0 if text == "0" else whole_number(2)(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError("must be a number") from None


def unfreezing(text: str) -> int | Literal["all"]:
    """Return a number of blocks, or `all`."""
    return "all" if text == "all" else whole_number(0)(text)
