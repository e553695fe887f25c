"""The native dialect `chat`: frames `{"type", "data"}` over a WebSocket."""

from typing import Any

import msgspec

from millrace.dialects.chat_frames import (
    CLIENT_FRAMES,
    ChatConfig,
    ChatError,
    ChatPause,
    ChatRegenerate,
    ChatRequest,
    ChatResume,
    ChatStop,
    ClientFrame,
    ErrorData,
    ServerFrame,
)
from millrace.dialects.chat_renderer import ChatRenderer
from millrace.dialects.dialect import BadFrame, Reference
from millrace.dialects.reading import CORRECT, check_user, checked_id, id_in, wrong_field
from millrace.model.commands import (
    CancelTurn,
    Command,
    ConfigureDelivery,
    ContinueDelivery,
    PauseDelivery,
    Ping,
    ResumeTurn,
    StartTurn,
    TurnContext,
)
from millrace.model.errors import InvalidRequest, MillraceError, NoActiveStream
from millrace.stream.frames import Renderer
from millrace.stream.timestamps import iso

PACE_MS = {"slow": 50, "normal": 20, "fast": 0}
_MAX_SEQ = 2**53 - 1  # what every JSON parser can tell from its neighbors
_CONTEXT_DEPTH = 32


class ChatDialect:
    """Implements `Dialect`."""

    name = "chat"

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()

    def decode(self, frame: str | bytes, user_id: str) -> Command:
        """The command that a frame holds."""
        reference = Reference()
        try:
            # As text, because what a ping holds is sent back unread, and must not be anything but UTF-8.
            text = frame if isinstance(frame, str) else frame.decode()
            envelope = msgspec.json.decode(text, type=ClientFrame)
            if envelope.type == "ping":
                return Ping(msgspec.Raw(bytes(envelope.data)))
            fields = _fields(envelope.data)
            reference = _reference(fields)
            check_user(fields, user_id)
            return _command(envelope.type, _shaped(envelope))
        except msgspec.ValidationError as error:
            raise BadFrame(InvalidRequest(wrong_field(error)), reference) from error
        except RecursionError as error:
            raise BadFrame(InvalidRequest(f"The message is nested too deeply. {CORRECT}"), reference) from error
        except ValueError as error:  # not JSON, not UTF-8, or a number of thousands of digits
            raise BadFrame(
                InvalidRequest("The message is not valid JSON. Send one JSON object per frame."), reference
            ) from error
        except InvalidRequest as error:
            raise BadFrame(error, reference) from error

    def renderer(self) -> Renderer:
        """A renderer for one turn."""
        return ChatRenderer()

    def error(self, error: MillraceError, reference: Reference, at_ms: int) -> bytes:
        """A `chat_error` outside a turn's log; one about an answer that is over holds what is stored of it."""
        answer = error.answer if isinstance(error, NoActiveStream) else None
        data = ChatError(
            session_id=answer.session_id if answer else reference.session_id,
            message_id=answer.id if answer else reference.message_id,
            turn_id=reference.turn_id,
            timestamp=iso(at_ms),
            error=ErrorData(
                error.code,
                error.message,
                error.recoverable,
                msgspec.UNSET if error.retry_after is None else error.retry_after,
            ),
            partial_message=answer.version.content if answer else msgspec.UNSET,
            request_id=reference.request_id or msgspec.UNSET,
        )
        return self._encoder.encode(ServerFrame("chat_error", data))

    def pong(self, ping: Ping, at_ms: int) -> bytes:
        """The same data back."""
        del at_ms
        return b'{"type":"pong","data":' + bytes(ping.data) + b"}"


def _fields(data: msgspec.Raw) -> dict[str, Any]:
    """The fields of a frame's data, unchecked; none where it is no object."""
    fields = msgspec.json.decode(data)
    return fields if isinstance(fields, dict) else {}


def _reference(fields: dict[str, Any]) -> Reference:
    """The ids in a frame, however wrong the rest of it is."""
    return Reference(*(id_in(fields, name) for name in ("session_id", "message_id", "turn_id", "request_id")))


