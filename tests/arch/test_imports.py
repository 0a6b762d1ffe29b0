"""What importing a module loads: the window must be on screen before torch is, and model must do without Qt."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from model.exit_codes import EXIT_USAGE
from model.folders import DATA_DIR_VARIABLE

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "torchvision", "timm", "onnxruntime")

# Modules that import torch at their head. They are imported on the compute thread or by the command line's workers.
TORCH_MODULES = {
    "model.checkpoint",  # state dicts are made of tensors
    "model.network",  # builds the nets
    "model.classifier",  # runs them
    "model.devices",  # asks torch which devices there are
    "model.weights_import",  # looks into a person's checkpoint ...
    "model.architecture_matching",  # ... tells by its tensors which network it is for ...
    "model.network_trial",  # ... and tries that network
    "model.train",  # trains ...
    "model.train_head",  # ... a head ...
    "model.features",  # ... on features of a frozen backbone ...
    "model.linear_head",  # ... which is fitted to them ...
    "model.train_network",  # ... or a whole network ...
    "model.onnx_export",  # exports them to ONNX
    "model.training_data",  # ... on pictures ...
    "model.training_network",  # ... from a backbone or from scratch ...
    "model.training_sizes",  # ... at sizes that it takes ...
    "model.fine_tuning",  # ... epoch by epoch ...
    "model.training_rules",  # ... by formulas ...
    "model.training_pictures",  # ... on tensors of pictures ...
    "model.augment",  # ... that look different each time ...
    "model.distillation",  # ... with a teacher ...
    "model.training_teacher",  # ... that may be asked ...
    "model.training_state",  # ... and can be interrupted ...
    "model.training_outcome",  # ... is judged ...
    "model.trained_set",  # ... and its tensors are written
    "model.metrics",  # torchmetrics works on tensors
}

# The one module that imports ONNX Runtime at its head; it is imported when a network that was exported is loaded.
ONNX_MODULES = {"model.onnx_classifier"}

# Imports the modules named on the command line one after another; prints which of `heavy` each was the first to load.
PROBE = """
import importlib, json, sys
heavy, blocked, modules = json.loads(sys.argv[1])
for name in blocked:
    sys.modules[name] = None
blame, seen = {}, set()
for module in modules:
    importlib.import_module(module)
    loaded = {name for name in heavy if name in sys.modules} - seen
    seen |= loaded
    if loaded:
        blame[module] = sorted(loaded)
print(json.dumps(blame))
"""


def modules_of(package: str) -> list[str]:
    """All modules of a package but __main__, which runs the program."""
    stems = sorted(path.stem for path in (ROOT / package).glob("*.py"))
    return [f"{package}.{stem}" for stem in stems if stem not in {"__init__", "__main__"}]


def blame_for_heavy_imports(
    modules: list[str], blocked: tuple[str, ...] = (), heavy: tuple[str, ...] = HEAVY
) -> dict[str, list[str]]:
    arguments = json.dumps([heavy, blocked, modules])
    run = subprocess.run(
        [sys.executable, "-c", PROBE, arguments],
        cwd=ROOT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    blame: dict[str, list[str]] = json.loads(run.stdout)
    return blame


def test_probe_names_the_first_to_load() -> None:
    assert blame_for_heavy_imports(["model.names", "wave", "model.cancel"], heavy=("wave",)) == {"wave": ["wave"]}


def test_importing_the_window_loads_no_torch() -> None:
    assert blame_for_heavy_imports(["gui.app"]) == {}


def test_the_window_and_the_evaluation_load_no_pyqtgraph() -> None:
    modules = ["gui.app", "gui.main_window", "gui.evaluate_dialog", "gui.evaluation_view"]
    assert blame_for_heavy_imports(modules, heavy=("pyqtgraph",)) == {}


def test_no_gui_module_loads_torch() -> None:
    assert blame_for_heavy_imports(modules_of("gui")) == {}


def test_model_modules_load_neither_torch_nor_qt() -> None:
    light = [module for module in modules_of("model") if module not in TORCH_MODULES | ONNX_MODULES]
    assert light
    assert blame_for_heavy_imports(light, blocked=("PySide6", "shiboken6")) == {}


@pytest.mark.parametrize("module", sorted(TORCH_MODULES))
def test_list_of_torch_modules_is_current(module: str) -> None:
    source = (ROOT / module.replace(".", "/")).with_suffix(".py").read_text(encoding="utf-8")
    assert any(line.startswith(("import torch", "from torch", "from model.")) for line in source.splitlines())


@pytest.mark.parametrize("module", sorted(ONNX_MODULES))
def test_the_module_of_onnx_runtime_loads_no_torch(module: str) -> None:
    assert blame_for_heavy_imports([module]) == {module: ["onnxruntime"]}


# What the program may import until its window has been painted, in modules that it brings to those which PySide6
# brings: no library by name, and no more modules than now. A new panel costs two or three; what is needed only
# when something is opened or dropped is imported there. Offering the last session takes three of them (its file, the
# lock that tells whether another window has it open, the controller), watching a folder two.
NOT_BEFORE_PAINT = (
    *HEAVY, "numpy", "PIL", "hashlib", "decimal", "sqlite3", "http", "ssl", "email", "urllib.request",
    "multiprocessing", "subprocess", "pyqtgraph", "importlib.metadata", "asyncio", "xml", "model.engine",
    "model.decode", "model.pipeline", "model.download", "model.training_types", "model.evaluation_types",
    "model.export", "model.weight_archive", "model.sorting_types", "gui.result_rows", "gui.about_dialog",
    "gui.settings_dialog", "gui.sort_dialog", "gui.import_dialog", "gui.card_dialog", "gui.train_dialog",
    "gui.evaluate_dialog",
)  # fmt: skip
MOST_BEFORE_PAINT = 134
MOST_OF_COMMAND_LINE = 140
MOST_OF_CLASSIFY = 310

PAINT = """
import json, sys
from PySide6 import QtSvg, QtWidgets
before = set(sys.modules)
from gui import app
from gui.main_window import MainWindow
start, seen = MainWindow.start, []
def started(window):
    # Before the window connects its own slot, which has the network loaded.
    window.first_shown.connect(lambda: (seen.extend(sorted(set(sys.modules) - before)), window.close()))
    start(window)
