"""The engine: everything that can be done with turns, whatever the protocol."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

from millrace.engine.access import Access
from millrace.engine.attendance import Attendance
from millrace.engine.drafts import Draft, Drafts
from millrace.engine.fading import Fading
from millrace.engine.hub import Follower, Hub
from millrace.engine.insights import Insights
from millrace.engine.metering import Unmetered
from millrace.engine.options import EngineOptions
from millrace.engine.outcomes import Outcomes
from millrace.engine.recovery import Recovery
from millrace.engine.run import Run
from millrace.engine.run_services import RunServices
from millrace.engine.runs import Runs
from millrace.model.commands import CancelTurn, StartTurn
from millrace.model.errors import Conflict, InvalidRequest, MillraceError, NoActiveStream, Overloaded
from millrace.model.events import CancelCause, Entry
from millrace.model.messages import FoldedMessage, Session, Turn
from millrace.model.principal import Principal
from millrace.model.turns import Signal, TurnRecord
from millrace.ports import (
    Clock,
    Ledger,
    Meter,
    ModelDirectory,
    Reservation,
    Retriever,
    Store,
    Subscription,
    TurnLog,
    TurnRegistry,
)
from millrace.routing.router import Router
from millrace.routing.timings import Timings
from millrace.stream.delivery import DeliveryOptions
from millrace.stream.fold import fold

_logger = logging.getLogger("millrace.engine")


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What is going on in this process."""

    running: int
    queued: int
    concluding: int
    followers: int
    pieces: int
    """Pieces of text that came from providers since the start."""


