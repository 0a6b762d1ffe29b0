"""PySide6's hook in `import`, and that it is gone; each time in a process of its own, for `import` is everybody's."""

import os
import subprocess
import sys

PROBE = """
import linecache
import PySide6.QtCore
import wave
from gui.plain_import import restore_import
restore_import()
restore_import()
import graphlib
from PySide6.QtCore import QObject, Signal
class Sender(QObject):
    sent = Signal(str)
heard = []
sender = Sender()
sender.sent.connect(heard.append)
sender.sent.emit("after")
sender.setObjectName("name")
print([module.__file__ in linecache.cache for module in (wave, graphlib)], heard, sender.objectName())
"""

PROGRAM = """
import linecache, sys
from gui import app
make = app.make_window
def make_window():
    window = make()
    window.first_shown.connect(window.close)
    return window
app.make_window = make_window
app.main([])
print(sys.modules["gui.main_window"].__file__ in linecache.cache)
"""


def said(program: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.splitlines()[-1]


def test_the_hook_is_taken_out_and_pyside_works_without_it() -> None:
    assert said(PROBE) == "[True, False] ['after'] name", "with [False, ...] PySide6 needs the module no more"


def test_the_program_takes_it_out_before_its_window_is_made() -> None:
    assert said(PROGRAM) == "False"
