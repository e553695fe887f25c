"""The dialect `session`: flat frames over a WebSocket that belongs to one conversation."""

from typing import Any

import msgspec
from msgspec import UNSET

from millrace.dialects.dialect import BadFrame, Reference
from millrace.dialects.reading import CORRECT, ID_CHARS, check_user, checked_id, id_in, json_object, wrong_field
from millrace.dialects.session_frames import Error, Pong, SessionFrame, SessionMessage
from millrace.dialects.session_renderer import SessionRenderer
from millrace.model.commands import CancelTurn, Command, Ping, StartTurn
from millrace.model.errors import InvalidRequest, MillraceError
from millrace.stream.frames import Renderer
from millrace.stream.timestamps import iso

_KNOWN = ("message", "stop", "ping")
_MOST_KEYS = 20
_KEY_CHARS = 1000


class SessionDialect:
    """Implements `Dialect` for the connections of one conversation.

    Args:
        name: What the client calls it, in the connection's address.
        session_id: The session that this means; none where it means none of the user's.
    """

    name = "session"

    def __init__(self, name: str, session_id: str | None) -> None:
        self._name = name
        self._session_id = session_id or name
        self._encode = msgspec.json.Encoder().encode

    def decode(self, frame: str | bytes, user_id: str) -> Command:
        """The command that a frame holds."""
        reference = Reference(session_id=self._session_id)
        try:
            fields = json_object(frame)
            reference = Reference(session_id=self._session_id, request_id=id_in(fields, "request_id"))
            check_user(fields, user_id)
            return self._command(fields)
        except msgspec.ValidationError as error:
            raise BadFrame(InvalidRequest(wrong_field(error)), reference) from error
        except InvalidRequest as error:
            raise BadFrame(error, reference) from error

    def renderer(self) -> Renderer:
        """A renderer for one turn."""
        return SessionRenderer()

    def error(self, error: MillraceError, reference: Reference, at_ms: int) -> bytes:
        """An `error` outside a turn's log."""
        return self._encode(
            Error(
                timestamp=iso(at_ms),
                message=error.message,
                code=error.code,
                recoverable=error.recoverable,
                retry_after=UNSET if error.retry_after is None else error.retry_after,
                turn_id=reference.turn_id or UNSET,
                request_id=reference.request_id or UNSET,
            )
        )

    def pong(self, ping: Ping, at_ms: int) -> bytes:
        """A `pong` with the time."""
        del ping
        return self._encode(Pong(iso(at_ms)))

    def _command(self, fields: dict[str, Any]) -> Command:
        kind = msgspec.convert(fields, SessionFrame).type
        if kind is UNSET and "content" in fields:
            kind = "message"
        match kind:
            case "message":
                return self._start(msgspec.convert(fields, SessionMessage))
            case "stop":
                return CancelTurn(session_id=self._session_id)
            case "ping":
                return Ping()
            case msgspec.UNSET:
                raise InvalidRequest(f"The field 'type' is missing. Known types: {', '.join(_KNOWN)}.")
            case _:
                raise InvalidRequest(f"There is no message type {kind[:40]!r}. Known types: {', '.join(_KNOWN)}.")

    def _start(self, message: SessionMessage) -> StartTurn:
        return StartTurn(
            message=message.content,
            session_name=checked_id("session_id", self._name),
            request_id=checked_id("request_id", message.request_id),
            model=_model(message.provider, message.model),
            thinking_mode="system2" if message.ultra_thinking else "auto",
            api_keys=_checked_keys(message.api_keys),
        )


def _model(provider: str | None, model: str | None) -> str | None:
    """A model as the engine names it: `provider/name`, a name alone, or `provider/` for that provider's own default."""
    if any(name and len(name) > ID_CHARS for name in (provider, model)):
        raise InvalidRequest(f"The name of a model or provider is longer than {ID_CHARS} characters. {CORRECT}")
    if not provider:
        return model or None
    if model and model.startswith(f"{provider}/"):
        return model
    return f"{provider}/{model or ''}"


def _checked_keys(keys: dict[str, str] | None) -> dict[str, str] | None:
    """The caller's keys, those that are empty left out."""
    given = {name: key for name, key in (keys or {}).items() if key}
    if len(given) > _MOST_KEYS:
        raise InvalidRequest(f"The field 'api_keys' holds more than {_MOST_KEYS} keys.")
    if any(len(key) > _KEY_CHARS for key in given.values()):
        raise InvalidRequest(f"A key in the field 'api_keys' is longer than {_KEY_CHARS} characters.")
    return given or None
