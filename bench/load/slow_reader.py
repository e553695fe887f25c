"""One client that does not read, beside others that do."""

import asyncio
import socket

from bench.load.client import Client, Turn
from bench.load.crowd import Crowd
from bench.load.streams import timing
from bench.workloads import SlowReader

INTERVAL_MS = 20
"""Time between two writes of the feed, to the slow client as to the others."""
RECEIVE_BUFFER = 4096
"""The slow client's receive buffer in bytes; small, so that little of what it does not read hides in the kernel."""
WEIGH_EVERY_S = 0.2


def small_socket() -> socket.socket:
    """Return an unconnected TCP socket with a small receive buffer."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    return sock


async def run(workload: SlowReader, crowd: Crowd) -> dict[str, float]:
    """Measure the server's growth until the client reads again and it has caught up; and the others' latency."""
    await crowd.connect(workload.streams)
    fast = await crowd.connect_one(small_socket)
    await crowd.warm_up()
    writes = round(workload.seconds * 1000 / INTERVAL_MS)
    others = [crowd.start(client, writes, INTERVAL_MS) for client in crowd.clients[: workload.streams]]
    chunk = workload.tokens_per_s * INTERVAL_MS // 1000
    turn = crowd.start(fast, writes * chunk, INTERVAL_MS / chunk, chunk)
    before = crowd.server.memory_kib()
    grown = await _watch(workload, crowd, fast)
    peak = asyncio.create_task(_peak(crowd, others, turn))
    await crowd.wait([*others, turn])
    caught_up = await peak
    crowd.judge([*others, turn])
    if crowd.mismatches:
        return {}
    figures = timing(others)
    return {
        "grown_kib": grown - before,
        "grown_catch_up_kib": max(grown, caught_up) - before,
        "others_p50_ms": figures["latency_p50_ms"],
        "others_p99_ms": figures["latency_p99_ms"],
    }


async def _watch(workload: SlowReader, crowd: Crowd, fast: Client) -> float:
    """Return the server's highest memory during the time in which the slow client, if it is slow, does not read."""
    reading = fast.transport.underlying_transport
    if workload.role == "slow":
        reading.pause_reading()
    peak = 0.0
    for _ in range(round(workload.seconds / WEIGH_EVERY_S)):
        await asyncio.sleep(WEIGH_EVERY_S)
        peak = max(peak, crowd.server.memory_kib())
    if workload.role == "slow":
        reading.resume_reading()
    return peak


async def _peak(crowd: Crowd, others: list[Turn], turn: Turn) -> float:
    """Return the server's highest memory until all turns have ended."""
    peak = crowd.server.memory_kib()
    while not (turn.done.is_set() and all(other.done.is_set() for other in others)):
        await asyncio.sleep(WEIGH_EVERY_S / 4)
        peak = max(peak, crowd.server.memory_kib())
    return peak
