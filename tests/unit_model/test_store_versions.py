"""What was added to the store: verdicts, the engine, the way of decoding; and stores of the earlier versions."""

import os
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import make_result, make_weights, write_picture
from store_samples import WEIGHTS, identities_of, known, put_in

from model import store_schema as module
from model.store import Recogniser, ResultStore
from model.store_rows import RESULT_COLUMNS, Lookup
from model.types import Calibration, DecodeMode, EngineName, ImageResult

FITTED = Calibration(1.5, "energy", 4.0, 0.95, "a test")
CALIBRATED = make_weights(calibration=FITTED)
# As version 1 of the store made it.
SCHEMA_1 = """
CREATE TABLE results (
    path BLOB NOT NULL,
    weights_sha256 TEXT NOT NULL,
    preprocess TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    predictions TEXT NOT NULL,
    format TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    seconds REAL NOT NULL,
    classified_at TEXT NOT NULL,
    PRIMARY KEY (path, weights_sha256, preprocess)
) WITHOUT ROWID
"""


@pytest.mark.parametrize("unsure", [True, False])
def test_the_verdict_is_kept_with_the_result(tmp_path: Path, unsure: bool) -> None:
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    result = make_result(picture, CALIBRATED, 0.7, 0.2, 0.1, unsure=unsure)
    store.record([result], CALIBRATED, identities_of(picture))
    assert known(store, picture, weights=CALIBRATED) == result
    store.close()


@pytest.mark.parametrize(
    "other",
    [None, replace(FITTED, temperature=1.6), replace(FITTED, score="probability"), replace(FITTED, threshold=0.5)],
)
def test_other_calibrations_do_not_share_results(tmp_path: Path, other: Calibration | None) -> None:
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    sets = [CALIBRATED, make_weights(calibration=other)]
    results = [make_result(picture, CALIBRATED, 0.7, 0.2, 0.1, unsure=False)]
    results.append(make_result(picture, sets[1], 0.6, 0.2, 0.2, unsure=None if other is None else True))
    store.record(results[:1], sets[0], identities_of(picture))
    assert known(store, picture, weights=sets[1]) is None
    store.record(results[:1], sets[1], identities_of(picture))
    assert known(store, picture, weights=sets[1]) is None, "a result was recorded as one of another calibration"
    store.record(results[1:], sets[1], identities_of(picture))
    assert [known(store, picture, weights=weights) for weights in sets] == results
    store.close()


