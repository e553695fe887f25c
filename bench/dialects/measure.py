"""Run the same answers in each dialect against one server, and python-socketio's own way against its yardstick."""

import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import msgspec

from bench.dialects.load import Cost, Job, behavior
from bench.dialects.spoken import CHAT, EMIT, SPOKEN, Spoken
from bench.process import Child, Cores, run_to_end
from bench.servers import MEMORY, SERVERS, ServerSpec, issue_token, running
from bench.targets import Check

TIMES_CHAT = 1.3
SHARE_OF_EMIT = 0.5


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: `repeats` rounds through all dialects.

    Figures are medians over the rounds, and so are ratios, each taken within its round: the processor's speed changes.
    Between the marks all streams flow: with fewer tokens, or starts that are spread wider, turns would begin and end
    there.
    """

    streams: int
    tokens: int
    repeats: int
    interval_ms: int = 20
    spread_s: float = 1.0


FULL = Size(streams=100, tokens=200, repeats=4)
QUICK = Size(streams=30, tokens=40, repeats=1, spread_s=0.2)


def check_dialects(feed: Child, size: Size, cores: Cores, slack: float, progress: Callable[[str], None]) -> list[Check]:
    """Measure all dialects and hold them against their targets.

    Raises:
        BenchError: a process did not start, or an answer was not right.
    """
    return list(checks(_costs(feed, size, cores, progress), slack))


def checks(costs: Mapping[str, Sequence[float]], slack: float) -> Iterator[Check]:
    """What the costs of each round come to, in microseconds per token."""
    for spoken in SPOKEN:
        title = f"CPU per token, {spoken.name} ({statistics.median(costs[spoken.name]):.1f} µs): "
        if spoken.carrier == "socket.io":
            emit = f"share of {EMIT} ({statistics.median(costs[EMIT]):.1f})"
            yield Check(f"{title}{emit}", MEMORY, _ratio(costs[spoken.name], costs[EMIT]), SHARE_OF_EMIT, slack)
        elif spoken is not CHAT:
            chat = f"times chat ({statistics.median(costs[CHAT.name]):.1f})"
            yield Check(f"{title}{chat}", MEMORY, _ratio(costs[spoken.name], costs[CHAT.name]), TIMES_CHAT, slack)


def _ratio(costs: Sequence[float], others: Sequence[float]) -> float:
    return statistics.median(cost / other for cost, other in zip(costs, others, strict=True))


def _costs(feed: Child, size: Size, cores: Cores, progress: Callable[[str], None]) -> dict[str, list[float]]:
    costs: dict[str, list[float]] = {}
    upstream = f"{feed.address()}/v1"
    token = issue_token(cores)
    with ExitStack() as stack:
        server = stack.enter_context(running(_product(size), upstream, token, cores))
        rival = stack.enter_context(running(_product(size), upstream, token, cores))
        emitter = stack.enter_context(_emitter(upstream, cores))
        at_once = stack.enter_context(ThreadPoolExecutor())

        def measure(spoken: Spoken, name: str, child: Child, model: str, first: int) -> None:
            progress(f"dialects: {name}")
            sizes = (first, size.streams, size.tokens, size.interval_ms, size.spread_s)
            job = Job(spoken.name, child.address(), token, model, child.pid, feed.pid, *sizes)
            command = (sys.executable, "-m", "bench.dialects.load")
            output = run_to_end(f"the load in {name}", command, cores.others, msgspec.json.encode(job))
            cost = msgspec.json.decode(output, type=Cost)
            costs.setdefault(name, []).append(cost.cpu_us_per_token)

        for repeat in range(size.repeats):
            first = repeat * size.streams
            for spoken in SPOKEN:
                if spoken.carrier == "socket.io":
                    # Two processes can be measured at the same time on one core, whose speed is then the same for both;
                    # each begins as often as the other.
                    ours, yardstick = (spoken.name, rival.child, rival.model), (EMIT, emitter, "sim")
                    early, late = (ours, yardstick) if repeat % 2 else (yardstick, ours)
                    beside = at_once.submit(measure, spoken, *early, first)
                    measure(spoken, *late, first)
                    beside.result()
                else:
                    measure(spoken, spoken.name, server.child, server.model, first)
    return costs


def _product(size: Size) -> ServerSpec:
    """Millrace with the memory log, whose default model answers as the workload wants."""
    spec = next(spec for spec in SERVERS if spec.name == MEMORY)
    model = f"openai/sim{behavior(size.tokens, size.interval_ms)}"
    return replace(spec, environment={**spec.environment, "MILLRACE_DEFAULT_MODEL": model})


@contextmanager
def _emitter(upstream: str, cores: Cores) -> Iterator[Child]:
    command = (sys.executable, "-m", "bench.yardsticks.emitter", "--upstream", upstream)
    child = Child(EMIT, command, cores.server, {})
    try:
        yield child
    finally:
        child.stop()
