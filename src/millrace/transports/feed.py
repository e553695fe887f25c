"""Delivers the turns of one conversation to one connection: each once, one after the other, whoever asked."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from millrace.model.messages import Turn
from millrace.transports.pump import ConnectionClosed

_logger = logging.getLogger("millrace.transports")

_REMEMBERED = 200


class Feed:
    """A queue of turns and the task that delivers them, in the order in which they were added.

    The turns of a conversation run one after the other, so nothing waits that could be delivered. A client that lags
    gets the end of a turn before the next one begins, which protocols need whose frames do not say what they belong to.

    Args:
        deliver: Delivers a turn to its end; what goes wrong, it tells the client itself.
    """

    def __init__(self, deliver: Callable[[Turn], Awaitable[None]]) -> None:
        self._deliver = deliver
        self._waiting: asyncio.Queue[Turn] = asyncio.Queue()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._task: asyncio.Task[None] | None = None

    def add(self, turn: Turn) -> None:
        """Deliver a turn, unless it was added before."""
        if turn.id in self._known:
            return
        self._known[turn.id] = None
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        self._waiting.put_nowait(turn)
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Deliver nothing more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            turn = await self._waiting.get()
            try:
                await self._deliver(turn)
            except ConnectionClosed:
                return
            except Exception:
                # A fault of ours in one turn must not keep the next ones from the client.
                _logger.exception("turn %s could not be delivered", turn.id)
