"""From samples to results: what a server costs beside the floor of the same repeat, and medians over the repeats."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from bench import metrics, workloads
from bench.figures import medians
from bench.servers import FLOOR

Figures = dict[str, float]


class Sample(msgspec.Struct, frozen=True):
    """The figures of one workload on one server in one repeat."""

    server: str
    workload: str
    repeat: int
    metrics: Figures
    failures: list[str] = []


@dataclass(frozen=True, slots=True)
class Results:
    """The median figures, by server, workload and metric."""

    tables: dict[str, dict[str, Figures]]
    samples: Sequence[Sample] = field(default=())

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> "Results":
        """Compare within each repeat, then take medians: what disturbs one repeat disturbs all its servers."""
        compared = [_compared(sample, samples) for sample in samples]
        tables: dict[str, dict[str, list[Figures]]] = {}
        for sample in compared:
            tables.setdefault(sample.server, {}).setdefault(sample.workload, []).append(sample.metrics)
        return cls(
            {server: {workload: medians(found) for workload, found in rows.items()} for server, rows in tables.items()},
            compared,
        )

    def get(self, server: str, workload: str, metric: metrics.Metric) -> float | None:
        """Return a median, or nothing where it was not measured."""
        return self.tables.get(server, {}).get(workload, {}).get(metric.name)

    def total(self, metric: metrics.Metric) -> float:
        """Return the sum of a metric over all samples."""
        return sum(sample.metrics.get(metric.name, 0.0) for sample in self.samples)

    def highest(self, metric: metrics.Metric) -> float:
        """Return the highest value of a metric in any sample; 0 where none has it."""
        return max((sample.metrics.get(metric.name, 0.0) for sample in self.samples), default=0.0)


def _compared(sample: Sample, samples: Iterable[Sample]) -> Sample:
    peer = workloads.CONTROL if sample.workload == workloads.SLOW else sample.workload
    server = sample.server if sample.workload == workloads.SLOW else FLOOR
    base: Figures = next(
        (
            other.metrics
            for other in samples
            if (other.server, other.workload, other.repeat) == (server, peer, sample.repeat)
        ),
        {},
    )
    return msgspec.structs.replace(sample, metrics=sample.metrics | _against(sample.metrics, base))


def _against(mine: Figures, base: Figures) -> Figures:
    ratios = {"cpu_ratio": "cpu_us_per_token", "cpu_ratio_whole": "cpu_us_per_token_whole"}
    added = (
        "latency_p50_ms",
        "latency_p99_ms",
        "ttft_ms",
        "grown_kib_per_reader",
        "grown_catch_up_kib_per_reader",
        "others_p99_ms",
    )
    found = {ratio: mine[name] / base[name] for ratio, name in ratios.items() if name in mine and base.get(name)}
    return found | {f"{name}_added": mine[name] - base[name] for name in added if name in mine and name in base}
