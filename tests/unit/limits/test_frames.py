from tests.support.clock import ManualClock

from millrace.limits.frames import FrameMeter


def allowed(meter: FrameMeter, frames: int) -> int:
    return sum(meter.allow() for _ in range(frames))


def test_a_burst_of_one_seconds_allowance_passes_and_no_more() -> None:
    assert allowed(FrameMeter(50, ManualClock()), 80) == 50


def test_the_allowance_comes_back_with_time() -> None:
    clock = ManualClock()
    meter = FrameMeter(50, clock)
    allowed(meter, 50)
    clock.advance(0.5)
    assert allowed(meter, 80) == 25
    clock.advance(3600)
    assert allowed(meter, 80) == 50


def test_less_than_one_frame_a_second_can_be_allowed() -> None:
    clock = ManualClock()
    meter = FrameMeter(0.5, clock)
    assert allowed(meter, 2) == 1
    clock.advance(2)
    assert allowed(meter, 2) == 1
