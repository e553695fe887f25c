"""Many answers at the same time."""

import asyncio

from bench import stamps
from bench.figures import percentile
from bench.load.client import Turn
from bench.load.crowd import Crowd
from bench.load.meter import Mark
from bench.workloads import Streams


class Observation:
    """What is read off the clocks while the tokens flow."""

    def __init__(self, workload: Streams, crowd: Crowd) -> None:
        total = workload.streams * workload.tokens
        low, high = (round(total * share) for share in workload.window)
        self._crowd = crowd
        self._streams = workload.streams
        self._idle_kib = crowd.server.memory_kib()
        self._streaming_kib = self._idle_kib
        self.marks: list[Mark] = []
        crowd.meter.begin([(low, self._mark), ((low + high) // 2, self._weigh), (high, self._mark)])
        self._mark()

    def _mark(self) -> None:
        self.marks.append(self._crowd.meter.mark())

    def _weigh(self) -> None:
        self._streaming_kib = self._crowd.server.memory_kib()

    def metrics(self) -> dict[str, float]:
        """Return cost per token and memory per stream; call it once, when the last turn has ended."""
        self._mark()
        begin, low, high, end = self.marks
        tokens, wall = high.tokens - low.tokens, high.at - low.at
        return {
            "cpu_us_per_token": (high.server_cpu - low.server_cpu) / tokens / 1e3,
            "cpu_us_per_token_whole": (end.server_cpu - begin.server_cpu) / end.tokens / 1e3,
            "tokens_per_s": tokens / wall * 1e9,
            "server_busy": (high.server_cpu - low.server_cpu) / wall,
            "server_waited": (high.server_waited - low.server_waited) / wall,
            "feed_us_per_token": (high.feed_cpu - low.feed_cpu) / tokens / 1e3,
            "load_us_per_token": (high.load_cpu - low.load_cpu) / tokens / 1e3,
            "kib_per_stream": (self._streaming_kib - self._idle_kib) / self._streams,
        }


def timing(turns: list[Turn], feed_delay_ms: float = 0) -> dict[str, float]:
    """Return percentiles of the tokens' ages, and the median time to first token without the feed's own delay."""
    ages = [age for turn in turns for age in stamps.ages_ms(turn.pieces, turn.received)]
    first = [(turn.received[0] - turn.sent) / 1e6 - feed_delay_ms for turn in turns]
    return {
        "latency_p50_ms": percentile(ages, 50),
        "latency_p99_ms": percentile(ages, 99),
        "ttft_ms": percentile(first, 50),
    }


async def start_all(workload: Streams, crowd: Crowd) -> list[Turn]:
    """Start one turn per client, evenly spread over the workload's time."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    turns = []
    for number, client in enumerate(crowd.clients):
        delay = begin + workload.spread_s * number / workload.streams - loop.time()
        if delay > 0:
            await asyncio.sleep(delay)
        turns.append(crowd.start(client, workload.tokens, workload.interval_ms, workload.chunk, workload.ttft_ms))
    return turns


async def run(workload: Streams, crowd: Crowd) -> dict[str, float]:
    """Run the workload; where a turn went wrong there are no figures, for they would mean nothing."""
    await crowd.connect(workload.streams)
    await crowd.warm_up()
    observation = Observation(workload, crowd)
    turns = await start_all(workload, crowd)
    await crowd.wait(turns)
    crowd.judge(turns)
    if crowd.mismatches:
        return {}
    return observation.metrics() | timing(turns, workload.ttft_ms)
