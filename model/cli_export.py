"""photospotter-cli export: a weight set as a checked ONNX file."""

import argparse

from model.cancel import CancelToken
from model.child_entry import lower_priority
from model.child_process import run_in_child
from model.cli_output import emit, say
from model.exit_codes import EXIT_OK
from model.names import display_name
from model.types import NetworkExported
from model.weights import default_catalogue


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("weights", metavar="imagenet|weather|ID", help="which weights")
    parser.add_argument(
        "--background", action="store_true", help="give way to everything else; the program itself asks for this"
    )
    parser.set_defaults(run=run_export)


def run_export(arguments: argparse.Namespace, cancel: CancelToken) -> int:
    """Run the command; return its exit code. Raises PhotospotterError."""
    weights_id = default_catalogue().resolve(arguments.weights)
    if arguments.background:
        lower_priority()  # first, since importing torch is a good part of the work
        # This process is the child already, with nothing else to do.
        from model.onnx_export import export_weights

        for _value in export_weights(weights_id, cancel):
            pass
        return EXIT_OK
    say(f"Exporting {weights_id} and comparing it with PyTorch; this takes some seconds.")
    for value in run_in_child("model.onnx_export:export_weights", (weights_id,), cancel):
        assert isinstance(value, NetworkExported)
        emit(display_name(value.path))
        say(
            f"{value.size / 1e6:.1f} MB in {value.seconds:.1f} s; probabilities differ from PyTorch's by "
            f"{value.largest_difference:.1g} at most"
        )
    return EXIT_OK
