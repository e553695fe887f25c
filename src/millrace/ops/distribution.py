"""How long things took: a histogram that takes many times at once for the price of a few."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from prometheus_client.core import HistogramMetricFamily


class Distribution:
    """Counts times, in seconds, by upper bounds.

    `prometheus_client.Histogram` locks and looks through its bounds for each time: 0.6 to 1 microsecond, where this
    takes 0.08 (measured on two shared cores). An answer has a time for each of its pieces.
    """

    def __init__(self, name: str, about: str, bounds: Sequence[float]) -> None:
        self._name = name
        self._about = about
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._sum = 0.0

    def add(self, times: Iterable[float]) -> None:
        """Count some times."""
        counts, bounds = self._counts, self._bounds
        for time in times:
            counts[bisect_left(bounds, time)] += 1
            self._sum += time

    def family(self) -> HistogramMetricFamily:
        """What is shown of it: cumulative, as Prometheus wants it."""
        total, buckets = 0, []
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            buckets.append((bound, float(total)))
        return HistogramMetricFamily(self._name, self._about, buckets=buckets, sum_value=self._sum)
