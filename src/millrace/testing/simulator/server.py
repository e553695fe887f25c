"""The simulator itself: an HTTP server on aiohttp that speaks the given wires, and its journal."""

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from aiohttp import web

from millrace.testing.simulator.background import BackgroundResponses
from millrace.testing.simulator.behaviour import Behaviour, BehaviourError, Fault
from millrace.testing.simulator.exchange import Responder, hold, refusal_of
from millrace.testing.simulator.faults import Refusal
from millrace.testing.simulator.journal import DEFAULT_CAPACITY, Entry, Journal, RequestRecord, encode_records
from millrace.testing.simulator.wires.anthropic import AnthropicWire
from millrace.testing.simulator.wires.base import PathWire, Wire
from millrace.testing.simulator.wires.gemini import GeminiWire
from millrace.testing.simulator.wires.ollama import OllamaWire
from millrace.testing.simulator.wires.openai_chat import OpenAIChatWire
from millrace.testing.simulator.wires.responses import ResponsesWire

API_KEY: Final = "sk-simulated"
"""A key to put where a client insists on one; the simulator accepts any, and none."""

SAMPLE_MODELS: Final = (
    "sim",
    "sim?text=markdown&tokens=400&interval_ms=15",
    "sim?text=code&tokens=300&interval_ms=15",
    "sim?text=emoji&tokens=120&interval_ms=30",
    "sim?reasoning=80&tokens=200&interval_ms=20",
)
"""What the lists of models have; every other name works too."""

_KEY_HEADERS: Final = ("Authorization", "x-api-key", "x-goog-api-key")
"""Where the wires have the key."""

_MAX_BODY: Final = 64 * 1024 * 1024
_BACKLOG: Final = 4096
_SHUTDOWN_SECONDS: Final = 0.5


def all_wires() -> tuple[Wire, ...]:
    """The protocols there are. Of those that share a path for their models, the one that claims all comes last."""
    return (AnthropicWire(), OllamaWire(), GeminiWire(), ResponsesWire(), OpenAIChatWire())


