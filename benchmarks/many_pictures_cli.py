"""The command line with a network that makes its answers up."""

import sys

from benchmarks.made_up_classifier import MadeUpClassifier
from model import engine
from model.cli import main

if __name__ == "__main__":
    engine.load_classifier = MadeUpClassifier  # type: ignore[assignment]
    sys.exit(main())
