"""Estimates come from a model's recent calls alone."""

from millrace.routing.timings import Timings


def test_the_median_of_recent_turns() -> None:
    timings = Timings()
    assert timings.estimate_ms("p/m") is None
    for duration in (100, 900, 200):
        timings.add("p/m", duration)
    assert timings.estimate_ms("p/m") == 200
    assert timings.estimate_ms("p/other") is None


def test_old_turns_and_old_models_are_forgotten() -> None:
    timings = Timings()
    for _ in range(20):
        timings.add("p/m", 1)
    for _ in range(20):
        timings.add("p/m", 500)
    assert timings.estimate_ms("p/m") == 500
    for number in range(300):
        timings.add(f"p/{number}", 1)
    assert timings.estimate_ms("p/m") is None


def test_what_is_slow_for_a_model() -> None:
    timings = Timings(keep=100)
    for duration in range(1, 20):
        timings.add("p/m", duration)
    assert timings.slow_ms("p/m") is None, "too few to say"
    timings.add("p/m", 20)
    assert timings.slow_ms("p/m") == 19
    for _ in range(100):
        timings.add("p/m", 7)
    assert timings.slow_ms("p/m") == 7
    assert timings.slow_ms("p/other", least=0) is None
