"""Watchers who do not read, beside clients who do."""

import asyncio
import socket

from bench.load.client import Turn
from bench.load.crowd import Crowd
from bench.load.streams import timing
from bench.workloads import SlowReader

INTERVAL_MS = 20
"""Time between two writes of the feed, in every answer."""
READERS = 20
"""So many watch and do not read: what one costs is less than what a process's memory varies by from run to run."""
RECEIVE_BUFFER = 4096
"""A slow reader's receive buffer in bytes; small, so that little of what it does not read hides in the kernel."""
WEIGH_EVERY_S = 0.2
FILLING_TOKENS = 20_000
"""An answer of so many comes first, and fills what memory the server had free from its start: it would hide growth."""
MARGIN_S = 3.0
"""The answers go on for so long after the last weighing: what their ends take is not the slow readers'."""


def small_socket() -> socket.socket:
    """Return an unconnected TCP socket with a small receive buffer."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    return sock


async def run(workload: SlowReader, crowd: Crowd) -> dict[str, float]:
    """Measure the server's growth until they read again and until they have caught up; and the others' latency."""
    await crowd.connect(workload.streams + 1)
    clients = list(crowd.clients)
    slow = [await crowd.connect_one(small_socket) for _ in range(READERS)]
    await crowd.warm_up()
    await crowd.wait([crowd.start(clients[0], FILLING_TOKENS, chunk=20)])
    writes = round((workload.seconds + MARGIN_S) * 1000 / INTERVAL_MS)
    chunk = workload.tokens_per_s * INTERVAL_MS // 1000
    before = crowd.server.memory_kib()
    others = [crowd.start(client, writes, INTERVAL_MS) for client in clients[1:]]
    fast = crowd.start(clients[0], writes * chunk, INTERVAL_MS / chunk, chunk)
    turns = [*others, fast]
    await fast.started.wait()
    if workload.role == "slow":
        for reader in slow:
            reader.transport.underlying_transport.pause_reading()
            turns.append(reader.attach(fast))
    grown = await _peak_while_not_reading(workload.seconds, crowd)
    if workload.role == "slow":
        for reader in slow:
            reader.transport.underlying_transport.resume_reading()
    caught_up = asyncio.create_task(_peak_until_the_end(turns, crowd))
    await crowd.wait(turns)
    peak = max(grown, await caught_up)
    crowd.judge(turns)
    if crowd.mismatches:
        return {}
    figures = timing(others)
    watched = turns[-1]
    return {
        "grown_kib": grown - before,
        "grown_kib_per_reader": (grown - before) / READERS,
        "grown_catch_up_kib_per_reader": (peak - before) / READERS,
        "merged_share": 1 - len(watched.pieces) / watched.expected,
        "others_p50_ms": figures["latency_p50_ms"],
        "others_p99_ms": figures["latency_p99_ms"],
    }


async def _peak_while_not_reading(seconds: float, crowd: Crowd) -> float:
    peak = 0.0
    for _ in range(round(seconds / WEIGH_EVERY_S)):
        await asyncio.sleep(WEIGH_EVERY_S)
        peak = max(peak, crowd.server.memory_kib())
    return peak


async def _peak_until_the_end(turns: list[Turn], crowd: Crowd) -> float:
    peak = crowd.server.memory_kib()
    while not all(turn.done.is_set() for turn in turns):
        await asyncio.sleep(WEIGH_EVERY_S / 4)
        peak = max(peak, crowd.server.memory_kib())
    return peak