MainWindow.start = started
app.main([])
print(json.dumps(seen))
"""

# Adds the file or folder named on the command line; prints which threads asked for numpy before its rows were added.
FIRST_ROWS = """
import json, sys, threading
from gui import app
from gui.main_window import MainWindow
asked, start = [], MainWindow.start
class Witness:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            asked.append(threading.current_thread() is threading.main_thread())
sys.meta_path.insert(0, Witness())
def started(window):
    window.classify.preload = lambda: None  # an engine would have numpy imported too
    window.lists.rows_added.connect(lambda count: (asked.append(count), window.close()))
    start(window)
MainWindow.start = started
app.main(sys.argv[1:])
print(json.dumps(asked))
"""

COMMAND = """
import json, sys
before = set(sys.modules)
from model.cli import main
try:
    code = main(json.loads(sys.argv[1]))
except SystemExit as exc:
    code = exc.code
print(json.dumps([code, sorted(set(sys.modules) - before)]), file=sys.stderr)
"""


def last_line(program: str, *arguments: str, data: Path) -> Any:
    run = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", DATA_DIR_VARIABLE: str(data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads((run.stderr if program is COMMAND else run.stdout).splitlines()[-1])


def unwanted(imported: list[str], names: tuple[str, ...]) -> list[str]:
    """The imported ones among `names`."""
    return sorted(set(imported) & set(names))


def test_the_window_is_painted_with_few_imports(tmp_path: Path) -> None:
    imported = last_line(PAINT, data=tmp_path)
    assert "gui.main_window" in imported
    assert unwanted(imported, NOT_BEFORE_PAINT) == []
    assert len(imported) <= MOST_BEFORE_PAINT, sorted(imported)


def test_the_first_rows_have_numpy_imported_beside_the_gui_thread(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "b.png").touch()
    in_the_gui_thread, rows = last_line(FIRST_ROWS, str(tmp_path), data=tmp_path)
    assert (in_the_gui_thread, rows) == (False, 2)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_command_line_answers_with_few_imports(option: str, tmp_path: Path) -> None:
    code, imported = last_line(COMMAND, json.dumps([option]), data=tmp_path)
    assert code == 0
    assert unwanted(imported, (*HEAVY, "PySide6", "http", "ssl", "urllib.request", "asyncio", "pyqtgraph")) == []
    assert len(imported) <= MOST_OF_COMMAND_LINE, sorted(imported)


def test_a_command_imports_none_of_the_others(tmp_path: Path) -> None:
    code, imported = last_line(COMMAND, json.dumps(["--verbose", "classify", str(tmp_path)]), data=tmp_path)
    assert code == EXIT_USAGE, "an empty folder is nothing to do"
    others = ("sort", "weights", "train", "evaluate", "export", "doctor")
    assert unwanted(imported, tuple(f"model.cli_{name}" for name in others)) == []
    assert len(imported) <= MOST_OF_CLASSIFY, sorted(imported)


def test_packaging_folder_does_not_hide_the_library_of_that_name() -> None:
    assert not (ROOT / "packaging" / "__init__.py").exists()
    run = subprocess.run(
        [sys.executable, "-c", "import packaging.requirements"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
