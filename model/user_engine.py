"""The engine with everything that belongs to this user: store, notes on decoders, exports, measured thread split."""

from model.background_export import BackgroundExport
from model.engine import Engine
from model.engine_choice import user_cache
from model.folders import in_flight_dir, store_file
from model.in_flight import process_in_flight
from model.weights import Catalogue


def user_engine(catalogue: Catalogue) -> Engine:
    """Return an engine that has not opened or loaded anything yet; its `close` must be called."""
    return Engine(
        catalogue,
        store_file=store_file(),
        in_flight=process_in_flight(in_flight_dir()),
        exporter=BackgroundExport(user_cache()),
        tune=True,
    )
