"""Takes over the turns of dead processes, renews our own leases, and forgets old logs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec

from millrace.engine.run import Run
from millrace.engine.run_services import RunServices
from millrace.engine.runs import Runs
from millrace.model.errors import MillraceError
from millrace.model.turns import TurnRecord

T = TypeVar("T")

_logger = logging.getLogger("millrace.engine")

_PRUNE_EVERY = 30  # sweeps
_AT_ONCE = 16


class Recovery:
    """Looks for orphans, now and then and when told of one. A turn's log says all that is needed to go on with it."""

    def __init__(self, services: RunServices, runs: Runs) -> None:
        self._services = services
        self._runs = runs
        self._told = asyncio.Event()
        self._failed = False

    def look(self) -> None:
        """Sweep at once: another process has given turns up."""
        self._told.set()

    async def watch(self) -> None:
        """Sweep for ever; one sweep that fails is told and the next tries again."""
        interval = self._services.options.recovery_interval_s
        sweeps = 0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(interval):
                    await self._told.wait()
            self._told.clear()
            sweeps += 1
            try:
                await self._renew()
                await self.sweep()
                await self._services.fading.sweep()
                if sweeps % _PRUNE_EVERY == 1:
                    await self.prune()
                self._failed = False
            except MillraceError as error:
                if not self._failed:
                    _logger.error("looking for interrupted turns failed: %s", error.detail or error.message)
                self._failed = True

    async def _renew(self) -> None:
        """Keep our turns, and stop those that another process has taken."""
        for lease in await self._services.registry.renew(self._runs.leases()):
            self._runs.lose(lease)

    async def sweep(self) -> None:
        """Take over every orphan: all of them first, so that no session's queue moves on without an owner.

        Raises:
            MillraceError: One could not be taken over or gone on with; the others were.
        """
        orphans = [orphan for orphan in await self._services.registry.orphans() if not self._runs.has(orphan.turn.id)]
        claims = await _each(self._claim, orphans)
        claimed = [record for record in claims if isinstance(record, TurnRecord)]
        for outcome in (*claims, *await _each(self._continue, claimed)):
            if isinstance(outcome, MillraceError):
                raise outcome

    async def _claim(self, orphan: TurnRecord) -> TurnRecord | None:
        """An orphan as ours, unless somebody was quicker."""
        lease = await self._services.registry.take_over(orphan.turn.id)
        return None if lease is None else msgspec.structs.replace(orphan, lease=lease)

    async def _continue(self, record: TurnRecord) -> None:
        entries = await self._services.log.read(record.turn.id)
        _logger.info("taking over turn %s at entry %d", record.turn.id, len(entries))
        self._runs.start(Run(self._services, record, earlier=entries))

    async def prune(self) -> None:
        """Forget the logs of turns that ended long enough ago."""
        retention_ms = round(self._services.options.log_retention_s * 1000)
        pruned = await self._services.log.prune(self._services.clock.now_ms() - retention_ms)
        if pruned:
            _logger.info("forgot the logs of %d ended turns", pruned)


async def _each(do: Callable[[TurnRecord], Awaitable[T]], records: Sequence[TurnRecord]) -> list[T | MillraceError]:
    """Do something with each of these, some at a time: hundreds of turns may wait for the death of one process.

    What fails is given back beside what did not: a turn that cannot be gone on with keeps no other from it.
    """
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(record: TurnRecord) -> T | MillraceError:
        async with places:
            try:
                return await do(record)
            except MillraceError as error:
                return error

    return await asyncio.gather(*map(one, records))
