"""Responses that are made in the background: taking one up again after an event, and cancelling it."""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from millrace.testing.simulator.exchange import refuse
from millrace.testing.simulator.faults import Refusal
from millrace.testing.simulator.journal import Entry, Journal
from millrace.testing.simulator.wires.base import Identity, Wire
from millrace.testing.simulator.wires.responses import ResponsesWire, ResumedResponsesWire, number_of, response_id

Answer = Callable[[web.Request, Wire, bytes], Awaitable[web.StreamResponse]]

_PATH = "/v1/responses/{id}"


class BackgroundResponses:
    """Two routes beside ``POST /v1/responses``. Both have their entry in the journal.

    A response that is taken up again is encoded once more, with the behaviour of its request, and sent without what
    its client has; the generation does not go on while nobody reads it.

    Args:
        wire: The wire that read the requests.
        journal: Where the requests are.
        answer: Answers a request on a wire, with a body to read.
    """

    def __init__(self, wire: ResponsesWire, journal: Journal, answer: Answer) -> None:
        self._wire = wire
        self._journal = journal
        self._answer = answer
        self._cancelled: set[int] = set()

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Serve both routes."""
        router.add_get(_PATH, self._resume)
        router.add_post(f"{_PATH}/cancel", self._cancel)

    async def _resume(self, request: web.Request) -> web.StreamResponse:
        original = self._original(request)
        after = request.query.get("starting_after", "-1")
        if original is None or original.number in self._cancelled:
            return self._refuse(
                request, 404, "Response with this id was not found in the background, or was cancelled."
            )
        if request.query.get("stream") != "true" or not after.removeprefix("-").isdigit():
            return self._refuse(request, 400, "Ask with stream=true and starting_after=NUMBER.")
        wire = ResumedResponsesWire(Identity(original.number, int(original.began_at), ""), int(after))
        return await self._answer(request, wire, original.body)

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        original = self._original(request)
        if original is None:
            return self._refuse(request, 404, "Response with this id was not found in the background.")
        self._cancelled.add(original.number)
        entry = self._entry(request)
        entry.model = original.model
        entry.respond(200)
        entry.close("server", finished=True)
        cancelled = {"id": response_id(original.number), "object": "response", "status": "cancelled", "output": []}
        return web.Response(body=msgspec.json.encode(cancelled), content_type="application/json")

    def _original(self, request: web.Request) -> Entry | None:
        """The request whose response the path names, if it was one for the background."""
        number = number_of(request.match_info["id"])
        entry = None if number is None else self._journal.find(number)
        known = entry is not None and entry.path == self._wire.path and entry.status == 200
        return entry if entry is not None and known and self._wire.in_background(entry.body) else None

    def _refuse(self, request: web.Request, status: int, words: str) -> web.Response:
        return refuse(self._wire, self._entry(request), Refusal(status, words))

    def _entry(self, request: web.Request) -> Entry:
        return self._journal.open(request.path, b"{}", authorized="Authorization" in request.headers)
