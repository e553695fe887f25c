"""The few figures that the bench draws from many."""

import statistics
from collections.abc import Iterable, Mapping, Sequence


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the `percent` percentile (1 to 99), linearly interpolated between its neighbours.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values, no percentile")
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def medians(samples: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the median of each metric over the samples that have it, in the order in which metrics first appear."""
    values: dict[str, list[float]] = {}
    for sample in samples:
        for name, value in sample.items():
            values.setdefault(name, []).append(value)
    return {name: statistics.median(found) for name, found in values.items()}
