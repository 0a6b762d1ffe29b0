from gui.progress_bar import WorkClock


def test_pauses_do_not_count() -> None:
    now = [100.0]
    clock = WorkClock(lambda: now[0])
    assert clock.seconds() == 0.0
    clock.start()
    now[0] += 3
    clock.pause()
    now[0] += 1000
    clock.pause()
    assert clock.seconds() == 3.0
    clock.resume()
    now[0] += 2
    clock.resume()
    assert clock.seconds() == 5.0
    clock.start()
    assert clock.seconds() == 0.0