class Simulator:
    """A running simulated provider; made by `Simulator.start`.

    Args:
        behaviour: What holds where a request says nothing, as in ``interval_ms=20&ttft_ms=200``.
        wires: The protocols to speak; all that there are by default.
        capacity: Requests that the journal keeps.

    Attributes:
        url: Where it listens, as in ``http://127.0.0.1:9100``.
    """

    def __init__(self, *, behaviour: str = "", wires: Sequence[Wire] = (), capacity: int = DEFAULT_CAPACITY) -> None:
        Behaviour.read(behaviour)
        self.url = ""
        self._wires = tuple(wires) or all_wires()
        self._journal = Journal(time.time, capacity)
        self._responder = Responder(behaviour)
        self._open: dict[int, tuple[web.Request, Entry]] = {}

    @classmethod
    @contextlib.asynccontextmanager
    async def start(
        cls, port: int = 0, host: str = "127.0.0.1", *, behaviour: str = "", wires: Sequence[Wire] = ()
    ) -> AsyncIterator["Simulator"]:
        """Serve while the context lasts; then every connection is closed at once.

        Args:
            port: TCP port; 0 takes a free one.
            host: Address to listen on; loopback unless you say otherwise.
            behaviour: What holds where a request says nothing, as in ``interval_ms=20&ttft_ms=200``.
            wires: The protocols to speak; all that there are by default.

        Raises:
            BehaviourError: ``behaviour`` says something unknown.
            OSError: The address is not to be had.
        """
        simulator = cls(behaviour=behaviour, wires=wires)
        runner = web.AppRunner(
            simulator._application(), access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port, backlog=_BACKLOG).start()
            bound_host, bound_port, *_ = runner.addresses[0]
            simulator.url = (
                f"http://[{bound_host}]:{bound_port}" if ":" in bound_host else f"http://{bound_host}:{bound_port}"
            )
            yield simulator
        finally:
            simulator._stop()
            await runner.cleanup()

    @property
    def base_url(self) -> str:
        """The base URL for OpenAI clients."""
        return f"{self.url}/v1"

    def requests(self) -> list[RequestRecord]:
        """The journal: every request for an answer, oldest first."""
        return self._journal.records()

    def behave(self, behaviour: str) -> None:
        """Set what holds from now on where a request says nothing; answers under way are not touched.

        Raises:
            BehaviourError: ``behaviour`` says something unknown.
        """
        Behaviour.read(behaviour)
        self._responder.default = behaviour

    def clear(self) -> None:
        """Empty the journal and count ``fail_times`` anew."""
        self._journal.clear()
        self._responder.forget_failures()

    async def wait_for(
        self, condition: Callable[[list[RequestRecord]], bool], *, limit: float = 5.0
    ) -> list[RequestRecord]:
        """Wait until the journal looks as a test wants it, as in ``lambda requests: requests[0].tokens_sent >= 5``.

        Args:
            condition: Asked at every change of the journal.
            limit: Seconds to wait at most.

        Returns:
            The journal as it was then.

        Raises:
            TimeoutError: The condition did not come true in time.
        """
        await self._journal.wait(lambda: condition(self._journal.records()), limit)
        return self.requests()

    async def settled(self, *, limit: float = 5.0) -> list[RequestRecord]:
        """Wait until no request is under way.

        Raises:
            TimeoutError: One still was after ``limit`` seconds.
        """
        await self._journal.wait(self._journal.settled, limit)
        return self.requests()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_MAX_BODY)
        for wire in self._wires:
            application.router.add_post(wire.path, self._handler(wire))
            if isinstance(wire, ResponsesWire):
                BackgroundResponses(wire, self._journal, self._answer).add_routes(application.router)
        for path in {wire.models_path for wire in self._wires}:
            application.router.add_get(path, self._models)
        application.router.add_get("/_requests", self._get_requests)
        application.router.add_delete("/_requests", self._delete_requests)
        application.router.add_put("/_behaviour", self._put_behaviour)
        return application

    def _handler(self, wire: Wire) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            asked = wire.at(request.match_info, request.query) if isinstance(wire, PathWire) else wire
            return await self._answer(request, asked, await request.read())

        return answer

    async def _answer(self, request: web.Request, wire: Wire, body: bytes) -> web.StreamResponse:
        authorized = any(name in request.headers for name in _KEY_HEADERS)
        entry = self._journal.open(request.path, body, authorized=authorized)
        self._open[entry.number] = (request, entry)
        try:
            return await self._responder.answer(request, wire, entry)
        finally:
            del self._open[entry.number]

    async def _models(self, request: web.Request) -> web.Response:
        sharing = [wire for wire in self._wires if wire.models_path == request.path]
        wire = next((wire for wire in sharing if wire.claims(request.headers)), sharing[-1])
        try:
            behaviour = self._responder.read_behaviour("", request.headers)
        except BehaviourError as error:
            refusal: Refusal | None = Refusal(400, str(error), code=error.code)
        else:
            refusal = refusal_of(behaviour, stream=False)
            if behaviour.fault is Fault.HANG:
                await hold()
        if refusal is not None:
            return _json(wire.refusal(refusal), refusal.status)
        return _json(wire.models(SAMPLE_MODELS))

    async def _get_requests(self, request: web.Request) -> web.Response:
        """The journal; ``?settled_within=SECONDS`` first waits until no request is under way, but no longer."""
        within = request.query.get("settled_within")
        if within is not None:
            try:
                limit = float(within)
            except ValueError:
                return web.Response(status=400, text="settled_within takes a number of seconds, as in 2.5.")
            with contextlib.suppress(TimeoutError):
                await self.settled(limit=limit)
        return _json(encode_records(self.requests()))

    async def _delete_requests(self, _request: web.Request) -> web.Response:
        self.clear()
        return web.Response(status=204)

    async def _put_behaviour(self, request: web.Request) -> web.Response:
        try:
            self.behave(await request.text())
        except BehaviourError as error:
            return web.Response(status=400, text=str(error))
        return web.Response(status=204)

    def _stop(self) -> None:
        for request, entry in self._open.values():
            entry.close("server")
            if request.transport is not None:
                request.transport.abort()
        self._responder.close()


def _json(body: bytes, status: int = 200) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")
