"""The cluster of the examples, as its script starts it: behind nginx, with one of its servers killed in between."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.chat_client import Visitor, WatchedTurn, digest, text_of
from tests.support.nginx import free_port
from tests.support.postgresql import postgresql_program, postgresql_server
from tests.support.redis import redis_program
from tests.support.server import clean_environment
from websockets.exceptions import ConnectionClosed, InvalidStatus

pytestmark = pytest.mark.skipif(
    redis_program() is None or postgresql_program("postgres") is None, reason="no Redis or PostgreSQL is installed"
)
SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "cluster" / "local.py"


@dataclass
class Cluster:
    url: str
    servers: list[int]


@pytest.fixture
def cluster(environment: dict[str, str]) -> Iterator[Cluster]:
    with postgresql_server() as database_url:
        process = subprocess.Popen(
            [sys.executable, SCRIPT, "--port", str(free_port()), "--database-url", database_url],
            env=clean_environment({**environment, "MILLRACE_LEASE_S": "1"}),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline() for _ in range(4)]
            assert lines[-1].startswith("Ready at "), lines
            yield Cluster(lines[-1].split()[-1], [int(line.split()[1]) for line in lines[:3]])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            process.stdout.close()


async def test_a_server_that_is_killed_costs_nobody_a_token(cluster: Cluster) -> None:
    """Six turns through the proxy, two by each server; whoever was connected to the dead one comes back elsewhere."""
    async with Visitor.guest(cluster.url) as visitor:
        seen: list[list[WatchedTurn]] = []
        connections = [visitor.connect() for _ in range(6)]
        for number, connection in enumerate(connections):
            chat = await connection.__aenter__()
            turn = await chat.ask(f"{number}.", model=f"sim/sim?tokens=150&interval_ms=20&seed={number}")
            await turn.until(5)
            seen.append([turn])
        os.kill(cluster.servers[0], signal.SIGKILL)
        lost = 0
        for turns in seen:
            while turns[-1].over is None:
                with suppress(AssertionError):  # the connection was lost
                    await turns[-1].end()
                    break
                lost += 1
                with suppress(InvalidStatus):  # the proxy has not noticed yet
                    async with visitor.connect() as chat:
                        last = max(turn.last_seq for turn in turns)
                        turns.append(await chat.resume(turns[0].turn_id, last))
                        await turns[-1].end()
            text = text_of([frame for turn in turns for frame in turn.frames])
            end = turns[-1].over
            assert end is not None
            assert (text, digest(text)) == (end["data"]["full_message"], end["data"]["digest"])
        assert lost > 0, "somebody was connected to the dead server"
        for connection in connections:
            with suppress(ConnectionClosed):
                await connection.__aexit__(None, None, None)
