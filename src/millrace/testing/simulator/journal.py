"""The journal: what was asked of the simulator and how each request ended, so a test can prove what reached it."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal

import msgspec

from millrace.testing.simulator.behaviour import Behaviour

DEFAULT_CAPACITY: Final = 10_000
"""Requests that a journal keeps; older ones fall out."""

_CONVERSATION: Final = ("messages", "contents", "input")
"""Where the wires have the conversation."""

ClosedBy = Literal["server", "client"]


class RequestRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One request for an answer. Times are in seconds since 1970.

    Attributes:
        id: The value of the answer's ``x-request-id`` header.
        path: The path it was posted to, which tells the wire.
        model: The model name as it came; empty if the body could not be read.
        behaviour: What the simulator made of it, server's default and header included.
        began_at: When the request had arrived whole.
        first_token_at: When the first token was sent, if one was.
        last_token_at: When the latest token was sent, if one was.
        closed_at: When the exchange ended, or ``None`` while it runs.
        closed_by: Who ended it: the simulator, by an end or a fault of its own, or the client, by going away.
        tokens_sent: Tokens sent so far, reasoning included.
        status: The HTTP status, or ``None`` while no header was sent.
        finished: Whether the answer was sent whole, with its regular end.
        authorized: Whether an ``Authorization`` header came; its value is not kept.
        messages: The messages as they came.
        parameters: Everything else in the body.
    """

    id: str
    path: str
    model: str
    behaviour: Behaviour
    began_at: float
    first_token_at: float | None
    last_token_at: float | None
    closed_at: float | None
    closed_by: ClosedBy | None
    tokens_sent: int
    status: int | None
    finished: bool
    authorized: bool
    messages: list[Any]
    parameters: dict[str, Any]


class Entry:
    """A request under way; the simulator's own, mutable side of a `RequestRecord`.

    The body is kept as it came and decoded only when somebody looks.
    """

    def __init__(self, journal: "Journal", number: int, path: str, body: bytes, *, authorized: bool) -> None:
        self._journal = journal
        self.number = number
        self.path = path
        self.body = body
        self.authorized = authorized
        self.model = ""
        self.behaviour = Behaviour()
        self.began_at = journal.now()
        self.first_token_at: float | None = None
        self.last_token_at: float | None = None
        self.closed_at: float | None = None
        self.closed_by: ClosedBy | None = None
        self.tokens_sent = 0
        self.status: int | None = None
        self.finished = False

    @property
    def id(self) -> str:
        """The request's name."""
        return f"req_sim_{self.number}"

    def respond(self, status: int) -> None:
        """Note that the headers of an answer go out."""
        self.status = status
        self._journal.changed()

    def count(self, tokens: int) -> None:
        """Note that tokens were sent."""
        now = self._journal.now()
        if not self.tokens_sent:
            self.first_token_at = now
        self.last_token_at = now
        self.tokens_sent += tokens
        self._journal.changed()

    def close(self, by: ClosedBy, *, finished: bool = False) -> None:
        """Note that the exchange has ended; only the first call counts."""
        if self.closed_by is not None:
            return
        self.closed_by, self.closed_at, self.finished = by, self._journal.now(), finished
        self._journal.changed()

    def record(self) -> RequestRecord:
        """What is known now."""
        messages, parameters = _split_body(self.body)
        return RequestRecord(
            id=self.id,
            path=self.path,
            model=self.model,
            behaviour=self.behaviour,
            began_at=self.began_at,
            first_token_at=self.first_token_at,
            last_token_at=self.last_token_at,
            closed_at=self.closed_at,
            closed_by=self.closed_by,
            tokens_sent=self.tokens_sent,
            status=self.status,
            finished=self.finished,
            authorized=self.authorized,
            messages=messages,
            parameters=parameters,
        )


class Journal:
    """A bounded list of requests, in the order in which they came."""

    def __init__(self, now: Callable[[], float], capacity: int = DEFAULT_CAPACITY) -> None:
        self.now = now
        self._entries: deque[Entry] = deque(maxlen=capacity)
        self._count = 0
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def open(self, path: str, body: bytes, *, authorized: bool) -> Entry:
        """Begin the entry of a new request."""
        self._count += 1
        entry = Entry(self, self._count, path, body, authorized=authorized)
        self._entries.append(entry)
        self.changed()
        return entry

    def find(self, number: int) -> Entry | None:
        """The request with that number, if it is still kept."""
        return next((entry for entry in self._entries if entry.number == number), None)

    def records(self) -> list[RequestRecord]:
        """All requests, oldest first."""
        return [entry.record() for entry in self._entries]

    def settled(self) -> bool:
        """Whether no request is under way."""
        return all(entry.closed_by is not None for entry in self._entries)

    def clear(self) -> None:
        """Forget all requests; those under way go on unseen."""
        self._entries.clear()
        self.changed()

    def changed(self) -> None:
        """Wake those who wait for what is now true."""
        if not self._waiters:
            return
        for condition, future in self._waiters:
            if not future.done() and condition():
                future.set_result(None)

    async def wait(self, condition: Callable[[], bool], timeout: float) -> None:  # noqa: ASYNC109 - the limit is the point
        """Wait until a condition on this journal is true.

        Raises:
            TimeoutError: It was not true within ``timeout`` seconds.
        """
        if condition():
            return
        waiter = (condition, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(timeout):
                await waiter[1]
        finally:
            self._waiters.remove(waiter)


def encode_records(records: Iterable[RequestRecord]) -> bytes:
    """The journal as JSON."""
    return msgspec.json.encode(list(records))


def _split_body(body: bytes) -> tuple[list[Any], dict[str, Any]]:
    try:
        fields = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [], {}
    messages = fields.pop(next((key for key in _CONVERSATION if key in fields), "messages"), [])
    fields.pop("model", None)
    return messages if isinstance(messages, list) else [], fields
