"""Stores how turns ended: at once, or, where the database does not answer, as soon as it does."""

import asyncio
import logging
from dataclasses import dataclass

from millrace.model.errors import MillraceError, StoreUnavailable
from millrace.model.turns import TurnOutcome
from millrace.ports import Store

_logger = logging.getLogger("millrace.engine")


MOST_WAITING = 1000
"""So many ended turns may be in memory at a time because the database does not answer."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    outcome: TurnOutcome
    done: asyncio.Future[None]


class Outcomes:
    """The way of all turns of this process into the store.

    While one outcome waits, nobody else tries: a database that is locked or out of reach makes each who asks wait, and
    one who asks is enough to know when it is back.

    Args:
        store: Where they are kept.
        first_retry_s: Seconds until an outcome that could not be stored is tried again.
        last_retry_s: What that grows to, doubling each time.
    """

    def __init__(self, store: Store, *, first_retry_s: float = 0.25, last_retry_s: float = 2.0) -> None:
        self._store = store
        self._first_retry_s = first_retry_s
        self._last_retry_s = last_retry_s
        self._waiting: dict[str, _Waiting] = {}
        self._trouble: MillraceError | None = None
        self._retrying: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many outcomes wait for the database."""
        return len(self._waiting)

    def check_room(self) -> None:
        """Return if another turn may begin.

        Raises:
            MillraceError: Too many outcomes wait already; with what the database said last.
        """
        if len(self._waiting) >= MOST_WAITING:
            self.check()

    def check(self) -> None:
        """Return if everything is stored that is to be stored.

        Raises:
            MillraceError: What the database said last, while outcomes wait for it.
        """
        if self._waiting and self._trouble is not None:
            raise self._trouble

    async def keep(self, outcome: TurnOutcome) -> bool:
        """Store an outcome now. False where the database does not answer: then `later` does it.

        Raises:
            MillraceError: It can never be stored.
        """
        if self._waiting:
            return False
        try:
            await self._store.finish_turn(outcome)
        except StoreUnavailable as error:
            if not error.recoverable:
                raise
            _logger.error("turn %s is stored later: %s", outcome.turn.id, error.detail or error.message)
            self._trouble = error
            return False
        return True

    async def later(self, outcome: TurnOutcome) -> None:
        """Return once an outcome is stored, or it has turned out that it can never be. Being cancelled gives it up."""
        waiting = _Waiting(outcome, asyncio.get_running_loop().create_future())
        self._waiting[outcome.turn.id] = waiting
        if self._retrying is None:
            self._retrying = asyncio.create_task(self._retry())
        try:
            await waiting.done
        finally:
            self._waiting.pop(outcome.turn.id, None)

    async def close(self) -> None:
        """Try no more."""
        if self._retrying is not None:
            self._retrying.cancel()
            await asyncio.gather(self._retrying, return_exceptions=True)

    async def _retry(self) -> None:
        delay = self._first_retry_s
        try:
            while self._waiting:
                await asyncio.sleep(delay)
                waiting = next(iter(self._waiting.values()), None)
                if waiting is None:
                    break
                if await self._store_one(waiting):
                    delay = 0.0
                else:
                    delay = min(max(delay * 2, self._first_retry_s), self._last_retry_s)
        finally:
            self._retrying = None

    async def _store_one(self, waiting: _Waiting) -> bool:
        """Whether the database answered."""
        turn_id = waiting.outcome.turn.id
        try:
            await self._store.finish_turn(waiting.outcome)
        except StoreUnavailable as error:
            if error.recoverable:
                self._trouble = error
                if self._waiting.pop(turn_id, None) is not None:
                    self._waiting[turn_id] = (
                        waiting  # behind the others: should it be its own fault, they need not wait
                    )
                return False
            _logger.error("turn %s can never be stored: %s", turn_id, error.detail or error.message)
        except MillraceError as error:
            _logger.error("turn %s can never be stored: %s", turn_id, error.detail or error.message)
        except Exception:
            # A fault of ours with one outcome must not keep the others out of the store.
            _logger.exception("turn %s can never be stored", turn_id)
        else:
            _logger.info("turn %s is stored", turn_id)
        self._waiting.pop(turn_id, None)
        if not waiting.done.done():
            waiting.done.set_result(None)
        return True
