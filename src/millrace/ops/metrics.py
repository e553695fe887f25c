"""Everything that is counted, in the text format of Prometheus.

Nothing here is called for a single piece of an answer: what the pieces tell is read from the turn's log once it has
ended, and how many there were is asked of the running turns whenever somebody looks.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from millrace.model.events import Entry
from millrace.ops.distribution import Distribution
from millrace.ops.turn_figures import turn_figures
from millrace.ports import Action

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FIRST_TOKEN_S = (0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10, 15, 30, 60)
_GAP_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2, 5, 10)
_ACTIONS: tuple[Action, ...] = ("send", "regenerate", "stop", "reconnect")
_OUTCOMES = ("completed", "cancelled", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What goes on at the moment somebody looks, and what others have counted.

    `breakers` are the states of the circuit breakers by provider; times are seconds, `started_at` is Unix time.
    """

    version: str
    workers: int
    started_at: float
    connections: int
    connections_opened: int
    running: int
    queued: int
    followers: int
    pieces: int
    gc_pause_max_s: float
    breakers: dict[str, str]


class Metrics(Collector):
    """Implements the `Meter` port: counts for the people who run this process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._snapshot: Callable[[], Snapshot] | None = None
        self._first_token = Distribution(
            "millrace_time_to_first_token_seconds",
            "From the start of an answer to its first piece of text.",
            _FIRST_TOKEN_S,
        )
        self._gaps = Distribution(
            "millrace_time_between_tokens_seconds",
            "Between two pieces of text of an answer, as its provider sent them; counted when it has ended.",
            _GAP_S,
        )
        self._turns = self._counter("millrace_turns", "Answers that ended, by how.", "outcome")
        self._errors = self._counter("millrace_errors", "Failed answers and refused requests, by code.", "code")
        self._actions = self._counter("millrace_actions", "What users did.", "action")
        self._fallbacks = self._counter(
            "millrace_fallbacks", "Models that another one went on for, by provider and why.", "provider", "reason"
        )
        self._resumptions = self._counter("millrace_resumptions", "Answers that went on after a process had died.")
        self._tokens = self._counter("millrace_tokens", "Tokens of ended answers, as providers count.", "direction")
        self._cost = self._counter("millrace_cost_dollars", "What ended answers cost, where prices are known.")
        for action in _ACTIONS:
            self._actions.labels(action)
        for outcome in _OUTCOMES:
            self._turns.labels(outcome)
        self._registry.register(self)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, registry=self._registry)

    def watch(self, snapshot: Callable[[], Snapshot]) -> None:
        """Ask `snapshot` what goes on whenever somebody looks."""
        self._snapshot = snapshot

    def acted(self, action: Action) -> None:
        """See `Meter`."""
        self._actions.labels(action).inc()

    def refused(self, code: str) -> None:
        """See `Meter`."""
        self._errors.labels(code).inc()

    def ended(self, entries: Sequence[Entry]) -> None:
        """See `Meter`."""
        figures = turn_figures(entries)
        self._turns.labels(figures.outcome).inc()
        if figures.code is not None:
            self.refused(figures.code)
        if figures.first_token_s is not None:
            self._first_token.add((figures.first_token_s,))
        self._gaps.add(figures.gaps_s)
        for provider, reason in figures.fallbacks:
            self._fallbacks.labels(provider, reason).inc()
        self._resumptions.inc(figures.resumptions)
        self._tokens.labels("input").inc(figures.usage.input_tokens)
        self._tokens.labels("output").inc(figures.usage.output_tokens)
        self._cost.inc(figures.cost or 0)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it (`CONTENT_TYPE`)."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        """See `Collector`: what is not a counter of ours."""
        yield self._first_token.family()
        yield self._gaps.family()
        if self._snapshot is not None:
            yield from _families(self._snapshot())

    def describe(self) -> Iterable[Metric]:
        """See `Collector`: the names need not be asked for to be known."""
        return ()


def _families(now: Snapshot) -> Iterable[Metric]:
    yield InfoMetricFamily("millrace", "The program.", {"version": now.version})
    gauges: dict[str, tuple[str, float]] = {
        "millrace_start_time_seconds": (
            "When this process was ready, in Unix time; tells processes apart.",
            now.started_at,
        ),
        "millrace_workers": ("Processes that serve the port together; these figures are of one.", now.workers),
        "millrace_connections": ("Open WebSockets and event streams.", now.connections),
        "millrace_turns_running": ("Answers that are being written.", now.running),
        "millrace_turns_queued": ("Answers that wait for the one before them.", now.queued),
        "millrace_followers": ("Readers of these answers: one per tab and answer.", now.followers),
        "millrace_gc_pause_max_seconds": ("The longest pause of the garbage collector so far.", now.gc_pause_max_s),
    }
    for name, (about, value) in gauges.items():
        yield GaugeMetricFamily(name, about, value)
    opened = "WebSockets and event streams that were opened."
    yield CounterMetricFamily("millrace_connections_opened", opened, now.connections_opened)
    yield CounterMetricFamily("millrace_pieces", "Pieces of text that providers sent, about a token each.", now.pieces)
    breakers = GaugeMetricFamily("millrace_breaker_open", "Whether a provider is passed over.", labels=["provider"])
    for provider, state in now.breakers.items():
        breakers.add_metric([provider], state != "closed")
    yield breakers
