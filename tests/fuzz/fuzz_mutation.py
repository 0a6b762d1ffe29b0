"""Files spoiled by chance: the same number gives the same file, so that a finding can be made again."""

import random
import struct
from collections.abc import Sequence

_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_LONGEST = 4 << 20


def mutate(data: bytes, others: Sequence[bytes], number: int) -> bytes:
    """Return `data` with one to eight faults in it; `others` are files from which pieces are taken."""
    chance = random.Random(number)
    spoiled = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        chance.choice(_FAULTS)(spoiled, others, chance)
        del spoiled[_LONGEST:]
    return bytes(spoiled)


def _place(data: bytearray, chance: random.Random) -> int:
    """Headers are where most can go wrong."""
    most = min(len(data), 64) if chance.random() < 0.4 else len(data)
    return chance.randrange(most) if most else 0


def _flip(data: bytearray, _others: Sequence[bytes], chance: random.Random) -> None:
    if data:
        data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _byte(data: bytearray, _others: Sequence[bytes], chance: random.Random) -> None:
    if data:
        data[_place(data, chance)] = chance.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, chance.randrange(256)))


def _number(data: bytearray, _others: Sequence[bytes], chance: random.Random) -> None:
    place, value = _place(data, chance), chance.choice(_NUMBERS)
    form = chance.choice(("<H", ">H", "<I", ">I", "<Q"))
    packed = struct.pack(form, value & (1 << 8 * struct.calcsize(form)) - 1)
    data[place : place + len(packed)] = packed


def _cut(data: bytearray, _others: Sequence[bytes], chance: random.Random) -> None:
    del data[_place(data, chance) :]


def _leave_out(data: bytearray, _others: Sequence[bytes], chance: random.Random) -> None:
    place = _place(data, chance)
    del data[place : place + chance.choice((1, 2, 4, 12, 100, 1000))]


def _repeat(data: bytearray, _others: Sequence[bytes], chance: random.Random) -> None:
    place = _place(data, chance)
    piece = bytes(data[place : place + chance.choice((1, 4, 12, 60, 400))])
    data[place:place] = piece * chance.choice((1, 2, 10, 1000))


def _splice(data: bytearray, others: Sequence[bytes], chance: random.Random) -> None:
    other = chance.choice(others)
    start = chance.randrange(len(other)) if other else 0
    piece = other[start : start + chance.choice((4, 20, 200, 2000, len(other)))]
    place = _place(data, chance)
    data[place : place + chance.choice((0, len(piece)))] = piece


def _move(data: bytearray, _others: Sequence[bytes], chance: random.Random) -> None:
    here, there = _place(data, chance), _place(data, chance)
    piece = bytes(data[here : here + chance.choice((4, 12, 60, 400))])
    data[there : there + len(piece)] = piece


_FAULTS = (_flip, _flip, _byte, _byte, _number, _number, _cut, _leave_out, _repeat, _splice, _move)
