"""One question and its answer as a client sees them: takes frames and events of the connection, gives effects. Pure.

However often the connection is lost, the answer is the same: a request that was not acknowledged is sent again under
the same `request_id`; a turn that runs is resumed behind the last entry that was seen; pieces are put together by
`token_index`, and whatever was seen before changes nothing.
"""

from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct

from millrace.cli.client.notices import Began, Ended, Notice, Piece, Problem, Refused, Thought, ThoughtOver
from millrace.cli.client.shapes import StoredMessage
from millrace.dialects.chat_frames import (
    SERVER_FRAMES,
    ChatCancelled,
    ChatComplete,
    ChatError,
    ChatRegenerate,
    ChatRequest,
    ChatResume,
    ChatStop,
    ContentToken,
    FrameData,
    ReasoningStepFrame,
    ThinkingComplete,
    ThinkingStarted,
)
from millrace.stream.digest import text_digest

LOST = Problem(
    "NOT_FOUND",
    "The server does not know this answer any more; it may have been restarted without its log. Ask again with /retry.",
)
UNREADABLE = Problem(
    "STREAM_ERROR", "The server sent something this client cannot read. Use the same version of Millrace on both sides."
)


class Send(Struct, frozen=True):
    """Put a frame on the wire."""

    frame: bytes


class Refetch(Struct, frozen=True):
    """Load the stored answer over HTTP and hand it to `fetched`."""

    session_id: str
    message_id: str
    turn_id: str


class Renew(Struct, frozen=True):
    """Connect anew, with a fresh credential; `opened` is called then."""

    at_once: bool = True


Effect = Send | Refetch | Renew | Notice
_Request = ChatRequest | ChatRegenerate


class _Envelope(Struct, frozen=True):
    type: str
    data: Raw = Raw(b"{}")


