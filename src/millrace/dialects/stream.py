"""The dialect `stream`: frames `{"type", "data"}` over a WebSocket, several turns at once, told apart by `message_id`.

The `message_id` is the client's own id of the user's message. To the engine it is the id of the request: sent twice it
starts one turn, and it is what a turn is stopped and resumed by.
"""

from typing import Any

import msgspec
from msgspec import UNSET

from millrace.dialects.chat import turn_context
from millrace.dialects.dialect import BadFrame, Reference
from millrace.dialects.reading import check_user, id_in, json_object, wrong_field
from millrace.dialects.stream_frames import (
    CLIENT_FRAMES,
    ChatStream,
    ResumeStream,
    ServerFrame,
    StopGeneration,
    StreamError,
)
from millrace.dialects.stream_renderer import StreamRenderer
from millrace.model.commands import CancelTurn, Command, Ping, ResumeTurn, StartTurn
from millrace.model.errors import InvalidRequest, MillraceError, NoActiveStream
from millrace.stream.frames import Renderer


class StreamDialect:
    """Implements `Dialect`."""

    name = "stream"

    def __init__(self) -> None:
        self._encode = msgspec.json.Encoder().encode

    def decode(self, frame: str | bytes, user_id: str) -> Command:
        """The command that a frame holds."""
        reference = Reference()
        try:
            envelope = json_object(frame)
            data = envelope.get("data", {})
            fields = data if isinstance(data, dict) else {}
            reference = Reference(
                session_id=id_in(fields, "session_id"),
                turn_id=id_in(fields, "turn_id"),
                request_id=id_in(fields, "message_id"),
            )
            check_user(fields, user_id)
            return self._command(envelope.get("type"), data)
        except msgspec.ValidationError as error:
            raise BadFrame(InvalidRequest(wrong_field(error, whole="data")), reference) from error
        except InvalidRequest as error:
            raise BadFrame(error, reference) from error

    def renderer(self) -> Renderer:
        """A renderer for one turn."""
        return StreamRenderer()

    def error(self, error: MillraceError, reference: Reference, at_ms: int) -> bytes:
        """A `stream_error` outside a turn's log; one about an answer that is over holds what is stored of it."""
        del at_ms
        answer = error.answer if isinstance(error, NoActiveStream) else None
        data = StreamError(
            message_id=reference.request_id or reference.message_id,
            code=error.code,
            message=error.message,
            recoverable=error.recoverable,
            partial_content=answer.version.content if answer else "",
            retry_after=UNSET if error.retry_after is None else error.retry_after,
            ai_message_id=answer.id if answer else UNSET,
            session_id=(answer.session_id if answer else reference.session_id) or UNSET,
            turn_id=reference.turn_id or UNSET,
        )
        return self._encode(ServerFrame("stream_error", data))

    def pong(self, ping: Ping, at_ms: int) -> bytes:
        """The same data back."""
        del at_ms
        return b'{"type":"pong","data":' + bytes(ping.data) + b"}"

    def _command(self, kind: Any, data: Any) -> Command:
        if kind == "ping":
            return Ping(msgspec.Raw(self._encode(data)))
        shape = CLIENT_FRAMES.get(kind) if isinstance(kind, str) else None
        if shape is None:
            known = ", ".join([*CLIENT_FRAMES, "ping"])
            raise InvalidRequest(f"There is no message type {str(kind)[:40]!r}. Known types: {known}.")
        asked = msgspec.convert(data, shape)
        if isinstance(asked, ChatStream):
            return _start(asked)
        if isinstance(asked, StopGeneration | ResumeStream) and (asked.message_id or asked.turn_id):
            if isinstance(asked, StopGeneration):
                return CancelTurn(request_id=asked.message_id, turn_id=asked.turn_id)
            return ResumeTurn(request_id=asked.message_id, turn_id=asked.turn_id, after_seq=asked.after_seq)
        raise InvalidRequest("The field 'message_id' is missing. It says which message's answer you mean.")


def _start(asked: ChatStream) -> StartTurn:
    context = dict(asked.context or {})
    enable_reasoning = context.pop("enable_reasoning", None)
    if not isinstance(enable_reasoning, bool | None):
        raise InvalidRequest("The field 'context.enable_reasoning' must be true or false.")
    return StartTurn(
        message=asked.message,
        session_name=asked.session_id or None,
        request_id=asked.message_id,
        model=asked.model or None,
        enable_reasoning=bool(enable_reasoning),
        context=turn_context(context),
    )
