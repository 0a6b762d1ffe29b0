"""What the user looks at is classified first."""

import threading
from pathlib import Path

from fakes import write_picture
from pytestqt.qtbot import QtBot
from window_desk import FakeFactory, MakeWindow, wait_done

COUNT = 300


def test_the_rows_scrolled_to_jump_the_queue(
    make_window: MakeWindow, factory: FakeFactory, qtbot: QtBot, tmp_path: Path
) -> None:
    factory.gate = threading.Semaphore(0)
    window = make_window()
    paths = [write_picture(tmp_path / "pictures" / f"{number:04d}.png") for number in range(COUNT)]
    window.add_paths([tmp_path / "pictures"])
    qtbot.waitUntil(lambda: window.results.rowCount() == COUNT)
    with qtbot.waitSignal(window.view.looked_at):
        window.view.scrollToBottom()
    looked_at = window.view.visible_paths()
    assert looked_at[-1] == paths[-1]

    def all_seen() -> bool:
        factory.gate.release(1)
        waiting = set(window.results.pending_paths())
        return not waiting & set(looked_at)

    qtbot.waitUntil(all_seen, timeout=20_000)
    assert window.results.counts().pending > COUNT // 2
    factory.gate.release(100_000)
    wait_done(qtbot, window, COUNT)
