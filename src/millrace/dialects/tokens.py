"""The dialect `tokens` over an event stream: a question in a POST, one record of JSON for each token.

Each record has an `id`, `<turn_id>:<seq>`, which is what a client that comes back says that it has seen.
"""

import re
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from millrace.dialects.dialect import Reference
from millrace.dialects.reading import check_user, json_object, wrong_field
from millrace.dialects.tokens_frames import Complete, Failure, Question, Token
from millrace.dialects.tokens_renderer import PARTIAL_CHARS, TokensRenderer
from millrace.model.commands import StartTurn
from millrace.model.errors import InvalidRequest, MillraceError, NoActiveStream
from millrace.stream.frames import Renderer

_POSITION = re.compile(r"(?:(?P<turn>[^:]*):)?(?P<seq>-?[0-9]{1,15})", re.ASCII)


class Asked(Struct, frozen=True):
    """A question, and whether its tokens are to come with the text so far."""

    command: StartTurn
    partial: bool | None = None


class TokensDialect:
    """Implements `EventDialect`.

    Args:
        partial: Whether tokens come with all of the text so far: always, never, or (none) while it is short.
        partial_chars: What is short.
    """

    def __init__(self, partial: bool | None = None, *, partial_chars: int = PARTIAL_CHARS) -> None:
        self.name = {None: "tokens", True: "tokens-with-partial", False: "tokens-without-partial"}[partial]
        self._partial = partial
        self._partial_chars = partial_chars

    def renderer(self) -> Renderer:
        """A renderer for one turn."""
        return _Records(partial=self._partial, partial_chars=self._partial_chars)

    def error(self, error: MillraceError) -> bytes:
        """The record of an error outside the log. It has no id, so that who comes back goes on from the last token."""
        return b"data: " + msgspec.json.encode(failure_of(error)) + b"\n\n"


def decode_question(body: bytes, user_id: str) -> Asked:
    """The question in the body of a request.

    Raises:
        InvalidRequest: It holds none; the message names what is wrong.
    """
    return question_of(json_object(body), user_id)


def question_of(fields: dict[str, Any], user_id: str) -> Asked:
    """The question in the fields of a message.

    Raises:
        InvalidRequest: They are none; the message names what is wrong.
    """
    check_user(fields, user_id)
    try:
        asked = msgspec.convert(fields, Question)
    except msgspec.ValidationError as error:
        raise InvalidRequest(wrong_field(error)) from error
    command = StartTurn(
        message=asked.message,
        session_id=asked.session_id or None,
        model=asked.model or None,
        request_id=asked.request_id or None,
    )
    return Asked(command, asked.partial)


def position(last_event_id: str, turn_id: str) -> int:
    """The last `seq` that a client has seen of a turn, out of its `Last-Event-ID`; -1 where that is empty.

    Raises:
        InvalidRequest: It is no position in that turn.
    """
    if not last_event_id:
        return -1
    found = _POSITION.fullmatch(last_event_id)
    if found is None:
        raise InvalidRequest("Last-Event-ID is the id of an event of this stream: the turn, a colon and a number.")
    if found["turn"] not in (None, turn_id):
        raise InvalidRequest("Last-Event-ID names another answer than the address does.")
    return max(int(found["seq"]), -1)


def failure_of(error: MillraceError, reference: Reference | None = None) -> Failure:
    """An error outside a turn's log; one about an answer that is over says what is stored of it."""
    reference = reference or Reference()
    answer = error.answer if isinstance(error, NoActiveStream) else None
    return Failure(
        error=error.message,
        code=error.code,
        recoverable=error.recoverable,
        retry_after=UNSET if error.retry_after is None else error.retry_after,
        session_id=(answer.session_id if answer else reference.session_id) or UNSET,
        message_id=(answer.id if answer else reference.message_id) or UNSET,
        turn_id=reference.turn_id or UNSET,
        request_id=reference.request_id or UNSET,
        answer=answer.version.content if answer else UNSET,
    )


class _Records(TokensRenderer):
    """The records of a turn."""

    __slots__ = ()

    def token(self, seq: int, text: str, count: int, partial: str | None) -> bytes:
        return self._record(seq, Token(token=text, count=count, partial=UNSET if partial is None else partial))

    def complete(self, seq: int, data: Complete) -> bytes:
        return self._record(seq, msgspec.structs.replace(data, done=True))

    def failure(self, seq: int, data: Failure) -> bytes:
        return self._record(seq, data)

    def _record(self, seq: int, data: Struct) -> bytes:
        return b"id: %b:%d\ndata: %b\n\n" % (self.started.turn_id.encode(), seq, msgspec.json.encode(data))
