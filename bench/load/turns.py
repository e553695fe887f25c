"""Turns of one token, one after the other."""

from bench.figures import percentile
from bench.load.crowd import Crowd
from bench.workloads import Turns


async def run(workload: Turns, crowd: Crowd) -> dict[str, float]:
    """Measure what a turn costs beside its tokens: CPU, time to first token, and memory that stays."""
    await crowd.connect(1)
    await crowd.warm_up()
    [client] = crowd.clients
    memory = crowd.server.memory_kib()
    begin = crowd.meter.mark()
    turns = []
    for _ in range(workload.turns):
        turn = crowd.start(client, tokens=1)
        await crowd.wait([turn])
        turns.append(turn)
    end = crowd.meter.mark()
    crowd.judge(turns)
    if crowd.mismatches:
        return {}
    return {
        "cpu_ms_per_turn": (end.server_cpu - begin.server_cpu) / workload.turns / 1e6,
        "ttft_ms": percentile([(turn.received[0] - turn.sent) / 1e6 for turn in turns], 50),
        "kib_per_ended_turn": (crowd.server.memory_kib() - memory) / workload.turns,
    }
