"""photospotter-cli classify --watch: rows come with the pictures, and Ctrl+C leaves a whole file."""

import csv
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import COLOURS, ColourClassifier, write_picture

from model import cli_watch, engine
from model.cli import main
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE
from model.types import RunPaused
from model.watch import WatchTimes

PATIENCE = 20.0
QUICK = WatchTimes(settle=0.1, patience=0.6, look=0.1, poll=0.1)

pytestmark = [
    pytest.mark.usefixtures("classifier"),
    pytest.mark.skipif(os.name != "posix", reason="sends itself Ctrl+C"),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_watch, "TIMES", QUICK)


def rows_of(file: Path) -> list[dict[str, str]]:
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def wait_for(state: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not state() and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    assert state()


def watch(arguments: list[str], user: Callable[[], object]) -> int:
    """Run the command on this thread, and `user` beside it; Ctrl+C follows."""
    failures: list[BaseException] = []

    def act() -> None:
        try:
            user()
        except BaseException as exc:  # noqa: BLE001 - it fails the test, on its thread
            failures.append(exc)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=act)
    thread.start()
    code = main(["classify", *arguments, "--watch"])
    thread.join(PATIENCE)
    assert failures == []
    return code


def test_rows_are_added_as_pictures_come_and_ctrl_c_leaves_a_whole_file(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "out.csv"

    def user() -> None:
        wait_for(lambda: len(rows_of(table)) == 3)
        write_picture(pictures / "later.png", COLOURS["green"])
        wait_for(lambda: len(rows_of(table)) == 4)
        write_picture(pictures / "new" / "last.png", COLOURS["red"])
        wait_for(lambda: len(rows_of(table)) == 5)

    assert watch([str(pictures), "--csv", str(table)], user) == EXIT_OK
    rows = {row["path"]: row["label_1"] for row in rows_of(table)}
    expected = {"red.png": "red", "blue.png": "blue", "deep/green.png": "green"}
    assert rows == {**expected, "later.png": "green", "new/last.png": "red"}
    assert table.read_bytes().endswith(b"\r\n")
    run = json.loads((tmp_path / "out.run.json").read_text())
    assert run["counts"] == {"inputs": 5, "rows": 5, "ok": 5, "errors": 0, "pending": 0}
    assert run["settings"]["watch"] is True
    said = capsys.readouterr().err
    assert "Watching" in said
    assert "5 of 5 pictures: 5 classified, 0 failed" in said


def test_without_a_file_lines_are_printed_and_json_lines_are_written(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = tmp_path / "out.jsonl"

    def three() -> None:
        wait_for(lambda: lines.exists() and len(lines.read_text().splitlines()) == 3)

    assert watch([str(pictures), "--json", str(lines), "--quiet"], three) == EXIT_OK
    assert {json.loads(line)["file_name"] for line in lines.read_text().splitlines()} == {
        "red.png",
        "blue.png",
        "green.png",
    }
    printed: list[str] = []

    def printed_three() -> None:
        def enough() -> bool:
            printed.append(capsys.readouterr().out)
            return len("".join(printed).splitlines()) >= 3

        wait_for(enough)

    assert watch([str(pictures), "--quiet"], printed_three) == EXIT_OK


def test_a_picture_that_cannot_be_read_gets_its_row_and_the_watch_goes_on(pictures: Path, tmp_path: Path) -> None:
    table = tmp_path / "out.csv"

    def user() -> None:
        (pictures / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
        wait_for(lambda: len(rows_of(table)) == 4)
        write_picture(pictures / "after.png")
        wait_for(lambda: len(rows_of(table)) == 5)

    assert watch([str(pictures), "--csv", str(table), "--quiet"], user) == EXIT_SOME_FAILED
    assert {row["path"] for row in rows_of(table) if row["status"] == "error"} == {"broken.jpg"}


def test_a_picture_that_changes_after_its_row_is_named(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "out.csv"
    said: list[str] = []

    def user() -> None:
        wait_for(lambda: len(rows_of(table)) == 3)
        write_picture(pictures / "red.png", COLOURS["blue"], (40, 40))

        def named() -> bool:
            said.append(capsys.readouterr().err)
            return "red.png has been changed after its row was written" in "".join(said)

        wait_for(named)

    assert watch([str(pictures), "--csv", str(table)], user) == EXIT_OK
    assert len(rows_of(table)) == 3


def test_a_folder_that_goes_is_named_and_does_not_end_the_watch(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "out.csv"
    said: list[str] = []

    def says(words: str) -> bool:
        said.append(capsys.readouterr().err)
        return words in "".join(said)

    def user() -> None:
        wait_for(lambda: len(rows_of(table)) == 3)
        pictures.rename(tmp_path / "away")
        wait_for(lambda: says("is not there any more"))
        (tmp_path / "away").rename(pictures)
        wait_for(lambda: says("is there and watched again"))
        write_picture(pictures / "after.png")
        wait_for(lambda: len(rows_of(table)) == 4)

    assert watch([str(pictures), "--csv", str(table)], user) == EXIT_OK


def test_files_beside_the_folders_are_classified_too(pictures: Path, tmp_path: Path) -> None:
    single, table = write_picture(tmp_path / "single.png"), tmp_path / "out.csv"

    def four() -> None:
        wait_for(lambda: len(rows_of(table)) == 4)

    assert watch([str(single), str(pictures), "--csv", str(table), "--quiet"], four) == EXIT_OK


def test_a_target_that_exists_is_refused_and_without_a_folder_there_is_nothing_to_watch(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "out.csv"
    table.write_text("precious")
    assert main(["classify", str(pictures), "--csv", str(table), "--watch"]) == EXIT_USAGE
    assert table.read_text() == "precious"
    assert main(["classify", str(pictures / "red.png"), "--watch"]) == EXIT_USAGE
    assert "nothing to watch" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--xlsx", "--only-errors"])
def test_what_does_not_go_with_watching_is_refused(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    value = [str(tmp_path / "out.xlsx")] if option == "--xlsx" else []
    assert main(["classify", str(pictures), "--watch", option, *value]) == EXIT_USAGE
    assert f"{option} does not go together with --watch" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "times"), [([], 1), (["--fresh"], 2)])
def test_watching_afresh_classifies_what_is_known(
    pictures: Path, tmp_path: Path, classifier: ColourClassifier, options: list[str], times: int
) -> None:
    assert main(["classify", str(pictures), "--csv", str(tmp_path / "first.csv"), "--quiet"]) == EXIT_OK
    table = tmp_path / "out.csv"

    def three() -> None:
        wait_for(lambda: len(rows_of(table)) == 3)

    assert watch([str(pictures), "--csv", str(table), "--quiet", *options], three) == EXIT_OK
    assert sum(classifier.batches) == 3 * times


def test_what_fails_while_watching_ends_it_with_the_rows_so_far(
    pictures: Path, tmp_path: Path, classifier: ColourClassifier, capsys: pytest.CaptureFixture[str]
) -> None:
    from model.errors import WeightsError

    table = tmp_path / "out.csv"
    real = classifier.classify

    def failing(*arguments: object) -> object:
        if sum(classifier.batches) >= 3:
            raise WeightsError("weights-not-finite", id="x")
        return real(*arguments)  # type: ignore[arg-type]

    classifier.classify = failing  # type: ignore[method-assign,assignment]

    def user() -> None:
        wait_for(lambda: len(rows_of(table)) == 3)
        write_picture(pictures / "later.png", (10, 200, 90), (33, 21))  # no copy of another: that would be known

    added = threading.Thread(target=user)
    added.start()
    assert main(["classify", str(pictures), "--csv", str(table), "--watch", "--quiet"]) == EXIT_CANNOT_RUN
    added.join(PATIENCE)
    assert len(rows_of(table)) == 3
    assert "no usable numbers" in capsys.readouterr().err


# --- a run whose drive goes away ---


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures stall after 50 ms, and nobody waits long before the drive is asked again."""
    from model import cli_patience

    real = engine.classify_images

    def classify_images(*arguments: object, **settings: object) -> object:
        return real(*arguments, stall_seconds=0.05, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "classify_images", classify_images)
    monkeypatch.setattr(cli_patience, "WAITS", (0.01, 0.01))


class Share:
    """A drive of which the first reads are answered, and the others only once it is `back`."""

    def __init__(self, answered: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answered = answered
        self.asked = 0
        self.back = threading.Event()
        self._lock = threading.Lock()
        real = engine.make_load

        def make_load(*settings: object) -> object:
            load = real(*settings)  # type: ignore[arg-type]

            def loading(path: Path, cancel: object) -> object:
                with self._lock:
                    self.asked += 1
                    stalls = self.asked > self.answered
                if stalls:
                    assert self.back.wait(PATIENCE), "the test never brought the share back"
                return load(path, cancel)  # type: ignore[arg-type]

            return loading

        monkeypatch.setattr(engine, "make_load", make_load)


def many(tmp_path: Path) -> Path:
    for number in range(40):
        write_picture(tmp_path / "many" / f"{number:02d}.png")
    return tmp_path / "many"


@pytest.mark.usefixtures("hurried")
def test_a_drive_that_stays_away_ends_the_command_with_the_rows_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    share, table = Share(20, monkeypatch), tmp_path / "out.csv"
    try:
        assert main(["classify", str(many(tmp_path)), "--csv", str(table)]) == EXIT_CANNOT_RUN
    finally:
        share.back.set()
    rows = rows_of(table)
    assert 10 <= len(rows) <= 20
    assert {row["status"] for row in rows} == {"ok"}
    said = capsys.readouterr().err
    assert said.count("does not answer; asking again") == 2
    assert "has not answered for" in said
    assert "run the same command again" in said
    counts = json.loads((tmp_path / "out.run.json").read_text())["counts"]
    assert counts["pending"] == 40 - len(rows)


@pytest.mark.usefixtures("hurried")
def test_a_drive_that_comes_back_costs_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share, table = Share(20, monkeypatch), tmp_path / "out.csv"
    real = cli_watch.DrivePatience.heed

    def heed(self: cli_watch.DrivePatience, event: object) -> None:
        if isinstance(event, RunPaused):
            share.back.set()
        real(self, event)

    monkeypatch.setattr(cli_watch.DrivePatience, "heed", heed)
    assert main(["classify", str(many(tmp_path)), "--csv", str(table), "--quiet"]) == EXIT_OK
    assert [row["file_name"] for row in rows_of(table)] == [f"{number:02d}.png" for number in range(40)]
