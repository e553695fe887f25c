import pytest

from millrace.cli.client.backoff import JITTER, delay_s


@pytest.mark.parametrize(("attempt", "seconds"), [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 30), (99, 30)])
def test_delays_double_up_to_thirty_seconds(attempt: int, seconds: float) -> None:
    assert delay_s(attempt, 0.5) == pytest.approx(seconds)


def test_chance_spreads_them() -> None:
    assert delay_s(2, 0.0) == pytest.approx(4 * (1 - JITTER))
    assert delay_s(2, 1.0) == pytest.approx(4 * (1 + JITTER))
