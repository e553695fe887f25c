"""The frames of the AI SDK's WebSocket transport (version 7): many requests over one connection, told apart by id."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from millrace.dialects.ai_sdk import Ask, ask_of
from millrace.dialects.dialect import BadFrame, Reference
from millrace.dialects.parts import SSE_JSON
from millrace.dialects.reading import CORRECT, checked_id, id_in, json_object
from millrace.dialects.wishes import request_key
from millrace.model.errors import InvalidRequest, MillraceError

_KINDS = ("send", "resume", "abort")


class SendFrame(Struct, frozen=True):
    """Answer, and stream the answer under this id."""

    request_id: str
    ask: Ask


class ResumeFrame(Struct, frozen=True):
    """Stream, under this id, what is being answered in a chat, from its beginning."""

    request_id: str
    chat: str


class AbortFrame(Struct, frozen=True):
    """The client wants nothing more under this id."""

    request_id: str


def decode_frame(frame: str | bytes, user_id: str) -> SendFrame | ResumeFrame | AbortFrame:
    """What a frame asks for.

    Raises:
        BadFrame: Nothing that the protocol knows; the error says what is wrong, and refers to the request if it can.
    """
    reference = Reference()
    try:
        fields = json_object(frame)
        reference = Reference(request_id=id_in(fields, "requestId"))
        return _decoded(fields, user_id)
    except InvalidRequest as error:
        raise BadFrame(error, reference) from error


def _decoded(fields: dict[str, Any], user_id: str) -> SendFrame | ResumeFrame | AbortFrame:
    request_id, kind = _text(fields, "requestId"), fields.get("type")
    if kind == "abort":
        return AbortFrame(request_id)
    if kind == "resume":
        return ResumeFrame(request_id, _text(fields, "id"))
    if kind == "send":
        wishes = fields.get("body")
        if not isinstance(wishes, dict | None):
            raise InvalidRequest(f"The field 'body' is no object. {CORRECT}")
        key = request_key("send", str(fields.get("id")), request_id)
        return SendFrame(request_id, ask_of(fields, wishes or {}, user_id, key=key))
    raise InvalidRequest(f"There is no message type {str(kind)[:40]!r}. Known types: {', '.join(_KINDS)}.")


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    found = checked_id(name, value) if isinstance(value, str) else None
    if found is None:
        raise InvalidRequest(f"The field {name!r} is missing, empty or no text. {CORRECT}")
    return found


class Response:
    """The frames of one request's answer, in order.

    Chunks are numbered from 0 without a gap, at which a client would hang up. `wrapped` numbers them anew each time,
    until `sent` says that they are on their way.
    """

    __slots__ = ("_encode", "_prefix", "_request_id", "_sequence")

    def __init__(self, request_id: str) -> None:
        self._encode = msgspec.json.Encoder().encode
        self._request_id = request_id
        self._prefix = b'{"type":"chunk","requestId":' + self._encode(request_id) + b',"sequence":'
        self._sequence = 0

    def start(self) -> bytes:
        """There is something to resume, and it follows."""
        return self._frame("start")

    def wrapped(self, records: Iterable[bytes]) -> list[bytes]:
        """Frames of chunks, out of the records of an event stream."""
        prefix = self._prefix
        return [
            b'%b%d,"chunk":%b}' % (prefix, sequence, record[SSE_JSON])
            for sequence, record in enumerate(records, self._sequence)
        ]

    def sent(self, frames: Sequence[bytes]) -> None:
        """Chunks are on their way."""
        self._sequence += len(frames)

    def end(self) -> bytes:
        """Nothing follows."""
        return self._frame("end")

    def no_active(self) -> bytes:
        """There is nothing to resume."""
        return self._frame("no-active")

    def error(self, error: MillraceError) -> bytes:
        """There is no answer, or no more of it."""
        return self._frame("error", errorText=error.message)

    def _frame(self, kind: str, **more: str) -> bytes:
        return self._encode({"type": kind, "requestId": self._request_id, **more})