class Exchange:
    """What is under way between one client and the server. Build it by `ask`, `regenerate` or `follow`.

    Every method returns the effects in the order in which they are to happen. After `Ended` or `Refused`, `over` is
    true and nothing has an effect any more.
    """

    def __init__(self, request: _Request | None, *, session_id: str | None, turn_id: str | None = None) -> None:
        self.over = False
        self.session_id = session_id
        self.message_id: str | None = None
        self.turn_id = turn_id
        self._request = request
        self._connected = False
        self._text: list[str] = []
        self._pieces = 0
        self._last_seq = -1
        self._misaligned = False
        self._stopping = False
        self._renewed = False
        self._pending: Ended | Refused | None = None

    @classmethod
    def ask(
        cls, message: str, *, request_id: str, session_id: str | None, model: str | None, reasoning: bool
    ) -> "Exchange":
        """A question; without a session a new one is begun."""
        request = ChatRequest(
            message=message, request_id=request_id, session_id=session_id, model=model, enable_reasoning=reasoning
        )
        return cls(request, session_id=session_id)

    @classmethod
    def regenerate(
        cls, message_id: str, *, request_id: str, session_id: str, model: str | None, reasoning: bool
    ) -> "Exchange":
        """A new version of an answer."""
        request = ChatRegenerate(session_id, message_id, request_id, model, reasoning)
        return cls(request, session_id=session_id)

    @classmethod
    def follow(cls, turn_id: str, *, session_id: str, message_id: str) -> "Exchange":
        """An answer that is being written already, from its beginning."""
        exchange = cls(None, session_id=session_id, turn_id=turn_id)
        exchange.message_id = message_id
        return exchange

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self._text)

    # --- what happens -------------------------------------------------------------------------------

    def opened(self) -> list[Effect]:
        """There is a connection, for the first time or again."""
        self._connected = True
        self._misaligned = False
        if self.over:
            return []
        if self._pending is not None:
            return [self._refetch_effect()]
        effects: list[Effect] = [self._resume() if self.turn_id is not None else self._ask()]
        return effects + self._stop_frames()

    def closed(self) -> None:
        """The connection is lost."""
        self._connected = False

    def stop(self) -> list[Effect]:
        """The user wants no more of it. Told to the server as soon as it can be."""
        self._stopping = True
        return self._stop_frames() if self._connected and not self.over else []

    def received(self, frame: bytes | str) -> list[Effect]:
        """The server sent a frame."""
        if self.over:
            return []
        try:
            envelope = msgspec.json.decode(frame, type=_Envelope)
            kind = SERVER_FRAMES.get(envelope.type)
            if kind is None:  # a pong, or what a newer server tells newer clients
                return []
            data = msgspec.json.decode(envelope.data, type=kind)
        except msgspec.DecodeError:
            return self._end(Refused(UNREADABLE))
        if isinstance(data, ChatError) and data.seq is UNSET:
            return self._rejected(data)
        return self._entry(data) if self._is_ours(data) else []

    def fetched(self, stored: StoredMessage | None) -> list[Effect]:
        """What the store has of this answer; None where it has nothing."""
        pending, self._pending = self._pending, None
        if self.over:
            return []
        if stored is None:
            return self._end(pending or Refused(LOST))
        problem = None if stored.error is None else Problem(stored.error.code, stored.error.message)
        return self._end(
            Ended(
                status=stored.status,
                session_id=stored.session_id,
                message_id=stored.id,
                text=stored.content,
                metadata=stored.metadata or {},
                problem=problem,
                mended=stored.content != self.text,
            )
        )

    def still_running(self) -> list[Effect]:
        """What was to be fetched is not stored yet, because the turn goes on: follow it over a new connection."""
        self._pending = None
        return [Renew(at_once=False)]

    # --- to the server ------------------------------------------------------------------------------

    def _ask(self) -> Send:
        return _frame("chat_regenerate" if isinstance(self._request, ChatRegenerate) else "chat_request", self._request)

    def _resume(self) -> Send:
        return _frame("chat_resume", ChatResume(after_seq=self._last_seq, turn_id=self.turn_id))

    def _stop_frames(self) -> list[Effect]:
        # A session is stopped, not a turn: before ours is known to run, that might hit another one.
        if not self._stopping or self.turn_id is None or self.session_id is None:
            return []
        return [_frame("chat_stop", ChatStop(self.session_id))]

    # --- from the server ----------------------------------------------------------------------------

    def _is_ours(self, data: FrameData) -> bool:
        if self.turn_id is not None:
            return data.turn_id == self.turn_id
        return isinstance(data, ThinkingStarted) and data.request_id == getattr(self._request, "request_id", None)

    def _entry(self, data: FrameData) -> list[Effect]:
        seq = -1 if data.seq is UNSET else data.seq
        if isinstance(data, ContentToken):
            return self._token(data, seq)
        last = isinstance(data, ChatComplete | ChatCancelled | ChatError)
        if seq <= self._last_seq or (self._misaligned and not last):  # seen; or to come again, behind what is missing
            return []
        self._last_seq = seq
        match data:
            case ChatComplete() | ChatCancelled() | ChatError():
                return self._ending(data)
            case ThinkingStarted():
                return self._began(data)
            case ReasoningStepFrame() | ThinkingComplete():
                return [_thought(data)]
            case _:
                return []

    def _began(self, data: ThinkingStarted) -> list[Effect]:
        known = self.turn_id is not None
        self.turn_id, self.session_id, self.message_id = data.turn_id, data.session_id, data.message_id
        began = Began(data.session_id or "", data.message_id or "", data.turn_id or "", data.model, data.user_message)
        return [began] if known else [began, *self._stop_frames()]

    def _token(self, data: ContentToken, seq: int) -> list[Effect]:
        count = 0 if data.is_final else 1 if data.merged is UNSET else data.merged
        if data.token_index + count <= self._pieces:
            return []
        if data.token_index != self._pieces:
            # Never seen from our own server; whoever is between us loses the thread here, so take it up again.
            if self._misaligned:
                return []
            self._misaligned = True
            return [self._resume()]
        self._misaligned = False
        self._renewed = False
        self._pieces += count
        self._last_seq = max(self._last_seq, seq)
        self._text.append(data.token)
        return [Piece(data.token)] if data.token else []

    def _ending(self, data: ChatComplete | ChatCancelled | ChatError) -> list[Effect]:
        text = self.text
        match data:
            case ChatComplete():
                ended = self._ended("complete", metadata=data.metadata)
                whole = text_digest(text) == data.digest
            case ChatCancelled():
                ended = self._ended("cancelled")
                whole = text_digest(text) == data.digest
            case ChatError():
                ended = self._ended("failed", problem=_problem(data))
                whole = data.partial_message is UNSET or data.partial_message == text
        return self._end(ended) if whole else self._refetch(ended)

    def _ended(self, status: Any, *, metadata: dict[str, Any] | None = None, problem: Problem | None = None) -> Ended:
        return Ended(
            status=status,
            session_id=self.session_id or "",
            message_id=self.message_id or "",
            text=self.text,
            metadata=metadata or {},
            problem=problem,
        )

    def _rejected(self, data: ChatError) -> list[Effect]:
        """An error that is no entry of a turn: something we asked for was refused."""
        problem = _problem(data)
        ours = data.request_id is not UNSET and data.request_id == getattr(self._request, "request_id", None)
        about_turn = self.turn_id is not None and data.turn_id == self.turn_id
        if problem.code == "UNAUTHORIZED" and not self._renewed:
            self._renewed = True
            return [Renew()]
        if about_turn:  # it cannot be followed any further: what became of it is in the store
            return self._refetch(Refused(LOST if problem.code in _GONE else problem))
        if self.turn_id is not None:  # a stop that came too late: the end is on its way
            return []
        nameless = data.request_id is UNSET and data.turn_id is None
        return self._end(Refused(problem)) if ours or nameless else []

    def _refetch(self, otherwise: Ended | Refused) -> list[Effect]:
        if self._pending is not None:
            return []
        self._pending = otherwise
        return [self._refetch_effect()]

    def _refetch_effect(self) -> Refetch:
        return Refetch(self.session_id or "", self.message_id or "", self.turn_id or "")

    def _end(self, last: Ended | Refused) -> list[Effect]:
        self.over = True
        return [last]


_GONE = frozenset({"NOT_FOUND", "NO_ACTIVE_STREAM", "INVALID_REQUEST"})
"""How a server refuses to resume what it does not have, or has less of than we saw."""


def _frame(kind: str, data: Struct | None) -> Send:
    fields = msgspec.to_builtins(data)
    given = {name: value for name, value in fields.items() if value is not None}
    return Send(msgspec.json.encode({"type": kind, "data": given}))


def _thought(data: ReasoningStepFrame | ThinkingComplete) -> Thought | ThoughtOver:
    if isinstance(data, ThinkingComplete):
        return ThoughtOver(data.processing_time_ms, data.total_steps)
    return Thought(data.step.type, data.step.content, data.step.confidence)


def _problem(data: ChatError) -> Problem:
    error = data.error
    return Problem(
        error.code, error.message, error.recoverable, None if error.retry_after is UNSET else error.retry_after
    )
