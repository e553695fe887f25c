"""One client of the AI SDK's WebSocket transport: many requests at once, each answered under its own id."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from millrace.dialects.ai_sdk import AiSdkDialect
from millrace.dialects.ai_sdk_frames import AbortFrame, Response, ResumeFrame, SendFrame, decode_frame
from millrace.dialects.dialect import BadFrame
from millrace.engine.engine import Engine
from millrace.model.commands import CancelTurn
from millrace.model.errors import InvalidRequest, MillraceError, NoActiveStream, StreamError
from millrace.model.messages import Turn
from millrace.model.principal import Principal
from millrace.ports import Clock
from millrace.stream.delivery import DeliveryOptions
from millrace.transports.ai_sdk_chats import Chats
from millrace.transports.connection import MAX_WATCHES, check_expiry
from millrace.transports.pump import ConnectionClosed, Offer, Pump, Send

_logger = logging.getLogger("millrace.transports")


class _Request:
    """A request that is being answered. One that was aborted before its turn is known stops the turn once it is."""

    __slots__ = ("aborted", "asks", "response", "task", "turn")

    def __init__(self, request_id: str, *, asks: bool) -> None:
        self.response = Response(request_id)
        self.asks = asks
        self.aborted = False
        self.turn: Turn | None = None
        self.task: asyncio.Task[None]


class AiSdkConnection:
    """Serves one client; implements `Client`.

    An abort stops the turn of a question, because that is what its protocol calls it; of a turn that is only watched it
    ends the watching.

    Args:
        engine: What delivers and stops turns.
        chats: What starts and finds them.
        caller: Who is connected, as its credential says.
        send: Puts frames on the wire in one write and waits until there is room for more.
        clock: For the end of the credential.
        offer: The same without waiting, where the transport can.
        options: How turns are delivered.
    """

    def __init__(
        self,
        engine: Engine,
        chats: Chats,
        caller: Principal,
        send: Send,
        clock: Clock,
        *,
        offer: Offer | None = None,
        options: DeliveryOptions | None = None,
    ) -> None:
        self._engine = engine
        self._chats = chats
        self._caller = caller
        self._send = send
        self._clock = clock
        self._offer = offer
        self._options = options
        self._dialect = AiSdkDialect()
        self._requests: dict[str, _Request] = {}

    async def open(self) -> None:
        """There is nothing to begin with."""

    async def receive(self, frame: str | bytes) -> None:
        """Do what a frame asks; whatever fails is told to the client.

        Raises:
            ConnectionClosed: The client is gone.
        """
        request_id = ""  # the client ignores what is about no request of its own
        try:
            asked = decode_frame(frame, self._caller.user_id)
            request_id = asked.request_id
            if isinstance(asked, AbortFrame):
                await self._abort(request_id)
                return
            check_expiry(self._caller, self._clock)
            self._begin(asked)
        except BadFrame as bad:
            await self._send((Response(bad.reference.request_id or "").error(bad.error),))
        except MillraceError as error:
            await self._send((Response(request_id).error(error),))

    async def close(self) -> None:
        """Follow nothing any more; what becomes of the turns is the engine's policy."""
        tasks = [request.task for request in self._requests.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, asked: SendFrame | ResumeFrame) -> None:
        if len(self._requests) >= MAX_WATCHES:
            raise InvalidRequest(f"One connection follows at most {MAX_WATCHES} answers at once.")
        if asked.request_id in self._requests:
            raise InvalidRequest("The field 'requestId' names a request that is being answered. Use another one.")
        request = _Request(asked.request_id, asks=isinstance(asked, SendFrame))
        self._requests[asked.request_id] = request
        request.task = asyncio.create_task(self._answer(request, asked))
        request.task.add_done_callback(lambda _: self._requests.pop(asked.request_id))

    async def _abort(self, request_id: str) -> None:
        request = self._requests.get(request_id)
        if request is None:
            return
        request.aborted = True
        if not request.asks:
            request.task.cancel()
        elif request.turn is not None:
            await self._stop(request)

    async def _stop(self, request: _Request) -> None:
        if request.turn is not None:
            with suppress(NoActiveStream):
                await self._engine.cancel(CancelTurn(turn_id=request.turn.id), self._caller)

    async def _answer(self, request: _Request, asked: SendFrame | ResumeFrame) -> None:
        response = request.response
        try:
            if await self._find(request, asked):
                await self._deliver(request)
            elif not request.asks:
                await self._send((response.no_active(),))
        except ConnectionClosed:
            return
        except MillraceError as error:
            if error.detail:
                _logger.warning("%s: %s", error.code, error.detail)
            self._engine.meter.refused(error.code)
            await self._tell(response.error(error))
        except Exception as error:
            # A fault of ours must not cost the client its connection and its other answers.
            _logger.exception("a request failed")
            await self._tell(response.error(StreamError(detail=repr(error))))

    async def _find(self, request: _Request, asked: SendFrame | ResumeFrame) -> bool:
        """The turn to deliver: whether there is one that is still wanted."""
        if isinstance(asked, SendFrame):
            await self._start(request, asked)
        else:
            request.turn = await self._chats.conversations.running(asked.chat, self._caller)
            if request.turn is not None:
                self._engine.meter.acted("reconnect")
        if request.aborted:
            await self._stop(request)
        return request.turn is not None and not request.aborted

    async def _start(self, request: _Request, asked: SendFrame) -> None:
        """Begin the turn, also where the client goes away meanwhile: what was asked is asked."""
        starting = asyncio.ensure_future(self._chats.start(asked.ask, self._caller))
        try:
            request.turn = await asyncio.shield(starting)
        except asyncio.CancelledError:
            await asyncio.gather(starting, return_exceptions=True)
            raise

    async def _deliver(self, request: _Request) -> None:
        response, turn = request.response, request.turn
        if turn is None:
            return
        follower = await self._engine.attach(turn, options=self._options)
        try:
            if not request.asks:
                await self._send((response.start(),))
            await Pump(follower, self._dialect, self._sender(response), self._offerer(response)).run()
        finally:
            follower.close()
        await self._send((response.end(),))

    def _sender(self, response: Response) -> Send:
        async def send(records: Sequence[bytes]) -> None:
            frames = response.wrapped(records)
            response.sent(frames)
            await self._send(frames)

        return send

    def _offerer(self, response: Response) -> Offer | None:
        offer = self._offer
        if offer is None:
            return None

        def offer_records(records: Sequence[bytes]) -> bool:
            frames = response.wrapped(records)
            if not offer(frames):
                return False
            response.sent(frames)
            return True

        return offer_records

    async def _tell(self, frame: bytes) -> None:
        with suppress(ConnectionClosed):
            await self._send((frame,))
