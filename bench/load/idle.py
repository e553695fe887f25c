"""Connections that do nothing."""

import asyncio

from bench.load.crowd import WARM_CLIENTS, Crowd
from bench.workloads import Idle


async def run(workload: Idle, crowd: Crowd) -> dict[str, float]:
    """Measure the memory of a connection and the CPU that all of them cost while nothing happens."""
    await crowd.connect(WARM_CLIENTS)
    await crowd.warm_up()
    before = crowd.server.memory_kib()
    await crowd.connect(workload.connections)
    memory = crowd.server.memory_kib() - before
    begin = crowd.meter.mark()
    await asyncio.sleep(workload.seconds)
    end = crowd.meter.mark()
    return {
        "kib_per_connection": memory / workload.connections,
        "idle_cpu_ms_per_s": (end.server_cpu - begin.server_cpu) / (end.at - begin.at) * 1e3,
    }
