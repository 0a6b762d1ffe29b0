"""From the second start on the window classifies on the CPU without torch: the whole program, with torch blocked."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import write_picture

TESTS = Path(__file__).resolve().parents[1]

# Puts a tiny network and its export into the user's folders.
EXPORT = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from onnx_desk import copy_export, export_tiny, give_tiny
from model import folders
give_tiny(folders.data_dir())
copy_export(export_tiny(Path(sys.argv[1])), folders.onnx_dir())
"""

# The window with a picture, where whatever imports torch fails; prints what the engine was and the picture's label.
WINDOW = """
import json, sys
for name in ("torch", "torchvision", "timm"):
    sys.modules[name] = None
from PySide6.QtCore import QTimer
from gui import app
from gui.main_window import MainWindow
from gui.settings import Settings
settings = Settings.for_user()
settings.first_run, settings.device, settings.last_weights = False, "cpu", "tiny"
settings.sync()
seen, start = {}, MainWindow.start
def started(window):
    window.classify.engine_ready.connect(lambda ready: seen.update(engine=ready.engine))
    window.classify.finished.connect(lambda _summary: done(window))
    window.classify.failed.connect(lambda problem: (seen.update(problem=str(problem)), window.close()))
    start(window)
def done(window):
    seen.update(labels=[result.predictions[0].label for result in window.results.results()])
    window.close()
MainWindow.start = started
QTimer.singleShot(60_000, lambda: sys.exit(9))
assert app.main(sys.argv[1:]) == 0
print(json.dumps(seen))
"""


def run(program: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)


@pytest.fixture
def exported(tmp_path: Path) -> None:
    done = run(EXPORT, tmp_path, TESTS, TESTS / "unit_model")
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("exported")
def test_the_window_classifies_with_a_cached_export_and_no_torch(tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "red.png", size=(64, 64))
    done = run(WINDOW, picture)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["engine"] == "onnx"
    assert len(seen["labels"]) == 1
