import pytest
from bench.figures import medians, percentile


def test_percentiles_interpolate() -> None:
    assert percentile([0, 10, 20, 30], 50) == 15
    assert percentile(list(range(101)), 99) == 99
    assert percentile([7], 99) == 7


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_median_is_taken_over_the_samples_that_have_the_metric() -> None:
    assert medians([{"a": 1, "b": 5}, {"a": 3}, {"a": 100}]) == {"a": 3, "b": 5}
