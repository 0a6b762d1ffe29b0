import os
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui.path_field import PathField


@pytest.mark.parametrize("name", [b"/pictures/plain", b"/pictures/caf\xe9", b" spaces at both ends "])
def test_a_path_comes_back_as_it_was_given(qtbot: QtBot, name: bytes) -> None:
    field = PathField("File", "")
    qtbot.addWidget(field)
    field.set_path(Path(os.fsdecode(name)))
    assert field.path == Path(os.fsdecode(name))


def test_what_is_typed_over_it_counts(qtbot: QtBot) -> None:
    field = PathField("File", "")
    qtbot.addWidget(field)
    field.set_path(Path(os.fsdecode(b"/pictures/caf\xe9")))
    field.edit.setText(" /pictures/other ")
    assert field.path == Path("/pictures/other")
    field.edit.clear()
    assert field.path is None
