"""What libtiff thinks of a damaged file does not reach standard error."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

PROGRAM = """
import sys
from pathlib import Path
from model.decode import decode
from model.decode_limits import DecodeLimits
from model.errors import ImageError
try:
    decode(Path(sys.argv[1]), limits=DecodeLimits())
except ImageError:
    print("refused")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there the library cannot be reached")
def test_a_damaged_tiff_is_refused_without_a_word_on_stderr(tmp_path: Path) -> None:
    file = tmp_path / "damaged.tif"
    Image.effect_noise((200, 150), 80).convert("RGB").save(file, compression="packbits")
    data = bytearray(file.read_bytes())
    middle = slice(len(data) // 4, len(data) // 2)
    data[middle] = b"\x55" * len(data[middle])
    file.write_bytes(data)
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(file)], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"
    assert done.stderr == ""
