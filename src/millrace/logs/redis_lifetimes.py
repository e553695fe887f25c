"""How long logs stay in Redis: those of this process's turns are kept, those of turns that are over fade."""

import asyncio
import logging
from collections.abc import Collection

from millrace.logs.redis_link import RedisLink
from millrace.logs.redis_names import RedisNames
from millrace.logs.redis_times import RedisTimes, milliseconds
from millrace.model.errors import LogUnavailable

_logger = logging.getLogger(__name__)


class RedisLifetimes:
    """Puts off the expiry of logs until the registry knows that their turns are over. `start` it first.

    A sealed log is not over yet: where the database does not answer, it is the only place that has the answer.
    """

    def __init__(self, link: RedisLink, names: RedisNames, times: RedisTimes) -> None:
        self._link = link
        self._names = names
        self._times = times
        self._kept: set[str] = set()
        self._keeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look after what is kept."""
        self._keeping = asyncio.create_task(self._keep())

    def keep(self, turn_id: str) -> None:
        """This process owns a turn."""
        self._kept.add(turn_id)

    def let_go(self, turn_id: str) -> None:
        """This process owns a turn no longer; others look after its log, or it ends by itself."""
        self._kept.discard(turn_id)

    async def fade(self, turn_id: str, *, completed: bool) -> None:
        """Keep the log of a turn that is over for those alone who were cut off at its end."""
        self.let_go(turn_id)
        left_ms = milliseconds(self._times.completed_s if completed else self._times.ended_s)
        try:
            await self._expire([turn_id], left_ms)
        except LogUnavailable as error:
            _logger.warning("turn %s stays in Redis for longer: %s", turn_id, error.detail)

    async def close(self) -> None:
        """Look after nothing more."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._times.running_s / 5)
            if self._kept:
                try:
                    await self._expire(self._kept, milliseconds(self._times.running_s))
                except LogUnavailable as error:
                    _logger.warning("logs could not be kept for longer: %s", error.detail)

    async def _expire(self, turn_ids: Collection[str], left_ms: int) -> None:
        """All in one round trip."""
        keys = [key for turn_id in turn_ids for key in (self._names.head(turn_id), self._names.log(turn_id))]
        await self._link.commands([("PEXPIRE", key, left_ms) for key in keys])
