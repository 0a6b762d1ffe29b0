"""A window's list comes back as it was, whatever ended the window."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from model.cancel import Cancelled, CancelToken
from model.process_file import left_behind
from model.session_file import Session, SessionScan, SessionWriter, forget_session, last_session, read_session
from model.types import FoundImage

ODD = Path(os.fsdecode(b"/a/\xff\n.jpg")) if os.name != "nt" else Path("C:/a/odd.jpg")


def picture(name: str | Path) -> FoundImage:
    return FoundImage(Path(name), f"real {name}")


def last(folder: Path) -> Session | None:
    found = list(last_session(folder, CancelToken()))
    assert len(found) <= 1
    return found[0] if found else None


def test_the_list_comes_back_in_its_order_with_its_view_and_weights(tmp_path: Path) -> None:
    writer = SessionWriter(tmp_path)
    writer.weights("first")
    writer.view({"sort": "name"})
    writer.found([picture("a.jpg"), picture(ODD), picture("c.jpg")])
    writer.removed(["a.jpg"])
    writer.found([picture("d.jpg"), picture("a.jpg")])
    writer.weights("second")
    writer.close()
    session = last(tmp_path)
    assert session is not None
    assert session.found == (picture(ODD), picture("c.jpg"), picture("d.jpg"), picture("a.jpg"))
    assert (session.weights_id, session.view, session.scans) == ("second", {"sort": "name"}, ())
    assert last(tmp_path) == session, "it stays until somebody decides"
    forget_session(session)
    assert last(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_moved_pictures_keep_their_places(tmp_path: Path) -> None:
    writer = SessionWriter(tmp_path)
    writer.found([picture("a.jpg"), picture("b.jpg"), picture("c.jpg")])
    writer.moved([Path("b.jpg"), Path("gone.jpg")], [picture("new/b.jpg"), picture("new/gone.jpg")])
    writer.removed(["c.jpg"])
    writer.close()
    session = last(tmp_path)
    assert session is not None
    assert session.found == (picture("a.jpg"), picture("new/b.jpg"))


def test_a_scan_that_did_not_end_is_begun_again(tmp_path: Path) -> None:
    writer = SessionWriter(tmp_path)
    writer.scan_begun(1, [Path("/one")], True)
    writer.scan_begun(2, [Path("/two"), ODD], False)
    writer.found([picture("a.jpg")])
    writer.scan_ended(1)
    writer.close()
    session = last(tmp_path)
    assert session is not None
    assert session.scans == (SessionScan((Path("/two"), ODD), False),)


def test_an_empty_list_is_not_offered(tmp_path: Path) -> None:
    writer = SessionWriter(tmp_path)
    writer.found([picture("a.jpg")])
    writer.cleared()
    writer.weights("first")
    writer.close()
    assert last(tmp_path) is None
    untouched = SessionWriter(tmp_path / "none")
    untouched.close()
    assert not (tmp_path / "none").exists()


DYING = """
import os, sys
from pathlib import Path
from model.session_file import SessionWriter
from model.types import FoundImage
writer = SessionWriter(Path(sys.argv[1]))
for number in range(100):
    writer.found([FoundImage(Path(f"{number}.jpg"), str(number))])
while not writer._queue.empty():
    pass
print("written", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_window_leaves_its_list_and_a_living_one_keeps_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", DYING, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        assert last(tmp_path) is None, "it is still in use"
        process.send_signal(signal.SIGKILL)
        process.wait()
    session = last(tmp_path)
    assert session is not None
    assert len(session.found) >= 99, "at most the line that was being written is lost"


def test_only_the_last_of_several_is_offered(tmp_path: Path) -> None:
    for number in range(3):
        writer = SessionWriter(tmp_path)
        writer.found([picture(f"{number}.jpg")])
        writer.close()
    for file in tmp_path.glob("*.session"):  # the clock was moved back before each of them
        number = int(file.name.partition("-")[0])
        os.utime(file, ns=(0, (9 - number) * 10**12))
    tmp_path.joinpath("123-0a1b2c3d.session").write_bytes(b'{"found":[["old.jpg","old"]]}\n')  # as it was named before
    session = last(tmp_path)
    assert session is not None
    assert [found.path.name for found in session.found] == ["2.jpg"]
    assert list(tmp_path.glob("*.session")) == [session.file]


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b'{"found": [["x.jp', b"[]", b"3", b'{"found": 3}', b'{"found": [3]}', b'{"what": 1}', b"\xff\n"],
)
def test_lines_that_make_no_sense_are_left_out(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "1.session"
    file.write_bytes(b'{"found":[["a.jpg","a"]]}\n' + line + b'\n{"found":[["b.jpg","b"]]}\n' + line)
    assert [one.path.name for one in read_session(file).found] == ["a.jpg", "b.jpg"]


def test_a_folder_that_cannot_be_written_costs_the_session_and_no_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    writer = SessionWriter(tmp_path / "file" / "sessions")
    for number in range(100):
        writer.found([picture(f"{number}.jpg")])
    writer.close()
    assert writer._queue.empty()
    assert [record.name for record in caplog.records] == ["model.session_file"]


def test_looking_can_be_cancelled(tmp_path: Path) -> None:
    writer = SessionWriter(tmp_path)
    writer.found([picture("a.jpg")])
    writer.close()
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        list(last_session(tmp_path, cancel))


def test_a_session_that_is_being_restored_elsewhere_is_not_forgotten(tmp_path: Path) -> None:
    writer = SessionWriter(tmp_path)
    writer.found([picture("a.jpg")])
    writer.close()
    session = last(tmp_path)
    assert session is not None
    with left_behind(session.file) as is_free:
        assert is_free
        forget_session(session)
    assert session.file.exists()
