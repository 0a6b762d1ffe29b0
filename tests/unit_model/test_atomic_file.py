"""What a killed process left beside its target goes in time; what another one is writing stays."""

import os
import time
from pathlib import Path

from model.atomic_file import AtomicFile


def test_leftovers_of_killed_processes_are_removed_after_a_day(tmp_path: Path) -> None:
    day = 24 * 3600
    ages = {
        ".photospotter-1.part": 2 * day,
        ".photospotter-2.part": 60,
        ".photospotter-3.txt": 2 * day,
        "x.part": 2 * day,
    }
    for name, age in ages.items():
        (tmp_path / name).write_text("rows")
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    (tmp_path / ".photospotter-folder.part").mkdir()
    os.utime(tmp_path / ".photospotter-folder.part", (0, 0))
    file = AtomicFile(tmp_path / "out.csv", overwrite=False)
    file.stream.write("a row\n")
    file.commit()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*ages, ".photospotter-folder.part", "out.csv"} - {".photospotter-1.part"}
