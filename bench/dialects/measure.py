"""Run the same answers in each dialect against one server, and python-socketio's own way against its yardstick."""

import statistics
import sys
from collections.abc import Callable, Iterator
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
    """How much is measured: `repeats` rounds through all dialects, of which the medians count."""

    streams: int
    tokens: int
    repeats: int
    interval_ms: int = 20
    spread_s: float = 1.0


FULL = Size(streams=100, tokens=200, repeats=2)
QUICK = Size(streams=30, tokens=40, repeats=1, spread_s=0.4)


def check_dialects(feed: Child, size: Size, cores: Cores, slack: float, progress: Callable[[str], None]) -> list[Check]:
    """Measure all dialects and hold them against their targets.

    Raises:
        BenchError: a process did not start, or an answer was not right.
    """
    costs = {name: statistics.median(found) for name, found in _costs(feed, size, cores, progress).items()}
    return list(checks(costs, slack))


def checks(costs: dict[str, float], slack: float) -> Iterator[Check]:
    for spoken in SPOKEN:
        cost = costs[spoken.name]
        title = f"CPU per token, {spoken.name} ({cost:.1f} µs): "
        if spoken.carrier == "socket.io":
            share = cost / costs[EMIT]
            yield Check(f"{title}share of {EMIT} ({costs[EMIT]:.1f})", MEMORY, share, SHARE_OF_EMIT, slack)
        elif spoken is not CHAT:
            times = cost / costs[CHAT.name]
            yield Check(f"{title}times chat ({costs[CHAT.name]:.1f})", MEMORY, times, TIMES_CHAT, slack)


def _costs(feed: Child, size: Size, cores: Cores, progress: Callable[[str], None]) -> dict[str, list[float]]:
    costs: dict[str, list[float]] = {}
    upstream = f"{feed.address()}/v1"
    token = issue_token(cores)
    with ExitStack() as stack:
        server = stack.enter_context(running(_product(size), upstream, token, cores))
        emitter = stack.enter_context(_emitter(upstream, cores))

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
                measure(spoken, spoken.name, server.child, server.model, first)
                if spoken.carrier == "socket.io":
                    measure(spoken, EMIT, emitter, "sim", first)
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