def _shaped(envelope: ClientFrame) -> msgspec.Struct:
    """A frame's data as the type that its `type` names."""
    shape = CLIENT_FRAMES.get(envelope.type)
    if shape is None:
        known = ", ".join([*CLIENT_FRAMES, "ping"])
        raise InvalidRequest(f"There is no message type {envelope.type[:40]!r}. Known types: {known}.")
    try:
        return msgspec.json.decode(envelope.data, type=shape)
    except msgspec.ValidationError as error:
        raise InvalidRequest(wrong_field(error, whole="data")) from error


def _command(kind: str, data: msgspec.Struct) -> Command:
    match data:
        case ChatRequest():
            return _start(data)
        case ChatStop(session_id=session_id):
            return CancelTurn(session_id=session_id)
        case ChatConfig(config=config):
            pace_ms = PACE_MS[config.stream_speed] if config.stream_speed else None
            return ConfigureDelivery(config.show_reasoning, config.show_emotion, pace_ms, config.show_thoughts)
        case ChatResume():
            if data.turn_id is None and data.session_id is None:
                raise InvalidRequest("Say what to resume: 'turn_id' or 'session_id' is missing.")
            return ResumeTurn(data.turn_id, data.session_id, _position(data.after_seq))
        case ChatPause(turn_id=turn_id):
            return PauseDelivery(turn_id) if kind == "chat_pause" else ContinueDelivery(turn_id)
        case ChatRegenerate():
            return StartTurn(
                session_id=data.session_id,
                regenerate=data.message_id,
                request_id=checked_id("request_id", data.request_id),
                model=data.model,
                enable_reasoning=data.enable_reasoning,
                thinking_mode=data.thinking_mode,
                context=turn_context(data.context or {}),
                api_key=data.provider_key,
            )
    raise InvalidRequest


def _start(data: ChatRequest) -> StartTurn:
    return StartTurn(
        message=data.message,
        session_id=data.session_id,
        request_id=checked_id("request_id", data.request_id),
        model=data.model,
        enable_reasoning=data.enable_reasoning,
        thinking_mode=data.thinking_mode,
        context=turn_context(data.context or {}),
        api_key=data.provider_key,
    )


def _position(after_seq: int) -> int:
    if after_seq > _MAX_SEQ:
        raise InvalidRequest("The field 'after_seq' is no position: it is the last 'seq' you have seen, or -1.")
    return max(after_seq, -1)


def turn_context(fields: dict[str, Any]) -> TurnContext:
    """The `context` of a request: known fields checked, others kept.

    Raises:
        InvalidRequest: A known field is of the wrong kind.
    """
    _check_depth(fields)
    known = {name: value for name, value in fields.items() if name in _CONTEXT_FIELDS and value is not None}
    extra = {name: value for name, value in fields.items() if name not in _CONTEXT_FIELDS}
    try:
        context = msgspec.convert({**known, "extra": extra or None}, TurnContext)
    except msgspec.ValidationError as error:
        raise InvalidRequest(wrong_field(error).replace("the field '", "the field 'context.")) from error
    if context.difficulty is not None and not 0 <= context.difficulty <= 1:
        raise InvalidRequest("The field 'context.difficulty' must be between 0 and 1.")
    return context


def _check_depth(fields: dict[str, Any]) -> None:
    """The context is written down with the turn, and must be read again at any depth of our own calls."""
    level: list[Any] = [fields]
    for _ in range(_CONTEXT_DEPTH):
        containers = [value.values() if isinstance(value, dict) else value for value in level if _is_container(value)]
        level = [inner for values in containers for inner in values]
        if not level:
            return
    raise InvalidRequest(f"The field 'context' is nested more than {_CONTEXT_DEPTH} levels deep. {CORRECT}")


def _is_container(value: object) -> bool:
    return isinstance(value, dict | list)


_CONTEXT_FIELDS = frozenset({"subject", "difficulty", "enable_rag", "document_ids"})
