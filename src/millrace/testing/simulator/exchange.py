"""One request for an answer, from its body to the end of its response."""

import asyncio
import socket
import struct
import time
from collections.abc import Mapping
from typing import Final

import msgspec
from aiohttp import web
from aiohttp.http import HttpVersion11

from millrace.testing.simulator.ask import Ask, AskError
from millrace.testing.simulator.behaviour import Behaviour, BehaviourError, Fault, split_model
from millrace.testing.simulator.failures import FailureCounter
from millrace.testing.simulator.faults import REFUSALS, STREAM_ERROR, Refusal
from millrace.testing.simulator.journal import Entry
from millrace.testing.simulator.pacer import Pacer, Stream
from millrace.testing.simulator.performance import Then, body_type, perform
from millrace.testing.simulator.script import Script, compose
from millrace.testing.simulator.text import Library
from millrace.testing.simulator.wires.base import Identity, RefusalAnswer, RefusingWire, Wire

BEHAVIOUR_HEADER: Final = "X-Simulate"
"""Request header with a behaviour; for each key it wins over the model name."""

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class Responder:
    """Answers requests of any wire.

    Args:
        default: Behaviour of a request, as text, where neither its model name nor its header says another.
    """

    def __init__(self, default: str = "") -> None:
        self.default = default
        self._library = Library()
        self._failures = FailureCounter()
        self._pacer = Pacer()

    def close(self) -> None:
        """Stop the ticker; requests under way are their connections' business."""
        self._pacer.close()

    def forget_failures(self) -> None:
        """Count the requests of ``fail_times`` anew."""
        self._failures.clear()

    async def answer(self, request: web.Request, wire: Wire, entry: Entry) -> web.StreamResponse:
        """Answer a request and keep its journal entry; to be cancelled when the client goes away."""
        began = time.monotonic()
        try:
            response = await self._answer(request, wire, entry, began)
        except asyncio.CancelledError:
            entry.close("client")
            raise
        except ConnectionError:
            entry.close("client")
            return web.Response()  # to nobody; raised, it would be logged as a fault of ours
        finally:
            entry.close("server")
        return response

    def read_behaviour(self, model: str, headers: Mapping[str, str]) -> Behaviour:
        """The behaviour of a request, without ``fail_times`` applied.

        Raises:
            BehaviourError: The model name or the header says something unknown.
        """
        return Behaviour.read(self.default, split_model(model)[1], headers.get(BEHAVIOUR_HEADER, ""))

    async def _answer(self, request: web.Request, wire: Wire, entry: Entry, began: float) -> web.StreamResponse:
        try:
            plan = self._plan(request, wire, entry)
        except AskError as error:
            return refuse(wire, entry, Refusal(400, str(error), code=error.code, param=error.param))
        except BehaviourError as error:
            return refuse(wire, entry, Refusal(400, str(error), code=error.code, param="model"))
        if plan.behaviour.fault is Fault.HANG:
            await hold()
        refusal = refusal_of(plan.behaviour, stream=plan.ask.stream)
        if refusal is not None:
            return refuse(wire, entry, refusal, plan.behaviour.retry_after)
        identity = Identity(entry.number, int(entry.began_at), split_model(plan.ask.model)[0])
        encoder = wire.encoder(plan.ask, plan.behaviour, identity)
        steps = perform(plan.script, plan.behaviour, encoder, stream=plan.ask.stream)
        stream = Stream(steps, entry, began)
        if not plan.ask.stream:
            await asyncio.sleep(stream.due - time.monotonic())
        regular_type = wire.stream_type if plan.ask.stream else "application/json"
        response = web.StreamResponse(headers=_headers(entry, body_type(plan.behaviour, regular_type)))
        await self._play(request, response, stream, entry)
        return response

    def _plan(self, request: web.Request, wire: Wire, entry: Entry) -> "_Plan":
        ask = wire.read(entry.body)
        entry.model = ask.model
        behaviour = self._failures.apply(self.read_behaviour(ask.model, request.headers))
        entry.behaviour = behaviour
        return _Plan(ask, behaviour, compose(self._library, behaviour, ask))

    async def _play(self, request: web.Request, response: web.StreamResponse, stream: Stream, entry: Entry) -> None:
        """Send the headers, then the body past the response's own writer: a token is one write and no coroutine."""
        writer = await response.prepare(request)
        entry.respond(response.status)
        transport = request.transport
        if writer is None or transport is None:
            raise ConnectionResetError("The client went away before the answer began.")
        stream.connect(transport, request.protocol, chunked=request.version >= HttpVersion11)
        while (then := await self._pacer.play(stream)) is Then.NEXT:
            await writer.drain()
        match then:
            case Then.HOLD:
                await hold()
            case Then.RESET:
                entry.close("server")
                reset(transport)
                await hold()
            case _:
                await response.write_eof()
                entry.close("server", finished=then is Then.FINISH)


class _Plan(msgspec.Struct, frozen=True):
    ask: Ask
    behaviour: Behaviour
    script: Script


def refusal_of(behaviour: Behaviour, *, stream: bool) -> Refusal | None:
    """The error answer that a behaviour asks for before any token, if it does."""
    match behaviour.fault:
        case None:
            return None
        case Fault.CONTENT_FILTER if behaviour.after is not None:
            return None
        case Fault.ERROR_EVENT if not stream:
            return STREAM_ERROR
        case fault:
            return REFUSALS.get(fault)


def refuse(wire: Wire, entry: Entry, refusal: Refusal, retry_after: str | None = None) -> web.Response:
    """An error answer; it ends the exchange."""
    if isinstance(wire, RefusingWire):
        answer = wire.refuse(refusal, retry_after)
    else:
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        answer = RefusalAnswer(refusal.status, wire.refusal(refusal), headers=headers)
    entry.respond(answer.status)
    entry.close("server")
    headers = {**_headers(entry, answer.content_type), **answer.headers}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


async def hold() -> None:
    """Do nothing until cancelled, which is when the client goes away or the simulator stops."""
    await asyncio.get_running_loop().create_future()


def reset(transport: asyncio.Transport) -> None:
    """Close a connection with a TCP reset."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


def _headers(entry: Entry, content_type: str) -> dict[str, str]:
    return {"Content-Type": content_type, "Cache-Control": "no-cache", "x-request-id": entry.id}
