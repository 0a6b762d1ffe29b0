"""An export that is killed while it writes leaves nothing that counts."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from onnx_desk import tiny_networks

from model import folders
from model.cancel import CancelToken
from model.onnx_cache import OnnxCache
from model.onnx_export import export_weights
from model.types import InstalledWeights

# The program's own export in the background, of a tiny network. It stops with half its file written.
CHILD = """
import os, sys, types
from onnx_desk import tiny_networks
import torch
from model.cli import main


def save(target, **_settings):
    with open(target, "wb") as part:
        part.write(b"half a netw")
    print(os.nice(0), flush=True)
    sys.stdin.read()


program = types.SimpleNamespace(model=types.SimpleNamespace(metadata_props={}), save=save)
torch.onnx.export = lambda *_arguments, **_settings: program
with tiny_networks():
    sys.exit(main(["export", "--background", "tiny"]))
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL and priorities are POSIX's")
def test_an_export_killed_while_it_writes_counts_for_nothing_and_the_next_one_works(
    tiny: InstalledWeights,
) -> None:
    here = Path(__file__).resolve()
    paths = os.pathsep.join(str(folder) for folder in (here.parent, here.parents[1], here.parents[2]))
    cache = OnnxCache(folders.onnx_dir())
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", CHILD]
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths}, **pipes) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) == min(19, os.nice(0) + 10), "it does not give way to others"
        assert cache.is_under_way(tiny)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    (left,) = cache.folder.iterdir()
    assert left.read_bytes() == b"half a netw"
    assert cache.find(tiny) is cache.record(tiny) is None
    os.utime(left, (time.time() - 3600,) * 2)
    assert not cache.is_under_way(tiny)

    with tiny_networks():
        (done,) = export_weights("tiny", CancelToken())
    found = cache.find(tiny)
    assert found is not None
    assert found.path == done.path
    assert {path.suffix for path in cache.folder.iterdir()} == {".onnx", ".json"}, "the half file is still there"
