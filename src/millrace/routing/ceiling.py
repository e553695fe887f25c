"""A ceiling on concurrent calls: who comes when all places are taken waits, and owners take turns."""

import asyncio

from millrace.routing.fair_queue import FairQueue


class Ceiling:
    """The places at one provider.

    Args:
        limit: How many calls may run at a time; as many as come where it is none.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.running = 0
        self._queue: FairQueue[asyncio.Future[None]] = FairQueue()

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._queue)

    async def enter(self, owner: str) -> None:
        """Take a place; wait for one where there is none. Whoever has one gives it back with `leave`."""
        if self.limit is None or self.running < self.limit:
            self.running += 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.push(owner, place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave()  # it was given in the same moment
            self._queue.remove(owner, place)
            raise

    def leave(self) -> None:
        """Give a place back; the next in line has it at once, so that nobody slips in before."""
        while (place := self._queue.pop()) is not None:
            if not place.done():
                place.set_result(None)
                return
        self.running -= 1
