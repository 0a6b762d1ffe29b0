"""The process that opens spoiled files: `fuzz_child.py TARGET FIRST SECONDS FOLDER`, with `tests` on the path.

It writes each file before it opens it, so that the parent finds the one at which this process died, and one line of
JSON for each finding. The last line has the number of executions.
"""

import json
import logging
import os
import resource
import sys
import time
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path

from fuzz_mutation import mutate
from fuzz_targets import TARGETS, Target

from model.errors import PhotospotterError

_PAUSE = 2.0
MOST_SECONDS = 20.0
MOST_KIB = 1536 << 10


def main() -> None:
    """Open one file after another until the time is over."""
    name, first, seconds, folder, quiet = sys.argv[1:6]
    target = next(one for one in TARGETS if one.name == name)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    place = Path(folder)
    seeds = target.seeds()
    end = time.monotonic() + float(seconds)
    number = int(first)
    refused, peak = 0, MOST_KIB
    while time.monotonic() < end:
        if quiet and Path(quiet).exists():
            end += _PAUSE
            time.sleep(_PAUSE)
            continue
        case = place / f"case{target.suffix}"
        case.write_bytes(_content(target, seeds, number))
        (place / "number").write_text(str(number), encoding="ascii")
        started = time.monotonic()
        try:
            target.run(case)
        except PhotospotterError:
            refused += 1
        except BaseException:  # noqa: BLE001 - whatever else there is, is a finding
            _tell(number, "raised", traceback.format_exc(limit=-8))
            _keep(target, number)
        if time.monotonic() - started > MOST_SECONDS:
            _tell(number, "slow", f"{time.monotonic() - started:.1f} s")
            _keep(target, number)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if most > peak:
            _tell(number, "memory", f"{most >> 10} MiB")
            _keep(target, number)
            peak = most * 5 // 4
        number += 1
    _tell(number, "end", str(refused))


def _content(target: Target, seeds: Sequence[bytes], number: int) -> bytes:
    return target.fit(mutate(seeds[number % len(seeds)], seeds, number))


def _keep(target: Target, number: int) -> None:
    """Keep the file, as it was before it was opened."""
    place = os.environ.get("PHOTOSPOTTER_FUZZ_FINDINGS")
    if place:
        folder = Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{target.name}-{number}{target.suffix}").write_bytes(_content(target, target.seeds(), number))


def _tell(number: int, kind: str, words: str) -> None:
    print(json.dumps({"number": number, "kind": kind, "words": words}), flush=True)  # noqa: T201 - read by the parent


if __name__ == "__main__":
    main()
