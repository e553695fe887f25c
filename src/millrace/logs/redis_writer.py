"""The writer of one turn's log in Redis."""

import asyncio
from typing import Protocol

from millrace.model.errors import MillraceError, StreamError
from millrace.model.events import AnyEvent, Entry, TerminalEvent, is_terminal
from millrace.model.turns import Lease
from millrace.ports import Clock

MAX_BYTES = 16 * 1024 * 1024
"""A log of more than so many bytes takes nothing but its end. An answer of 4,096 tokens has about 0.4 MiB."""


class Sender(Protocol):
    """What brings entries to Redis."""

    clock: Clock

    def enqueue(self, writer: "RedisWriter", count: int) -> None:
        """Put new entries into the next call, unless too much waits already."""

    def enqueue_last(self, writer: "RedisWriter", count: int) -> None:
        """Put new entries into the next call, however much waits."""

    def settled(self) -> asyncio.Future[None]:
        """Done after the next call."""


class RedisWriter:
    """Appends to one turn's log. After a refusal or a fault every further append fails with the same error.

    Attributes:
        position: What Redis has of the log, as far as is known.
        accepted: What was shown to followers; never less than before, while `position` falls where a new master
            knows less than the one before it.
        size: Bytes of it that Redis has taken.
        dead: Whether nothing of it may come to Redis any more. A writer that failed because Redis was out of reach
            is not dead: it takes the turn's end and brings it when Redis is back.
    """

    __slots__ = ("_log", "accepted", "dead", "entries", "failure", "lease", "position", "sealed", "size")

    def __init__(self, log: Sender, lease: Lease, entries: list[Entry]) -> None:
        self._log = log
        self.lease = lease
        self.entries = entries
        self.position = self.accepted = len(entries)
        self.sealed = bool(entries) and is_terminal(entries[-1].event)
        self.size = 0
        self.dead = False
        self.failure: MillraceError | None = None

    @property
    def next_seq(self) -> int:
        """The `seq` that the next event gets."""
        return len(self.entries)

    def append(self, *events: AnyEvent) -> int:
        """Append without waiting."""
        if self.failure is not None:
            raise self.failure
        if self.sealed:
            raise StreamError(detail="the log is sealed")
        if self.size > MAX_BYTES:
            raise StreamError("The answer became too long for the server to keep, so it ended here.")
        self._log.enqueue(self, len(events))
        return self._add(*events)

    async def flush(self) -> None:
        """Wait until all that was appended is in Redis."""
        while self.failure is None and self.accepted < len(self.entries):
            await self._log.settled()
        if self.failure is not None:
            raise self.failure

    async def seal(self, event: TerminalEvent) -> int:
        """Append the terminal event and wait until it is in Redis."""
        if self.sealed:
            raise StreamError(detail="the log is sealed")
        if not self.dead:
            # Whatever waits: without its end the log would be of no use to anybody.
            self._log.enqueue_last(self, 1)
            self._add(event)
            self.sealed = True
        await self.flush()
        return len(self.entries) - 1

    async def delivered(self) -> None:
        """Wait until Redis is back and has taken the end."""
        while not self.dead and self.accepted < len(self.entries):
            await self._log.settled()
        if self.dead and self.failure is not None:
            raise self.failure

    def _add(self, *events: AnyEvent) -> int:
        now_ms = self._log.clock.now_ms()
        self.entries += [Entry(seq, now_ms, event) for seq, event in enumerate(events, len(self.entries))]
        return len(self.entries) - 1
