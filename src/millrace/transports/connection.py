"""One client's connection, whatever carries its frames: commands in, followed turns out."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from millrace.dialects.dialect import BadFrame, Dialect, Reference
from millrace.engine.engine import Engine
from millrace.engine.hub import Follower
from millrace.model.commands import (
    CancelTurn,
    Command,
    ConfigureDelivery,
    ContinueDelivery,
    PauseDelivery,
    Ping,
    ResumeTurn,
    StartTurn,
)
from millrace.model.errors import InvalidRequest, MillraceError, NoActiveStream, StreamError, Unauthorized
from millrace.model.messages import Turn
from millrace.model.principal import Principal
from millrace.ports import Clock, Subscription
from millrace.stream.delivery import LAG_ENTRIES, DeliveryOptions
from millrace.transports.feed import Feed, Shown
from millrace.transports.pump import ConnectionClosed, Offer, Pump, Send

_logger = logging.getLogger("millrace.transports")

MAX_WATCHES = 100


class ConnectionOptions(Struct, frozen=True):
    """How this connection is served. What nobody asked for is as the turn says, or the server.

    `snapshot`, `lag_entries` and `show_thoughts` are those of `DeliveryOptions`.
    """

    show_reasoning: bool | None = None
    show_emotion: bool = True
    pace_ms: int = 0
    snapshot: bool = False
    lag_entries: int = LAG_ENTRIES
    show_thoughts: bool = False

    def for_turn(self, turn: Turn) -> DeliveryOptions:
        """How a turn is delivered here."""
        asked = turn.command.enable_reasoning
        show_reasoning = asked if self.show_reasoning is None else self.show_reasoning
        return DeliveryOptions(
            show_reasoning,
            self.show_emotion,
            self.pace_ms,
            self.lag_entries,
            snapshot=self.snapshot,
            show_thoughts=self.show_thoughts,
        )


class Watch:
    """A turn that this connection follows, and the task that pumps it."""

    __slots__ = ("follower", "task", "turn")

    def __init__(self, turn: Turn, follower: Follower) -> None:
        self.turn = turn
        self.follower = follower
        self.task: asyncio.Task[None] | None = None


class Connection:
    """Serves one client. Bad frames and failed commands are answered; the connection goes on.

    Args:
        engine: What commands are for.
        caller: Who is connected, as its credential says.
        dialect: What it speaks.
        send: Puts frames on the wire in one write and waits until there is room for more; raises
            `ConnectionClosed` once the client is gone.
        offer: The same without waiting, where the transport can; says whether there was room.
        clock: The time of frames outside a turn.
        options: How the client is served as long as it asks for nothing else.
        shown: The turns that are delivered whoever starts them, if there are such.
    """

    def __init__(
        self,
        engine: Engine,
        caller: Principal,
        dialect: Dialect,
        send: Send,
        clock: Clock,
        *,
        offer: Offer | None = None,
        options: ConnectionOptions | None = None,
        shown: Shown | None = None,
    ) -> None:
        self._engine = engine
        self._caller = caller
        self._dialect = dialect
        self._send = send
        self._offer = offer
        self._clock = clock
        self._options = options or ConnectionOptions()
        self._shown = shown
        self._feed = Feed(self._deliver)
        self._announcements: Subscription | None = None
        self._watches: dict[str, Watch] = {}

    async def open(self) -> None:
        """Begin to show turns, where the connection does that by itself: what runs first, then what comes.

        Raises:
            MillraceError: The log or the store does not answer.
        """
        shown, feed = self._shown, self._feed
        if shown is None:
            return
        meanwhile: list[Turn] = []
        announced: Callable[[Turn], None] = meanwhile.append

        def announce(turn: Turn) -> None:
            if shown.wanted(turn):
                announced(turn)

        self._announcements = await self._engine.watch(self._caller, announce)
        for turn in await shown.running():
            feed.add(turn, None if shown.from_now else -1)
        for turn in meanwhile:
            feed.add(turn)
        announced = feed.add

    async def receive(self, frame: str | bytes) -> None:
        """Do what a frame asks; whatever fails is told to the client.

        Raises:
            ConnectionClosed: The client is gone.
        """
        await self.obey(lambda: self._dialect.decode(frame, self._caller.user_id))

    async def obey(self, read: Callable[[], Command]) -> Turn | MillraceError | None:
        """Do what a client asks; whatever fails is told to it.

        Args:
            read: Gives the command, or raises `BadFrame`.

        Returns:
            The turn that the command was about, if it was about one; or what failed.

        Raises:
            ConnectionClosed: The client is gone.
        """
        reference = Reference()
        try:
            command = read()
            reference = _reference(command)
            check_expiry(self._caller, self._clock)
            return await self._obey(command)
        except BadFrame as bad:
            return await self._tell(bad.error, bad.reference)
        except MillraceError as error:
            return await self._tell(error, reference)
        except ConnectionClosed:
            raise
        except Exception as error:
            # A fault of ours must not cost the client its connection and its other turns.
            _logger.exception("a command failed")
            return await self._tell(StreamError(detail=repr(error)), reference)

    async def settled(self) -> None:
        """Wait until nothing is followed any more."""
        while tasks := [watch.task for watch in self._watches.values() if watch.task is not None]:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """Follow nothing any more."""
        if self._announcements is not None:
            self._announcements.close()
        await self._feed.close()
        tasks = [watch.task for watch in self._watches.values() if watch.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- commands -----------------------------------------------------------------------------------

    async def _obey(self, command: Command) -> Turn | None:
        match command:
            case StartTurn():
                return await self._start(command)
            case CancelTurn():
                return await self._cancel(command)
            case ResumeTurn():
                return await self._resume(command)
            case ConfigureDelivery():
                self._configure(command)
            case PauseDelivery(turn_id=turn_id):
                self._watch(turn_id).follower.delivery.paused = True
            case ContinueDelivery(turn_id=turn_id):
                watch = self._watch(turn_id)
                watch.follower.delivery.paused = False
                watch.follower.wake()
            case Ping():
                await self._send((self._dialect.pong(command, self._clock.now_ms()),))
        return None

    async def _start(self, command: StartTurn) -> Turn:
        self._check_room()
        if not self._options.show_emotion:
            command = replace(command, estimate_emotion=False)
        turn = await self._engine.start(command, self._caller)
        if self._shows(turn):
            self._feed.add(turn)
        # A request that was sent twice is answered already: a second replay would show its text twice.
        elif turn.id not in self._watches:
            await self._follow(turn, after=-1)
        return turn

    def _shows(self, turn: Turn) -> bool:
        """Whether a turn is delivered by itself, its end as its beginning."""
        return self._shown is not None and self._shown.wanted(turn)

    async def _cancel(self, command: CancelTurn) -> Turn:
        late = self._late(command)
        if late is not None:
            delivery = late.follower.delivery
            delivery.options, delivery.paused = replace(delivery.options, pace_ms=0), False
            late.follower.wake()
            return late.turn
        turn = await self._engine.cancel(command, self._caller)
        if self._shows(turn):
            return turn
        watch = self._watches.get(turn.id)
        if watch is None:
            # Stopped from a connection that does not follow it: the answer to the stop is its end, which may
            # have come while we attached.
            follower = await self._engine.attach(turn, options=self._options.for_turn(turn))
            hot = follower.hot
            self._pump_from(turn, follower, after=len(hot.entries) - (2 if hot.sealed else 1))
        elif watch.follower.delivery.paused:
            watch.follower.delivery.paused = False
            watch.follower.wake()
        return turn

    def _late(self, command: CancelTurn) -> Watch | None:
        """The answer that a stop means though nothing writes it any more: it is whole, and here held or shown slowly.

        The next one of its session may be running by now, of which the client has not seen a word.
        """
        for watch in self._watches.values():
            turn = watch.turn
            if command.turn_id is not None:
                meant = turn.id == command.turn_id
            elif command.request_id is not None:
                meant = turn.command.request_id == command.request_id
            else:
                meant = turn.session_id == command.session_id
            delivery = watch.follower.delivery
            if meant and watch.follower.hot.sealed and (delivery.paused or delivery.options.pace_ms):
                return watch
        return None

    async def _resume(self, command: ResumeTurn) -> Turn:
        if command.turn_id is not None:
            turns = [(await self._engine.find(command.turn_id, self._caller)).turn]
        elif command.request_id is not None:
            turns = [(await self._engine.requested(command.request_id, self._caller)).turn]
        elif command.session_id is not None:
            turns = [record.turn for record in await self._engine.active(command.session_id, self._caller)]
        else:
            raise InvalidRequest("Say what to resume: a turn or a conversation.")
        if not turns:
            raise NoActiveStream("No answer is being written in this conversation. Load it to see what is there.")
        self._engine.meter.acted("reconnect")
        after = command.after_seq
        for turn in turns:
            self._check_room()
            await self._follow(turn, after=after)
            after = -1  # a position means something in one turn; those that wait behind it are new to the client
        return turns[0]

    def _configure(self, command: ConfigureDelivery) -> None:
        options = self._options
        if command.show_reasoning is not None:
            options = replace(options, show_reasoning=command.show_reasoning)
        if command.show_emotion is not None:
            options = replace(options, show_emotion=command.show_emotion)
        if command.show_thoughts is not None:
            options = replace(options, show_thoughts=command.show_thoughts)
        if command.pace_ms is not None:
            options = replace(options, pace_ms=command.pace_ms)
        self._options = options
        for watch in self._watches.values():
            watch.follower.delivery.options = options.for_turn(watch.turn)
            watch.follower.wake()

    def _watch(self, turn_id: str) -> Watch:
        watch = self._watches.get(turn_id)
        if watch is None:
            raise NoActiveStream("This connection does not follow that answer.")
        return watch

    def _check_room(self) -> None:
        if len(self._watches) >= MAX_WATCHES:
            raise InvalidRequest(f"One connection follows at most {MAX_WATCHES} answers at once.")

    # --- turns that are followed -----------------------------------------------------------------------

    async def _deliver(self, turn: Turn, after: int | None) -> None:
        """Deliver a turn that this connection shows by itself, to its end."""
        try:
            check_expiry(self._caller, self._clock)
            await self._follow(turn, after=after)
        except NoActiveStream:
            return  # over, and its log is gone: what there is to see is in the stored conversation
        except MillraceError as error:
            await self._tell_broken(turn, error)
            return
        watch = self._watches.get(turn.id)
        if watch is not None and watch.task is not None:
            await asyncio.wait([watch.task])

    async def _follow(self, turn: Turn, *, after: int | None) -> None:
        """Follow a turn from behind `after`, or from where it is; one that is followed already starts over there."""
        previous = self._watches.get(turn.id)
        if previous is not None and previous.task is not None:
            previous.task.cancel()
            await asyncio.gather(previous.task, return_exceptions=True)
        from_start = -1 if after is None else after
        follower = await self._engine.attach(turn, after=from_start, options=self._options.for_turn(turn))
        self._pump_from(turn, follower, after=len(follower.hot.entries) - 1 if after is None else after)

    def _pump_from(self, turn: Turn, follower: Follower, *, after: int) -> None:
        follower.delivery.cursor = after + 1
        watch = Watch(turn, follower)
        self._watches[turn.id] = watch
        watch.task = asyncio.create_task(self._pump(watch))
        # A task that is cancelled before it began never enters its own `finally`: only a callback tidies up surely.
        watch.task.add_done_callback(lambda _: self._unwatch(watch))

    def _unwatch(self, watch: Watch) -> None:
        watch.follower.close()
        if self._watches.get(watch.turn.id) is watch:
            del self._watches[watch.turn.id]

    async def _pump(self, watch: Watch) -> None:
        try:
            await Pump(watch.follower, self._dialect, self._send, self._offer).run()
        except ConnectionClosed:
            return
        except MillraceError as error:
            await self._tell_broken(watch.turn, error)
        except Exception as error:
            _logger.exception("turn %s could not be delivered", watch.turn.id)
            await self._tell_broken(watch.turn, StreamError(detail=repr(error)))

    async def _tell_broken(self, turn: Turn, error: MillraceError) -> None:
        """The turn cannot be delivered further; the connection and its other turns go on."""
        with suppress(ConnectionClosed):
            await self._tell(error, Reference(turn.session_id, turn.message_id, turn.id, turn.command.request_id))

    async def _tell(self, error: MillraceError, reference: Reference) -> MillraceError:
        if error.detail:
            _logger.warning("%s: %s", error.code, error.detail)
        self._engine.meter.refused(error.code)
        await self._send((self._dialect.error(error, reference, self._clock.now_ms()),))
        return error


def check_expiry(caller: Principal, clock: Clock) -> None:
    """Take no more commands from somebody whose credential has ended while the connection lasts.

    Raises:
        Unauthorized: It has.
    """
    if caller.expires_at is not None and clock.now_ms() >= caller.expires_at * 1000:
        raise Unauthorized("Your sign-in has expired. Sign in again; answers in progress go on.")


def _reference(command: Command) -> Reference:
    """What an error in obeying `command` is about."""
    message_id = command.regenerate if isinstance(command, StartTurn) else None
    return Reference(
        session_id=getattr(command, "session_id", None),
        message_id=message_id,
        turn_id=getattr(command, "turn_id", None),
        request_id=getattr(command, "request_id", None),
    )
