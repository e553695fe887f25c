"""The estimate comes from a model's recent turns alone."""

from millrace.engine.timings import Timings


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