def test_what_a_calibration_was_fitted_on_makes_no_result_stale(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    result = make_result(picture, CALIBRATED, 0.7, 0.2, 0.1, unsure=True)
    store.record([result], CALIBRATED, identities_of(picture))
    reworded = replace(FITTED, on="the same pictures in other words")
    assert known(store, picture, weights=make_weights(calibration=reworded)) == replace(result, calibration=reworded)
    store.close()


def test_a_row_of_a_calibrated_set_without_a_verdict_is_no_result(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite3"
    store = ResultStore(file)
    picture = write_picture(tmp_path / "a.png")
    store.record([make_result(picture, CALIBRATED, 0.7, 0.2, 0.1)], CALIBRATED, identities_of(picture))
    assert known(store, picture, weights=CALIBRATED) is None
    store.close()


@pytest.mark.parametrize("engine", ["torch", "onnx", None])
def test_the_engine_is_kept_with_the_result(tmp_path: Path, engine: EngineName | None) -> None:
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    result = replace(make_result(picture, WEIGHTS, 0.7, 0.2, 0.1), engine=engine)
    store.record([result], WEIGHTS, identities_of(picture))
    assert known(store, picture) == result
    store.close()


def test_an_engine_that_this_version_does_not_know_is_none(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite3"
    store = ResultStore(file)
    picture = write_picture(tmp_path / "a.png")
    result = put_in(store, picture)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE results SET engine = 'of the future'")
    assert known(store, picture) == replace(result, engine=None)
    store.close()


@pytest.mark.parametrize("calibration", [None, FITTED])
def test_exact_and_fast_decoding_do_not_share_results(tmp_path: Path, calibration: Calibration | None) -> None:
    weights = make_weights(calibration=calibration)
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    unsure = None if calibration is None else False
    exact = make_result(picture, weights, 0.7, 0.2, 0.1, unsure=unsure)
    fast = replace(make_result(picture, weights, 0.6, 0.3, 0.1, unsure=unsure), decode="fast")

    def kept() -> list[ImageResult | None]:
        modes: tuple[DecodeMode, ...] = ("exact", "fast")
        return [result for mode in modes for _, result in store.known([picture], Lookup(weights, 3, mode))]

    store.record([fast], weights, identities_of(picture))
    assert kept() == [None, fast]
    store.record([exact], weights, identities_of(picture))
    assert kept() == [exact, fast]
    store.close()


def old_store(file: Path, *pictures: Path, version: int = 1) -> None:
    """Write a store as version 1, 2 or 3 of it was, with a result of WEIGHTS for each picture.

    From version 2 on that of CALIBRATED, which is unsure, is there as well; in version 3 both were made by torch.
    """
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(SCHEMA_1)
        if version >= 2:
            connection.execute("ALTER TABLE results ADD COLUMN unsure INTEGER")
        if version >= 3:
            connection.execute("ALTER TABLE results ADD COLUMN engine TEXT")
        connection.execute(f"PRAGMA user_version = {version}")
        preprocess = repr(WEIGHTS.weights.preprocess)
        verdicts = {preprocess: (), f"{preprocess} (1.5, 'energy', 4.0)": (1,)}
        for path, identity in identities_of(*pictures).items():
            seen = identity.version
            facts = ("[[0, 0.7], [1, 0.2], [2, 0.1]]", "PNG", 16, 12, 0.01, "2026-01-02T03:04:05+00:00")
            for key, verdict in list(verdicts.items())[: min(version, 2)]:
                row = (os.fsencode(path), WEIGHTS.sha256, key, seen.size, seen.mtime_ns, *facts)
                row += (verdict or (None,)) if version >= 2 else ()
                row += ("torch",) if version >= 3 else ()
                connection.execute(f"INSERT INTO results VALUES ({','.join('?' * len(row))})", row)


def test_a_store_of_version_2_keeps_its_results_and_verdicts_and_takes_engines(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite3"
    picture = write_picture(tmp_path / "a.png")
    old_store(file, picture, version=2)
    store = ResultStore(file)
    plain = make_result(picture, WEIGHTS, 0.7, 0.2, 0.1)
    judged = make_result(picture, CALIBRATED, 0.7, 0.2, 0.1, unsure=True)
    assert (plain.engine, plain.decode) == (None, "exact"), "nobody knows what computed it"
    assert known(store, picture) == plain
    assert known(store, picture, weights=CALIBRATED) == judged
    by_onnx = replace(make_result(picture, WEIGHTS, 0.6, 0.3, 0.1), engine="onnx")
    store.record([by_onnx], WEIGHTS, identities_of(picture))
    store.close()
    reopened = ResultStore(file)
    assert known(reopened, picture) == by_onnx
    assert known(reopened, picture, weights=CALIBRATED) == judged
    reopened.close()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (module.SCHEMA_VERSION,)
        columns = [row[1] for row in connection.execute("PRAGMA table_info(results)")]
    assert columns == list(RESULT_COLUMNS)
    assert list(tmp_path.glob("*damaged*")) == []


def test_a_migration_broken_off_leaves_the_old_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "s.sqlite3"
    picture = write_picture(tmp_path / "a.png")
    old_store(file, picture)
    with monkeypatch.context() as patch:
        patch.setitem(module._MIGRATIONS, 1, (*module._MIGRATIONS[1], "no statement"))
        with pytest.raises(sqlite3.OperationalError):
            ResultStore(file)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert len(list(connection.execute("PRAGMA table_info(results)"))) == 11
    store = ResultStore(file)
    assert known(store, picture) == make_result(picture, WEIGHTS, 0.7, 0.2, 0.1)
    store.close()


def test_a_store_of_version_1_keeps_its_results_and_takes_verdicts(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite3"
    picture = write_picture(tmp_path / "a.png")
    old_store(file, picture)
    store = ResultStore(file)
    plain = make_result(picture, WEIGHTS, 0.7, 0.2, 0.1)
    assert known(store, picture) == plain
    assert known(store, picture, weights=CALIBRATED) is None, "the plain softmax was taken for calibrated"
    judged = make_result(picture, CALIBRATED, 0.6, 0.3, 0.1, unsure=True)
    store.record([judged], CALIBRATED, identities_of(picture))
    store.close()
    reopened = ResultStore(file)
    assert known(reopened, picture, weights=CALIBRATED) == judged
    assert known(reopened, picture) == plain
    reopened.close()
    assert list(tmp_path.glob("*damaged*")) == []
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (module.SCHEMA_VERSION,)


def test_a_store_of_version_3_keeps_its_results_by_path_and_takes_digests(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite3"
    picture, moved = write_picture(tmp_path / "a.png"), tmp_path / "b.png"
    old_store(file, picture, version=3)
    store = ResultStore(file)
    plain = replace(make_result(picture, WEIGHTS, 0.7, 0.2, 0.1), engine="torch")
    judged = replace(make_result(picture, CALIBRATED, 0.7, 0.2, 0.1, unsure=True), engine="torch")
    assert [known(store, picture), known(store, picture, weights=CALIBRATED)] == [plain, judged]
    digest = identities_of(picture)[picture].digest
    with closing(Recogniser(file, Lookup(WEIGHTS, 3))) as recognise:
        assert recognise(moved, digest) is None, "no digest was taken in version 3"
        store.record([plain], WEIGHTS, identities_of(picture))
        assert recognise(moved, digest) == replace(plain, path=moved)
    assert known(store, picture, weights=CALIBRATED) == judged, "it has the digest that is known now"
    store.close()


def test_a_store_of_version_4_keeps_its_results_which_are_json(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite3"
    picture, later = write_picture(tmp_path / "a.png"), write_picture(tmp_path / "b.png", size=(20, 20))
    results = [make_result(path, WEIGHTS, 0.7, 0.2, 0.1) for path in (picture, later)]
    with closing(ResultStore(file)) as store:
        store.record(results[:1], WEIGHTS, identities_of(picture))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE results SET predictions = '[[0, 0.7], [1, 0.2], [2, 0.1]]'")
        for table in ("results", "errors"):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN batch")
        connection.execute("PRAGMA user_version = 4")
    with closing(ResultStore(file)) as store:
        assert known(store, picture) == results[0]
        store.record(results[1:], WEIGHTS, identities_of(later))
        assert [known(store, path) for path in (picture, later)] == results
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (module.SCHEMA_VERSION,)
        kinds = connection.execute("SELECT typeof(predictions) FROM results ORDER BY 1").fetchall()
    assert kinds == [("blob",), ("text",)]


@pytest.mark.parametrize("old", [0, 1, 2, 3], ids=["new", "version 1", "version 2", "version 3"])
def test_two_windows_can_make_and_use_the_store_at_the_same_time(tmp_path: Path, old: int) -> None:
    file = tmp_path / "s.sqlite3"
    pictures = [write_picture(tmp_path / f"{number}.png") for number in range(8)]
    if old:
        old_store(file, version=old)
    together = threading.Barrier(4)
    faults: list[Exception] = []

    def window(number: int) -> None:
        try:
            together.wait(10)
            store = ResultStore(file)
            for picture in pictures[2 * number : 2 * number + 2]:
                put_in(store, picture)
            store.close()
        except (sqlite3.Error, OSError) as exc:
            faults.append(exc)

    windows = [threading.Thread(target=window, args=(number,)) for number in range(4)]
    for thread in windows:
        thread.start()
    for thread in windows:
        thread.join(20)
    assert faults == []
    store = ResultStore(file)
    assert all(result is not None for _, result in store.known(pictures, Lookup(WEIGHTS, 3)))
    store.close()
