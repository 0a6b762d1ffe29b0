"""The command line and the history of results: what it says when that cannot be used, and that nothing leaves."""

import csv
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from fakes import ColourClassifier, write_picture
from store_samples import WEIGHTS, identities_of

from model.cli import main
from model.exit_codes import EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE
from model.folders import store_file
from model.stalls import STALLS_IN_A_ROW
from model.store import ResultStore
from model.store_rows import Lookup
from model.store_schema import SCHEMA_VERSION

TESTS = Path(__file__).resolve().parents[1]

WRITER = """
import sys
from pathlib import Path
file, folder, number, tests = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
sys.path.insert(0, tests)
from fakes import make_result, write_picture
from store_samples import WEIGHTS, identities_of
from model.store import ResultStore
pictures = [write_picture(folder / f"{number}-{one}.png", (number, one, 0)) for one in range(60)]
print("ready", flush=True)
sys.stdin.readline()
store = ResultStore(file)
for picture in pictures:
    store.record([make_result(picture, WEIGHTS, 0.7, 0.2, 0.1)], WEIGHTS, identities_of(picture))
store.close()
"""


def test_three_processes_write_at_once_and_all_results_are_there(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite3"
    command = [sys.executable, "-c", WRITER, str(file), str(tmp_path)]
    writers = [
        subprocess.Popen(
            [*command, str(number), str(TESTS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=TESTS.parent,
        )
        for number in range(3)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    pictures = sorted(tmp_path.glob("*.png"))
    assert len(identities_of(*pictures)) == 180
    with closing(ResultStore(file)) as store:
        assert all(result is not None for _, result in store.known(pictures, Lookup(WEIGHTS, 3)))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whoever asks for a connection, or for a computer's address, is noted and refused."""
    asked: list[object] = []

    def refused(*arguments: object, **_: object) -> object:
        asked.append(arguments)
        raise OSError("no network here")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    return asked


@pytest.mark.usefixtures("classifier")
def test_a_run_opens_no_connection(pictures: Path, tmp_path: Path, no_network: list[object]) -> None:
    with pytest.raises(OSError, match="no network"), socket.socket() as probe:
        probe.connect(("127.0.0.1", 9))
    assert len(no_network) == 1
    assert main(["classify", str(pictures), "--csv", str(tmp_path / "out.csv"), "--quiet"]) == EXIT_OK
    assert len(no_network) == 1


def damaged(file: Path) -> None:
    file.write_bytes(b"this is no database" * 100)


def of_a_later_version(file: Path) -> None:
    ResultStore(file).close()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


@pytest.mark.usefixtures("classifier")
@pytest.mark.parametrize(
    ("spoil", "words"), [(damaged, "was damaged. It was set aside"), (of_a_later_version, "A later version of")]
)
def test_a_history_that_cannot_be_used_is_told_and_costs_no_row(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: object, words: str
) -> None:
    file = store_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    assert callable(spoil)
    spoil(file)
    table = tmp_path / "out.csv"
    assert main(["classify", str(pictures), "--csv", str(table)]) == EXIT_OK
    assert words in capsys.readouterr().err
    with table.open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 3


def test_only_errors_takes_those_that_failed_and_goes_with_no_other_choice(
    pictures: Path, tmp_path: Path, classifier: ColourClassifier, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["classify", str(pictures), "--only-errors", "--fresh"])
    assert refused.value.code == EXIT_USAGE
    broken = pictures / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 no more")
    assert main(["classify", str(pictures), "--quiet"]) == EXIT_SOME_FAILED
    write_picture(broken, (1, 2, 3), (30, 20))
    before = sum(classifier.batches)
    capsys.readouterr()
    assert main(["classify", str(pictures), "--only-errors", "--quiet"]) == EXIT_OK
    lines = capsys.readouterr().out.splitlines()
    assert [Path(line.split("\t")[0]).name for line in lines] == ["broken.jpg"]
    assert sum(classifier.batches) == before + 1
    assert main(["classify", str(pictures), "--only-errors", "--quiet"]) == EXIT_USAGE
    assert "None of these pictures failed when it was last classified" in capsys.readouterr().err


def test_eight_stalls_pause_a_run() -> None:
    assert STALLS_IN_A_ROW == 8
