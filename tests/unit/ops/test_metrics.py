"""What is counted, read as Prometheus reads it."""

from prometheus_client.parser import text_string_to_metric_families
from tests.support.turns import completed

from millrace.model.events import Entry, TextDelta, TurnFailed, TurnStarted
from millrace.ops.metrics import Metrics, Snapshot

NOW = Snapshot(
    version="1.2.3",
    workers=2,
    started_at=1_700_000_000.5,
    connections=3,
    connections_opened=9,
    running=1,
    queued=2,
    followers=4,
    pieces=500,
    gc_pause_max_s=0.002,
    breakers={"sim": "open", "other": "closed"},
)


def values(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_turns_refusals_and_actions_are_counted() -> None:
    metrics = Metrics()
    assert values(metrics)["millrace_actions_total", "stop"] == 0, "what never happened is 0, and not unknown"
    started = TurnStarted("t", "s", "m", "q", "sim/sim")
    metrics.ended([Entry(0, 0, started), Entry(1, 40, TextDelta(0, "a")), Entry(2, 60, completed())])
    failed = TurnFailed("PROVIDER_FAILURE", "m", recoverable=True, digest="", cost=0.5)
    metrics.ended([Entry(0, 0, started), Entry(1, 9, failed)])
    metrics.refused("RATE_LIMIT")
    metrics.acted("send")
    found = values(metrics)
    assert found["millrace_turns_total", "completed"] == found["millrace_turns_total", "failed"] == 1
    assert found["millrace_errors_total", "PROVIDER_FAILURE"] == found["millrace_errors_total", "RATE_LIMIT"] == 1
    assert found["millrace_actions_total", "send"] == 1
    assert found["millrace_cost_dollars_total",] == 0.5
    assert found["millrace_time_to_first_token_seconds_bucket", "0.025"] == 0
    assert found["millrace_time_to_first_token_seconds_bucket", "0.05"] == 1
    assert found["millrace_time_between_tokens_seconds_count",] == 0


def test_what_goes_on_is_asked_when_somebody_looks() -> None:
    metrics = Metrics()
    metrics.watch(lambda: NOW)
    found = values(metrics)
    assert found["millrace_info", "1.2.3"] == 1
    assert found["millrace_start_time_seconds",] == NOW.started_at
    assert (found["millrace_connections",], found["millrace_connections_opened_total",]) == (3, 9)
    assert (found["millrace_pieces_total",], found["millrace_turns_running",]) == (500, 1)
    assert (found["millrace_breaker_open", "sim"], found["millrace_breaker_open", "other"]) == (1, 0)


def test_two_servers_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.acted("send")
    assert values(other)["millrace_actions_total", "send"] == 0
