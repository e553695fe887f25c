"""Logs that are forgotten sooner than others: those of turns that leave nothing behind, or that no protocol resumes."""

import logging

from millrace.model.errors import MillraceError
from millrace.ports import Clock, TurnLog

_logger = logging.getLogger("millrace.engine")


class Fading:
    """Ended turns, and when each is forgotten.

    Args:
        log: Where they are.
        clock: The time.
        ended_s: How long the log of a turn stays that was answered or stopped, for those who lost their connection at
            its end, in seconds.
        failed_s: How long that of one stays that failed, for a look.
    """

    def __init__(self, log: TurnLog, clock: Clock, *, ended_s: float, failed_s: float = 60.0) -> None:
        self._log = log
        self._clock = clock
        self._ended_s = ended_s
        self._failed_s = failed_s
        self._due: dict[str, float] = {}

    def begin(self, turn_id: str, *, failed: bool) -> None:
        """A turn has ended."""
        self._due[turn_id] = self._clock.monotonic() + (self._failed_s if failed else self._ended_s)

    async def sweep(self) -> None:
        """Forget what is due; what cannot be forgotten now is tried again."""
        now = self._clock.monotonic()
        await self._forget([turn_id for turn_id, due in self._due.items() if due <= now])

    async def close(self) -> None:
        """Forget all of them: nobody would do it later."""
        await self._forget(list(self._due))

    async def _forget(self, turn_ids: list[str]) -> None:
        for turn_id in turn_ids:
            try:
                await self._log.forget(turn_id)
            except MillraceError as error:
                _logger.warning("turn %s could not be forgotten: %s", turn_id, error.detail or error.message)
            else:
                self._due.pop(turn_id, None)
