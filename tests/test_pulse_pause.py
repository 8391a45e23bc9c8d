"""Open pages are renewed less often while the process has no time left for them."""

from app.console.pulse import EVERY, LITTLE, SLOWEST, pause


def test_in_time_it_looks_as_often_as_ever() -> None:
    assert pause(0.0) == pause(-0.1) == pause(LITTLE) == EVERY


def test_the_later_it_comes_round_the_longer_it_waits_up_to_an_end() -> None:
    waits = [pause(late) for late in (0.03, 0.05, 0.08, 1.0, 60.0)]

    assert waits == sorted(waits) and waits[0] > EVERY
    assert waits[-1] == waits[-2] == SLOWEST
