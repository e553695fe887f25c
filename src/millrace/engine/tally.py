"""What calls of models beside an answer used, and its booking: it is the user's usage, and not the answer's."""

import logging
from functools import partial

from millrace.model.errors import MillraceError
from millrace.model.generation import ModelUse
from millrace.model.messages import Turn
from millrace.model.turns import SidePurpose, SideUsage
from millrace.ports import Clock, Ledger, ModelDirectory, Store, UseSink

_logger = logging.getLogger("millrace.engine")


class Tally:
    """Collects what was used for one turn, whoever cut the calls off, and books it."""

    def __init__(
        self, turn: Turn, *, store: Store, ledger: Ledger | None, models: ModelDirectory, clock: Clock
    ) -> None:
        self._turn = turn
        self._store = store
        self._ledger = ledger
        self._models = models
        self._clock = clock
        self._unbooked: list[SideUsage] = []

    def of(self, purpose: SidePurpose) -> UseSink:
        """Where to tell what a call used."""
        return partial(self._take, purpose)

    async def book(self) -> None:
        """Book what was told since the last time. A store that does not answer costs the books, and no answer."""
        used, self._unbooked = self._unbooked, []
        for side in used:
            if self._ledger is not None:
                await self._ledger.book(side.user_id, side.usage)
            try:
                await self._store.add_side_usage(side)
            except MillraceError as error:
                _logger.error("usage of turn %s is not booked: %s", side.turn_id, error.detail or error.message)

    def _take(self, purpose: SidePurpose, used: ModelUse) -> None:
        cost = used.cost if used.cost is not None else self._models.cost(used.model, used.usage)
        self._unbooked.append(
            SideUsage(
                turn_id=self._turn.id,
                user_id=self._turn.user_id,
                session_id=self._turn.session_id,
                purpose=purpose,
                model=used.model,
                usage=used.usage,
                cost=cost,
                created_at=self._clock.now_ms(),
            )
        )
