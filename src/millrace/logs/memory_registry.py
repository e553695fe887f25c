"""The registry in this process's memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from millrace.logs.signals import Announcements, SignalSinks
from millrace.model.errors import TurnInProgress
from millrace.model.messages import Turn, TurnState
from millrace.model.turns import Admission, Lease, Signal, TurnRecord
from millrace.ports import Clock, Subscription

IDEMPOTENCY_MS = 24 * 3600 * 1000
ENDED: frozenset[TurnState] = frozenset({"completed", "cancelled", "failed"})


@dataclass(slots=True)
class Row:
    """What is known of a turn.

    `holder` is who may write its log: none once it was given up, until somebody takes it over.
    """

    record: TurnRecord
    holder: Lease | None
    ended_at: int | None = None
    pruned: bool = False


class MemoryRegistry:
    """Implements the `TurnRegistry` port for one process."""

    def __init__(self, clock: Clock, owner: str = "local") -> None:
        self._clock = clock
        self._owner = owner
        self._turns: dict[str, Row] = {}
        self._sessions: dict[str, list[str]] = {}
        self._requests: dict[tuple[str, str], str] = {}
        self._signals = SignalSinks()
        self._announcements = Announcements()

    def held(self, lease: Lease) -> Row | None:
        """The row of a lease's turn, where the lease is the newest and was not given up."""
        row = self._turns.get(lease.turn_id)
        return row if row is not None and row.holder == lease else None

    async def admit(self, turn: Turn, *, queue_limit: int) -> Admission:
        """Claim the session for a turn."""
        request_id = turn.command.request_id
        known = await self.requested(turn.user_id, request_id) if request_id else None
        if known is not None:
            return Admission("duplicate", known)
        line = self._sessions.get(turn.session_id, [])
        if len(line) > queue_limit:
            raise TurnInProgress
        state: TurnState = "queued" if line else "running"
        record = TurnRecord(turn, state, Lease(turn.id, self._owner, 1))
        self._turns[turn.id] = Row(record, record.lease)
        self._sessions.setdefault(turn.session_id, []).append(turn.id)
        if request_id:
            self._requests[turn.user_id, request_id] = turn.id
        return Admission("queued" if line else "running", record)

    async def find(self, turn_id: str) -> TurnRecord | None:
        """What is known of a turn."""
        row = self._turns.get(turn_id)
        return row.record if row else None

    async def requested(self, user_id: str, request_id: str) -> TurnRecord | None:
        """The turn of a request that still counts."""
        row = self._turns.get(self._requests.get((user_id, request_id), ""))
        if row is None or self._clock.now_ms() - row.record.turn.created_at >= IDEMPOTENCY_MS:
            return None
        return row.record

    async def active(self, session_id: str) -> Sequence[TurnRecord]:
        """The running turn and those that wait."""
        return [self._turns[turn_id].record for turn_id in self._sessions.get(session_id, ())]

    async def running(self, user_id: str) -> Sequence[TurnRecord]:
        """A user's turns that have not ended."""
        records = (row.record for row in self._turns.values())
        return [record for record in records if record.turn.user_id == user_id and record.state not in ENDED]

    async def renew(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """Nobody else can take a lease here."""
        return [lease for lease in leases if self.held(lease) is None]

    async def release(self, lease: Lease, state: TurnState) -> None:
        """End a turn and let the next one start."""
        row = self.held(lease)
        if row is None:
            return
        row.record = msgspec.structs.replace(row.record, state=state)
        row.ended_at = self._clock.now_ms()
        session_id = row.record.turn.session_id
        line = self._sessions.get(session_id, [])
        was_first = bool(line) and line[0] == lease.turn_id
        if lease.turn_id in line:
            line.remove(lease.turn_id)
        if not line:
            self._sessions.pop(session_id, None)
        elif was_first:
            following = self._turns[line[0]]
            following.record = msgspec.structs.replace(following.record, state="running")
            self._signals.give(Signal(line[0], "start"))

    async def abandon(self, lease: Lease) -> None:
        """Give a turn up unfinished."""
        row = self.held(lease)
        if row is not None:
            row.holder = None

    async def orphans(self) -> Sequence[TurnRecord]:
        """Turns that were given up."""
        return [row.record for row in self._turns.values() if row.holder is None and row.record.state not in ENDED]

    async def take_over(self, turn_id: str) -> Lease | None:
        """Claim a turn that was given up."""
        row = self._turns.get(turn_id)
        if row is None or row.holder is not None or row.record.state in ENDED:
            return None
        lease = Lease(turn_id, self._owner, row.record.lease.fence + 1)
        row.record = msgspec.structs.replace(row.record, lease=lease)
        row.holder = lease
        return lease

    async def signal(self, signal: Signal) -> None:
        """Pass a signal on."""
        self._signals.give(signal)

    async def listen(self, sink: Callable[[Signal], None]) -> Subscription:
        """Begin to listen."""
        return self._signals.add(sink)

    async def announce(self, turn: Turn) -> None:
        """Tell those who watch the turn's user."""
        self._announcements.give(turn)

    async def watch(self, user_id: str, sink: Callable[[Turn], None]) -> Subscription:
        """Begin to tell of a user's new turns."""
        return self._announcements.add(user_id, sink)

    def forget(self, ended_before_ms: int) -> list[str]:
        """Turns that ended before that time and whose log may go; returns their ids.

        The record itself stays as long as its `request_id` counts.
        """
        ended = [row for row in self._turns.values() if row.ended_at is not None and row.ended_at < ended_before_ms]
        unpruned = [row.record.turn.id for row in ended if not row.pruned]
        for row in ended:
            row.pruned = True
            if self._clock.now_ms() - row.record.turn.created_at >= IDEMPOTENCY_MS:
                self._drop(row.record.turn)
        return unpruned

    def forget_turn(self, turn_id: str) -> bool:
        """Forget one turn, if it has ended; says whether it had."""
        row = self._turns.get(turn_id)
        if row is None or row.ended_at is None:
            return False
        self._drop(row.record.turn)
        return True

    def _drop(self, turn: Turn) -> None:
        self._turns.pop(turn.id).holder = None
        request = (turn.user_id, turn.command.request_id or "")
        if self._requests.get(request) == turn.id:
            del self._requests[request]

    async def close(self) -> None:
        """Nothing to release."""
