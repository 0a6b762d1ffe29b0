"""The window is on screen before torch is imported."""

import subprocess
import sys
from pathlib import Path

from fakes import write_picture

PROGRAM = """
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

HEAVY = {"torch", "torchvision", "timm"}


class Gate(MetaPathFinder):
    open = False
    tried_early = []

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HEAVY and not self.open:
            self.tried_early.append(name)
            raise ImportError(f"{name} was imported before the window was shown")
        return None


gate = Gate()
sys.meta_path.insert(0, gate)

from PySide6.QtCore import QTimer
from gui import app
from gui.main_window import MainWindow

seen = {}
start = MainWindow.start


def started(window):
    def shown():
        seen["loaded"] = sorted(HEAVY & set(sys.modules))
        seen["visible"] = window.isVisible()
        gate.open = True

    # Connected before the window connects its own, so the gate opens before anything may load.
    window.first_shown.connect(shown)
    window.classify.finished.connect(window.close)
    start(window)
    window.add_paths([Path(sys.argv[1])])
    window.classify.failed.connect(lambda problem: (print(problem), window.close()))


MainWindow.start = started
QTimer.singleShot(60_000, lambda: sys.exit(9))
code = app.main([])
assert code == 0, code
assert seen == {"loaded": [], "visible": True}, seen
assert gate.tried_early == [], gate.tried_early
assert "torch" in sys.modules, "the picture was never classified"
print("ok")
"""


def test_the_window_is_on_screen_before_torch_is_imported(tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "red.png", size=(64, 64))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(picture)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip().endswith("ok")
