"""The command line with a fake network, for tests that run it as a process of its own: `python tests/fake_cli.py ...`.

Environment: FAKE_SECONDS is how long the network takes for a picture; FAKE_CRASH_SIDE makes every picture of so many
pixels wide kill the process that opens it, child processes too, as a fault in a decoder would.
"""

import os
import signal
import sys
import time

import numpy as np
from fakes import ColourClassifier, make_weights
from numpy.typing import NDArray
from PIL import Image

from model import engine
from model.cli import main
from model.types import BatchOutput
from model.weights import Catalogue


class SlowClassifier(ColourClassifier):
    """Takes its time, and notes what it has finished."""

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        time.sleep(float(os.environ.get("FAKE_SECONDS", "0")) * len(pixels))
        output = super().classify(pixels, top)
        if "FAKE_NOTES" in os.environ:
            with open(os.environ["FAKE_NOTES"], "ab", buffering=0) as notes:  # noqa: PTH123 - one write, which no kill halves
                # Those of one colour are the test's own, the others those of the speed trial.
                notes.write(b"." * sum(bool((one == one[0, 0]).all()) for one in pixels))
        return output


def make_pictures_of_one_width_deadly(side: int) -> None:
    """Have Pillow's reader end the process, with no chance to tidy up."""
    harmless = Image.open

    def deadly(*arguments: object, **keywords: object) -> Image.Image:
        image = harmless(*arguments, **keywords)  # type: ignore[arg-type]
        if image.width == side:
            os.kill(os.getpid(), signal.SIGKILL)
        return image

    Image.open = deadly


# Not under the guard: a child process imports this module too.
if "FAKE_CRASH_SIDE" in os.environ:
    make_pictures_of_one_width_deadly(int(os.environ["FAKE_CRASH_SIDE"]))

if __name__ == "__main__":
    weights = make_weights("weather-lite2")
    classifier = SlowClassifier(weights, batch_size=int(os.environ.get("FAKE_BATCH", "4")))
    engine.load_classifier = lambda *_arguments: classifier
    Catalogue.open = lambda _self, _id: weights  # type: ignore[method-assign]
    sys.exit(main())