class Engine:
    """Starts, follows, reads and stops turns for verified callers.

    Every verb checks that the session or turn is the caller's; what is not theirs does not exist.
    """

    def __init__(  # noqa: PLR0913 - each is a port or a policy of its own
        self,
        *,
        log: TurnLog,
        registry: TurnRegistry,
        store: Store,
        models: ModelDirectory,
        clock: Clock,
        options: EngineOptions | None = None,
        ledger: Ledger | None = None,
        retriever: Retriever | None = None,
        insights: Insights | None = None,
        router: Router | None = None,
        meter: Meter | None = None,
    ) -> None:
        self.meter: Meter = meter or Unmetered()
        self.options = options or EngineOptions()
        self.access = Access(store, registry)
        self._store = store
        self._registry = registry
        self._log = log
        insights = insights or Insights()
        self._drafts = Drafts(
            access=self.access,
            store=store,
            models=models,
            clock=clock,
            options=self.options,
            thinking=insights.thinking,
        )
        self._ledger = ledger
        self._hub = Hub(log, clock, linger_s=self.options.linger_s, watched=self._watched)
        self._runs = Runs(clock, self._began)
        self._outcomes = Outcomes(store)
        self._attendance = Attendance(self.options.disconnect_grace_s, self._absent)
        self._services = RunServices(
            log=log,
            registry=registry,
            store=store,
            outcomes=self._outcomes,
            models=models,
            clock=clock,
            hub=self._hub,
            timings=Timings(),
            router=router or Router(clock),
            options=self.options,
            retriever=retriever,
            ledger=ledger,
            insights=insights,
            fading=Fading(log, clock, ended_s=self.options.linger_s),
            meter=self.meter,
        )
        self._recovery = Recovery(self._services, self._runs)
        self._signals: Subscription | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepting = False

    async def open(self) -> None:
        """Take over what a dead process left, then accept turns."""
        self._signals = await self._registry.listen(self._heard)
        await self._recovery.sweep()
        self._own(self._recovery.watch())
        self._accepting = True

    async def close(self) -> None:
        """Accept nothing more and hand all turns over; a turn that is ending ends first."""
        self._accepting = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._attendance.close()
        await self._runs.close()
        await self._outcomes.close()
        await self._services.fading.close()
        if self._signals is not None:
            self._signals.close()
        self._hub.close()

    def status(self) -> EngineStatus:
        """What is going on."""
        return EngineStatus(
            self._runs.running, self._runs.queued, self._runs.concluding, self._hub.followers, self._runs.pieces
        )

    def check(self) -> None:
        """Return if all answers that ended are stored.

        Raises:
            MillraceError: Some wait for the database; with what it said last.
        """
        self._outcomes.check()

    def turns(self) -> Sequence[Turn]:
        """The turns of all users that this process works on, running and waiting."""
        return self._runs.turns()

    async def start(self, command: StartTurn, caller: Principal) -> Turn:
        """Admit a turn and begin it; the same `request_id` again gives the turn it started.

        Raises:
            InvalidRequest: The message is empty or too long, or the model is not known.
            Forbidden: It brings a key of the caller's own, and the server takes none.
            NotFound: The session or message is not the caller's.
            RateLimited, QuotaExceeded: The caller's allowance.
            TurnInProgress: The session is busy and takes no more.
            Overloaded: The server is shutting down.
            StoreUnavailable: The database does not answer.
        """
        if not self._accepting:
            raise Overloaded(retry_after=2)
        self._outcomes.check_room()
        draft = await self._drafts.draft(command, caller)
        reservation = await self._reserve(draft, caller)
        try:
            record = await self._admit(draft, reservation)
        except BaseException:
            if reservation is not None:
                await reservation.cancel()
            raise
        return record.turn

    async def find(self, turn_id: str, caller: Principal) -> TurnRecord:
        """One of the caller's turns.

        Raises:
            NoActiveStream: It is not the caller's, or long over.
        """
        return await self.access.turn(turn_id, caller)

    async def requested(self, request_id: str, caller: Principal) -> TurnRecord:
        """The turn that one of the caller's requests started.

        Raises:
            NoActiveStream: There is none, or it was more than 24 hours ago.
        """
        return await self.access.requested(request_id, caller)

    async def attach(self, turn: Turn, *, after: int = -1, options: DeliveryOptions | None = None) -> Follower:
        """Follow a turn, which `start`, `find` or `active` gave, from behind entry `after`.

        Raises:
            NoActiveStream: Its log is gone; with the stored message to load instead.
        """
        follower = await self._hub.attach(turn.id, after, options or DeliveryOptions())
        if not follower.hot.entries and not self._runs.has(turn.id):
            record = await self._registry.find(turn.id)
            if record is None or record.state not in {"queued", "running"}:
                follower.close()
                raise NoActiveStream(
                    "This answer is over. Load the conversation to see it.",
                    answer=await self._store.message(turn.message_id),
                )
        return follower

    async def cancel(self, command: CancelTurn, caller: Principal, cause: CancelCause = "user") -> Turn:
        """Stop a turn, the one of a request, or the one that runs in a session; returns the turn that was told to stop.

        Raises:
            NoActiveStream: Nothing runs there.
            NotFound: The session is not the caller's.
        """
        if command.turn_id is not None or command.request_id is not None:
            record = await self._named(command, caller)
            if record.state not in {"queued", "running"}:
                raise NoActiveStream
        elif command.session_id is not None:
            active = await self.active(command.session_id, caller)
            unended = [record for record in active if not self._hub.has_ended(record.turn.id)]
            if not unended:
                raise NoActiveStream
            record = unended[0]
        else:
            raise InvalidRequest("Say which conversation or answer to stop: session_id or turn_id is missing.")
        await self._registry.signal(Signal(record.turn.id, "cancel", cause))
        if cause == "user":
            self.meter.acted("stop")
        return record.turn

    async def _named(self, command: CancelTurn, caller: Principal) -> TurnRecord:
        if command.turn_id is not None:
            return await self.find(command.turn_id, caller)
        return await self.requested(command.request_id or "", caller)

    async def active(self, session_id: str, caller: Principal) -> Sequence[TurnRecord]:
        """The running turn of a session and those that wait.

        A turn whose end was seen is none of them, though its lease may live for another moment; unless it is not stored
        yet, for then its log is the only place where it can be read.

        Raises:
            NotFound: The session is not the caller's.
        """
        await self.access.session(session_id, caller)
        records = await self._registry.active(session_id)
        return [each for each in records if not self._hub.has_ended(each.turn.id) or await self._is_unstored(each.turn)]

    async def _is_unstored(self, turn: Turn) -> bool:
        return not turn.command.ephemeral and await self._store.answer(turn.id) is None

    async def running(self, caller: Principal) -> Sequence[TurnRecord]:
        """The caller's turns that are running or waiting, in whatever process."""
        return await self._registry.running(caller.user_id)

    async def watch(self, caller: Principal, sink: Callable[[Turn], None]) -> Subscription:
        """Give `sink` each turn of the caller that is admitted from now on, whoever asked, in whatever protocol.

        `sink` is called on the event loop, must not block and must not raise.
        """
        return await self._registry.watch(caller.user_id, sink)

    async def written(self, turn: Turn) -> Sequence[Entry]:
        """The entries so far of a turn that `start`, `find` or `active` gave; none where its log is gone.

        Raises:
            StreamError: Its log cannot be read.
        """
        return await self._log.read(turn.id)

    async def entries(self, turn_id: str, caller: Principal) -> Sequence[Entry]:
        """Wait for a turn's end; all its entries.

        Raises:
            NoActiveStream: It is not the caller's, or its log is gone.
            MillraceError: Its log can be read no further.
        """
        follower = await self.attach((await self.find(turn_id, caller)).turn)
        try:
            while not (await follower.next()).ended:
                pass
            return tuple(follower.hot.entries)
        finally:
            follower.close()

    async def result(self, turn_id: str, caller: Principal) -> tuple[FoldedMessage, Entry]:
        """Like `entries`: the message they amount to, and the terminal one."""
        entries = await self.entries(turn_id, caller)
        return fold(entries), entries[-1]

    # --- admission ----------------------------------------------------------------------------------

    async def _reserve(self, draft: Draft, caller: Principal) -> Reservation | None:
        if self._ledger is None:
            return None
        metered = draft.turn.command.origin in self.options.metered_origins and caller.is_on_free_plan
        return await self._ledger.reserve(caller.user_id, tokens=draft.tokens, metered=metered)

    async def _admit(self, draft: Draft, reservation: Reservation | None) -> TurnRecord:
        turn = draft.turn
        queue_limit = 0 if self.options.on_busy == "reject" else self.options.queue_limit
        admission = await self._registry.admit(turn, queue_limit=queue_limit)
        if admission.outcome == "duplicate":
            if reservation is not None:
                await reservation.cancel()
            return admission.record
        try:
            if draft.new_session:
                await self._begin_session(turn)
            if admission.outcome == "queued" and self.options.on_busy == "interrupt":
                await self._interrupt(turn)
        except BaseException:
            await self._registry.release(admission.record.lease, "failed")
            raise
        self._runs.start(Run(self._services, admission.record, reservation=reservation, api_key=draft.api_key))
        self.meter.acted("send" if turn.command.regenerate is None else "regenerate")
        await self._registry.announce(turn)
        return admission.record

    async def _begin_session(self, turn: Turn) -> None:
        now = turn.created_at
        try:
            await self._store.create_session(Session(turn.session_id, turn.user_id, "", now, now))
        except Conflict:
            # Two first messages at once; an id that is made of a name is this user's and nobody else's.
            if turn.command.session_name is None:
                raise

    async def _interrupt(self, newcomer: Turn) -> None:
        """Stop whatever stands before `newcomer` in its session."""
        for record in await self._registry.active(newcomer.session_id):
            if record.turn.id == newcomer.id:
                return
            await self._registry.signal(Signal(record.turn.id, "cancel", "interrupt"))

    def _heard(self, signal: Signal) -> None:
        if signal.kind == "adopt":
            self._recovery.look()
        else:
            self._runs.signal(signal)

    # --- who watches --------------------------------------------------------------------------------

    def _began(self, turn_id: str) -> None:
        if self.options.on_disconnect == "cancel" and not self._hub.is_watched(turn_id):
            self._attendance.left(turn_id)

    def _watched(self, turn_id: str, watched: bool) -> None:
        if watched:
            self._attendance.came(turn_id)
        elif self._runs.stops_unwatched(turn_id):
            if self._accepting:  # else it was not the watcher who left: the turn is being handed over
                self._absent(turn_id)
        elif self.options.on_disconnect == "cancel" and self._runs.has(turn_id):
            self._attendance.left(turn_id)  # in other processes that is nobody's business: they see a part

    def _absent(self, turn_id: str) -> None:
        if self._runs.has(turn_id):
            self._own(self._stop_unwatched(turn_id))

    async def _stop_unwatched(self, turn_id: str) -> None:
        """Stop a turn of this process that nobody watches here, unless somebody does in another one."""
        try:
            if await self._log.followed_elsewhere(turn_id):
                self._attendance.look_again(turn_id)  # who watches there may leave, too
            elif not self._hub.is_watched(turn_id):
                await self._registry.signal(Signal(turn_id, "cancel", "disconnect"))
        except MillraceError as error:
            _logger.warning("turn %s is not stopped yet: %s", turn_id, error.detail or error.message)
            self._attendance.look_again(turn_id)

    def _own(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
