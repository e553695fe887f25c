"""The clients of one run and the turns they are in."""

import asyncio
import socket
from collections.abc import Callable, Iterable

from bench import stamps
from bench.errors import BenchError
from bench.load.client import Client, Turn
from bench.load.job import Job
from bench.load.meter import Meter
from bench.load.usage import ServerProcess

TURN_LIMIT_S = 90.0
"""After this long without an end of the answer a run is given up, in seconds."""
CONNECTS_AT_ONCE = 64
WARM_CLIENTS = 20
WARM_TURNS = 5
SHOWN_FAILURES = 5
SHOWN_CHARS = 60


class Crowd:
    """Opens clients, starts turns on them and judges what they received."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.server = ServerProcess.of(job.server_pid)
        self.meter = Meter(self.server, job.feed_pid)
        self.clients: list[Client] = []
        self.verified = 0
        """Turns whose whole text arrived, warm-up included."""
        self.mismatches = 0
        """Turns of which something was missing, doubled, changed or out of order."""
        self.failures: dict[str, int] = {}

    async def connect(self, clients: int) -> None:
        """Open `clients` more connections, some at a time, and go once to the server and back on each."""
        gate = asyncio.Semaphore(CONNECTS_AT_ONCE)

        async def one() -> None:
            async with gate:
                await self.connect_one()

        await asyncio.gather(*(one() for _ in range(clients)))

    async def connect_one(self, socket_factory: Callable[[], socket.socket] | None = None) -> Client:
        """Open one more connection, on a socket of the caller's making where given."""
        client = await Client.connect(self._job.url, self.meter.count, socket_factory)
        self.clients.append(client)
        await client.ping()
        return client

    def start(self, client: Client, tokens: int, interval_ms: float = 0, chunk: int = 1, ttft_ms: int = 0) -> Turn:
        """Start a turn on `client`."""
        behavior = f"tokens={tokens}&interval_ms={interval_ms:g}&chunk={chunk}&ttft_ms={ttft_ms}&stamped=true"
        return client.start(tokens, f"{self._job.model}?{behavior}", self._job.user)

    async def warm_up(self) -> None:
        """Run a few turns on a few clients, so that what is built only once is not measured."""
        for _ in range(WARM_TURNS):
            turns = [self.start(client, 20, chunk=2) for client in self.clients[:WARM_CLIENTS]]
            await self.wait(turns)
            self.judge(turns)

    async def wait(self, turns: Iterable[Turn]) -> None:
        """Wait until all turns have ended.

        Raises:
            BenchError: one did not end in time.
        """
        try:
            async with asyncio.timeout(TURN_LIMIT_S):
                for turn in turns:
                    await turn.done.wait()
        except TimeoutError as error:
            raise BenchError(f"An answer had no end after {TURN_LIMIT_S:g} s. Look at the server's log.") from error

    def judge(self, turns: Iterable[Turn]) -> None:
        """Count the turns whose text is not exactly what the feed sent."""
        for turn in turns:
            if turn.error is None and stamps.complete(turn.pieces, turn.expected, turn.full_message):
                self.verified += 1
                continue
            self.mismatches += 1
            received = "".join(turn.pieces)[:SHOWN_CHARS]
            failure = turn.error or f"{len(turn.pieces)} of {turn.expected} tokens, or not the feed's: {received!r}"
            self.failures[failure] = self.failures.get(failure, 0) + 1

    def failure_list(self) -> list[str]:
        """Return the commonest errors with their number."""
        ordered = sorted(self.failures.items(), key=lambda item: -item[1])
        return [f"{number} x {text}" for text, number in ordered[:SHOWN_FAILURES]]

    def close(self) -> None:
        """Close all connections."""
        for client in self.clients:
            client.close()
