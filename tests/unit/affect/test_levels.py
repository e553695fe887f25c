import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.affect.levels import Levels, levels_of, noisy_or

SHARE = st.floats(0.0, 1.0)


def test_groups_by_noisy_or() -> None:
    levels = levels_of({"annoyance": 0.5, "anger": 0.5, "confusion": 0.25, "love": 0.9, "neutral": 0.9})
    assert levels == Levels(confused=0.25, frustrated=0.75)
    assert levels_of({}) == Levels()


def test_a_level_keeps_six_tenths() -> None:
    smoothed = Levels(bored=1.0).smoothed(Levels(anxious=1.0))
    assert [smoothed.bored, smoothed.anxious, smoothed.low] == pytest.approx([0.6, 0.4, 0.0])


@given(st.lists(SHARE, max_size=5), SHARE)
def test_noisy_or_grows_and_stays_a_probability(shares: list[float], more: float) -> None:
    assert 0.0 <= noisy_or(*shares) <= noisy_or(*shares, more) + 1e-12 <= 1.0 + 1e-9
