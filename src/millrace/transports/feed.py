"""Delivers turns that others start to one connection: each once, those of one conversation one after the other."""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from millrace.engine.engine import Engine
from millrace.model.errors import NotFound
from millrace.model.messages import Turn
from millrace.model.principal import Principal
from millrace.transports.pump import ConnectionClosed

_logger = logging.getLogger("millrace.transports")

_REMEMBERED = 200

Deliver = Callable[[Turn, int | None], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Shown:
    """Which turns a connection shows by itself.

    Attributes:
        wanted: Whether a turn of the user's is one of them.
        running: Those that are running or waiting when the connection begins.
        from_now: Whether these are shown from where they are then, instead of from their beginning.
    """

    wanted: Callable[[Turn], bool]
    running: Callable[[], Awaitable[Sequence[Turn]]]
    from_now: bool = False


def conversation(engine: Engine, caller: Principal, session_id: str) -> Shown:
    """Every turn of one conversation of the caller's."""

    async def running() -> Sequence[Turn]:
        try:
            return [record.turn for record in await engine.active(session_id, caller)]
        except NotFound:
            return ()  # it has not begun

    return Shown(lambda turn: turn.session_id == session_id, running)


class Feed:
    """A lane for each conversation: its turns, and the task that delivers them in the order in which they were added.

    The turns of a conversation run one after the other, so nothing waits that could be delivered. A client that lags
    gets the end of a turn before the next one begins, which protocols need whose frames do not say what they belong to.

    Args:
        deliver: Delivers a turn from behind an entry (none: from where it is now) to its end; what goes wrong, it tells
            the client itself.
    """

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._lanes: dict[str, deque[tuple[Turn, int | None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._known: OrderedDict[str, None] = OrderedDict()

    def add(self, turn: Turn, after: int | None = -1) -> None:
        """Deliver a turn, unless it was added before."""
        if turn.id in self._known:
            return
        self._known[turn.id] = None
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        lane = self._lanes.get(turn.session_id)
        if lane is not None:
            lane.append((turn, after))
            return
        self._lanes[turn.session_id] = deque([(turn, after)])
        task = asyncio.create_task(self._run(turn.session_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Deliver nothing more."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, session_id: str) -> None:
        lane = self._lanes[session_id]
        try:
            while lane:
                await self._pass_on(*lane.popleft())
        except ConnectionClosed:
            return
        finally:
            del self._lanes[session_id]

    async def _pass_on(self, turn: Turn, after: int | None) -> None:
        try:
            await self._deliver(turn, after)
        except ConnectionClosed:
            raise
        except Exception:
            # A fault of ours in one turn must not keep the next ones from the client.
            _logger.exception("turn %s could not be delivered", turn.id)
