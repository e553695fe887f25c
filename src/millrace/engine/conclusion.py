"""The last steps of a turn: its message is stored, its log sealed, its session given free. In this order, if it can be.

Where the database does not answer, the log is sealed first, so that whoever watches sees the end; where the log takes
nothing, its followers are told. Either way the turn stays this process's own until both are made up for: the registry
calls it unfinished, so whoever takes it over finds its end in the log and stores it.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence

from millrace.engine.endings import logged_outcome
from millrace.engine.hub import Hub
from millrace.engine.outcomes import Outcomes
from millrace.engine.transcript import Transcript
from millrace.model.errors import LeaseLost, MillraceError
from millrace.model.events import AnyEvent, Entry, TerminalEvent, TurnCancelled, TurnCompleted
from millrace.model.messages import Turn, TurnState
from millrace.model.turns import Lease, TurnOutcome
from millrace.ports import TurnRegistry, Writer

_logger = logging.getLogger("millrace.engine")

_RETRY_S = 1.0


class Conclusion:
    """Concludes one turn."""

    def __init__(self, lease: Lease, *, outcomes: Outcomes, registry: TurnRegistry, hub: Hub) -> None:
        self._lease = lease
        self._outcomes = outcomes
        self._registry = registry
        self._hub = hub
        self._unstored: TurnOutcome | None = None
        self._unsealed: Writer | None = None
        self._work: asyncio.Task[None] | None = None
        self._left = False
        self.late = False
        """Whether the turn is over but for what its storage does not take yet."""

    def leave(self) -> None:
        """Wait for nothing any more: another process sees to what is missing."""
        self._left = True
        if self._work is not None:
            self._work.cancel()

    async def store(self, outcome: TurnOutcome) -> None:
        """Store what the turn leaves behind, now or later.

        Raises:
            MillraceError: It can never be stored.
        """
        if not await self._outcomes.keep(outcome):
            self._unstored = outcome

    async def seal(self, writer: Writer, event: TerminalEvent) -> None:
        """End the log, now or later; where it is later, its followers are told why they see no end.

        Raises:
            LeaseLost: Another process owns the turn.
        """
        try:
            await writer.seal(event)
        except LeaseLost:
            raise
        except MillraceError as error:
            _logger.error("turn %s could not be logged: %s", self._lease.turn_id, error.detail or error.message)
            self._hub.fail(self._lease.turn_id, error)
            self._unsealed = writer

    async def release(self, state: TurnState) -> bool:
        """Let the session's next turn begin, once this one is in store and log; false where that is left to others."""
        if self._unstored is None and self._unsealed is None:
            try:
                await self._registry.release(self._lease, state)
            except MillraceError as error:
                _logger.error("turn %s is released later: %s", self._lease.turn_id, error.detail or error.message)
            else:
                return True
        self._hub.let_go(self._lease.turn_id)
        self.late = True
        done = await self.work(self._catch_up(state))
        self.late = False
        if not done:
            await self.abandon()
        return done

    async def again(self, turn: Turn, transcript: Transcript, entries: Sequence[Entry]) -> None:
        """Conclude a turn whose log an earlier owner has sealed; perhaps the database did not answer that one."""
        outcome = logged_outcome(turn, transcript, entries)
        try:
            await self.store(outcome)
        except MillraceError as error:
            _logger.error("turn %s can never be stored: %s", turn.id, error.detail or error.message)
        await self.release(ended_as(entries[-1].event))

    async def abandon(self) -> None:
        """Give the turn up as it is. Where the registry does not hear it, it sees by itself that its owner is gone."""
        try:
            await self._registry.abandon(self._lease)
        except MillraceError as error:
            _logger.warning("turn %s was not given up: %s", self._lease.turn_id, error.detail or error.message)

    async def work(self, work: Coroutine[None, None, None]) -> bool:
        """Do something that `leave` cuts off; whether it was done."""
        self._work = asyncio.create_task(work)
        if self._left:
            self._work.cancel()
        try:
            await self._work
        except asyncio.CancelledError:
            if not self._left:
                raise
            return False
        finally:
            self._work = None
        return True

    async def _catch_up(self, state: TurnState) -> None:
        if self._unsealed is not None:
            try:
                await self._unsealed.delivered()
            except MillraceError as error:
                _logger.error("turn %s has no end in its log: %s", self._lease.turn_id, error.detail or error.message)
        if self._unstored is not None:
            await self._outcomes.later(self._unstored)
        while True:
            try:
                return await self._registry.release(self._lease, state)
            except MillraceError:
                await asyncio.sleep(_RETRY_S)


def ended_as(event: AnyEvent) -> TurnState:
    """The state of a turn whose last event is this."""
    if isinstance(event, TurnCompleted):
        return "completed"
    return "cancelled" if isinstance(event, TurnCancelled) else "failed"
