"""`python -m bench.dialects.load`: one dialect's answers; the job comes as JSON, the figure goes back as JSON."""

import asyncio
import gc
import sys

import msgspec
import uvloop

from bench.dialects.clients import Asker, connected
from bench.dialects.spoken import SPOKEN, Spoken
from bench.errors import BenchError
from bench.load.meter import Mark, Meter
from bench.load.usage import ServerProcess

LIMIT_S = 90.0
WARM_TOKENS = 5
_WINDOW = (0.15, 0.85)


class Job(msgspec.Struct, frozen=True):
    """One dialect against one server. The `paced` workload: one token per `interval_ms`, `tokens` of them each."""

    dialect: str
    address: str
    token: str
    model: str
    """Without the parameters after `?`."""
    server_pid: int
    feed_pid: int
    first: int
    """Number of the first client. No number comes twice: a server gives who repeats a request the answer it has."""
    streams: int
    tokens: int
    interval_ms: int
    spread_s: float


class Cost(msgspec.Struct, frozen=True):
    """CPU time of the server process per token, in microseconds."""

    cpu_us_per_token: float


def behavior(tokens: int, interval_ms: int) -> str:
    """How the feed is told what to do, behind a model's name."""
    return f"?tokens={tokens}&interval_ms={interval_ms}&stamped=true"


async def run(job: Job) -> Cost:
    """Ask on all connections, and read the clocks while the tokens flow.

    Raises:
        BenchError: an answer did not come, or not whole and token by token.
    """
    spoken = next(found for found in SPOKEN if found.name == job.dialect)
    meter = Meter(ServerProcess.of(job.server_pid), job.feed_pid)
    numbers = range(job.first, job.first + job.streams)
    askers = [await connected(spoken, job.address, job.token, n, job.tokens, meter.count) for n in numbers]
    marks: list[Mark] = []
    total = job.streams * job.tokens
    meter.begin([(round(total * share), lambda: marks.append(meter.mark())) for share in _WINDOW])
    await _ask_all(job, spoken, askers)
    try:
        async with asyncio.timeout(LIMIT_S):
            for asker in askers:
                await asker.done.wait()
    except TimeoutError:
        pass  # said below, with what came instead
    short = [asker for asker in askers if asker.tokens != job.tokens]
    for asker in askers:
        asker.close()
    if short or len(marks) < len(_WINDOW):
        got = f"{short[0].tokens} tokens instead of {job.tokens}, and first {short[0].beginning!r}" if short else "less"
        raise BenchError(f"{job.dialect}: {len(short)} of {job.streams} answers were not right: {got}")
    low, high = marks
    return Cost((high.server_cpu - low.server_cpu) / (high.tokens - low.tokens) / 1e3)


async def _ask_all(job: Job, spoken: Spoken, askers: list[Asker]) -> None:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    model = job.model + behavior(job.tokens, job.interval_ms)
    for place, asker in enumerate(askers):
        await asyncio.sleep(max(0.0, begin + job.spread_s * place / job.streams - loop.time()))
        asker.ask(spoken.request(model, job.first + place))


def main() -> None:
    """Read, run, write."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    gc.disable()
    try:
        cost = uvloop.run(run(job))
    except BenchError as error:
        sys.exit(str(error))
    sys.stdout.buffer.write(msgspec.json.encode(cost))


if __name__ == "__main__":
    main()
