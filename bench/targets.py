"""What Millrace must reach, as checks over the results."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bench import metrics, workloads
from bench.metrics import Metric
from bench.results import Results
from bench.servers import MEMORY, REDIS, SQLITE, USUAL


class Verdict(StrEnum):
    """How a figure stands to its limit."""

    MET = "met"
    SLACK = "within slack"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Check:
    """One target, for one server: the figure must not be above the limit."""

    title: str
    server: str
    value: float
    limit: float
    slack: float
    """The limit is multiplied by this before a miss is called one: repeats on a shared machine vary."""

    @property
    def verdict(self) -> Verdict:
        """Met, met only with slack, or missed."""
        if self.value <= self.limit:
            return Verdict.MET
        return Verdict.SLACK if self.value <= self.limit * self.slack else Verdict.MISSED


@dataclass(frozen=True, slots=True)
class _Target:
    title: str
    workload: str
    metric: Metric
    limits: dict[str, float]
    """By server."""


def _both(limit: float) -> dict[str, float]:
    return {MEMORY: limit, SQLITE: limit}


_TARGETS = (
    _Target("CPU per token, paced: times the floor", workloads.PACED, metrics.CPU_RATIO, {MEMORY: 2.5, SQLITE: 3.0}),
    _Target("added latency p99, paced, ms", workloads.PACED, metrics.ADDED_P99, _both(15.0)),
    _Target("time to first token added, paced, ms", workloads.PACED, metrics.TTFT_ADDED, _both(10.0)),
    _Target("CPU of a turn, ms", workloads.TURNS, metrics.TURN_CPU, _both(3.0)),
    _Target("memory of an idle connection, KiB", workloads.IDLE, metrics.CONNECTION_MEMORY, _both(40.0)),
    _Target("memory added by a slow reader, KiB", workloads.SLOW, metrics.SLOW_MEMORY, _both(1024.0)),
    _Target("latency p99 added to others by a slow reader, ms", workloads.SLOW, metrics.OTHERS_ADDED, _both(5.0)),
)
_GC_LIMIT_MS = 10.0
_TIMES_LESS_THAN_USUAL = 4.0


def check(results: Results, slack: float) -> Iterator[Check]:
    """Yield a check for each target whose figures were measured; nothing is said of the others."""
    for target in _TARGETS:
        for server, limit in target.limits.items():
            value = results.get(server, target.workload, target.metric)
            if value is not None:
                yield Check(target.title, server, value, limit, slack)
    yield from _against_usual(results, slack)
    yield from _redis(results, slack)
    yield from _pauses(results, slack)
    yield Check("answers that failed or were not the feed's", "all", results.total(metrics.MISMATCHES), 0.0, 1.0)


def _against_usual(results: Results, slack: float) -> Iterator[Check]:
    usual = results.get(USUAL, workloads.PACED, metrics.CPU)
    for server in (MEMORY, SQLITE):
        value = results.get(server, workloads.PACED, metrics.CPU)
        if usual is not None and value is not None:
            limit = 1 / _TIMES_LESS_THAN_USUAL
            yield Check("CPU per token, paced: share of the usual app's", server, value / usual, limit, slack)


def _redis(results: Results, slack: float) -> Iterator[Check]:
    """What several processes cost, where that was measured."""
    sqlite, redis = (results.get(server, workloads.PACED, metrics.CPU) for server in (SQLITE, REDIS))
    if sqlite is not None and redis is not None:
        yield Check("CPU per token, paced: times the SQLite log's", REDIS, redis / sqlite, 1.6, slack)
    added = results.get(REDIS, workloads.PACED, metrics.ADDED_P99)
    if added is not None:
        yield Check("added latency p99, paced, ms", REDIS, added, 20.0, slack)


def _pauses(results: Results, slack: float) -> Iterator[Check]:
    for server in (MEMORY, SQLITE):
        found = [rows.get(metrics.GC_PAUSE.name) for rows in results.tables.get(server, {}).values()]
        pauses = [pause for pause in found if pause is not None]
        if pauses:
            yield Check("longest garbage collection, ms", server, max(pauses), _GC_LIMIT_MS, slack)
