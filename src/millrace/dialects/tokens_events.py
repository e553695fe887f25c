"""The dialect `tokens` over Socket.IO.

A frame is the JSON array of a Socket.IO event: its name and its one argument. Behind a `2` (and the namespace, where it
is not the main one) it is the packet's text as protocol 5 of Socket.IO has it, so that a frame that was rendered once
serves every client.
"""

from typing import Any

import msgspec
from msgspec import Struct, convert

from millrace.dialects.dialect import BadFrame, Reference
from millrace.dialects.reading import check_user, id_in, wrong_field
from millrace.dialects.tokens import failure_of, question_of
from millrace.dialects.tokens_frames import Complete, Failure, Resume, Stop, Token
from millrace.dialects.tokens_renderer import TokensRenderer
from millrace.model.commands import CancelTurn, Command, Ping, ResumeTurn, StartTurn
from millrace.model.errors import InvalidRequest, MillraceError
from millrace.stream.frames import Renderer

_encode = msgspec.json.encode

EVENTS = ("chat_stream", "chat_stop", "chat_resume")
"""What clients may send."""


class TokensEvents:
    """Implements `Dialect`. Commands come out of events: `event`, or `decode` where they are still text.

    Tokens carry no `partial`; they carry `session_id`, `turn_id` and `seq`, by which a client tells answers apart and,
    after a reconnect, asks for what it has not seen (`chat_resume`).
    """

    name = "tokens-events"

    def decode(self, frame: str | bytes, user_id: str) -> Command:
        """The command that a frame holds: a JSON array of an event's name and its argument."""
        try:
            text = frame if isinstance(frame, str) else frame.decode()
            event = msgspec.json.decode(text, type=tuple[str, Any])
        except (ValueError, RecursionError) as error:
            raise BadFrame(
                InvalidRequest("The event is no JSON array of a name and an object."), Reference()
            ) from error
        return self.event(event[0], event[1], user_id)

    def event(self, name: str, data: Any, user_id: str) -> Command:
        """The command that an event means; `data` is its argument.

        Raises:
            BadFrame: It means none; the error names what is wrong.
        """
        fields = data if isinstance(data, dict) else {}
        reference = Reference(*(id_in(fields, key) for key in ("session_id", "message_id", "turn_id", "request_id")))
        try:
            if not isinstance(data, dict):
                raise InvalidRequest(f"The argument of {name[:40]!r} is no object.")
            check_user(fields, user_id)
            return _command(name, fields, user_id)
        except msgspec.ValidationError as error:
            raise BadFrame(InvalidRequest(wrong_field(error)), reference) from error
        except InvalidRequest as error:
            raise BadFrame(error, reference) from error

    def renderer(self) -> Renderer:
        """A renderer for one turn."""
        return _Events()

    def error(self, error: MillraceError, reference: Reference, at_ms: int) -> bytes:
        """A `chat_error` outside a turn's log."""
        del at_ms
        return _encode(("chat_error", failure_of(error, reference)))

    def pong(self, ping: Ping, at_ms: int) -> bytes:
        """Never sent: Socket.IO has pings of its own."""
        del ping, at_ms
        return b'["pong",{}]'


def _command(name: str, fields: dict[str, Any], user_id: str) -> StartTurn | CancelTurn | ResumeTurn:
    match name:
        case "chat_stream":
            return question_of(fields, user_id).command
        case "chat_stop":
            stop = convert(fields, Stop)
            if not (stop.session_id or stop.turn_id):
                raise InvalidRequest("Say what to stop: 'session_id' is missing.")
            return CancelTurn(session_id=stop.session_id, turn_id=stop.turn_id or None)
        case "chat_resume":
            resume = convert(fields, Resume)
            if not (resume.session_id or resume.turn_id):
                raise InvalidRequest("Say what to resume: 'turn_id' or 'session_id' is missing.")
            return ResumeTurn(resume.turn_id or None, resume.session_id, resume.after_seq)
    raise InvalidRequest(f"There is no event {name[:40]!r}. Known events: {', '.join(EVENTS)}.")


class _Events(TokensRenderer):
    """The events of a turn."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(partial=False)

    def token(self, seq: int, text: str, count: int, partial: str | None) -> bytes:
        del partial  # there is none
        started = self.started
        data = Token(seq=seq, token=text, count=count, session_id=started.session_id, turn_id=started.turn_id)
        return _encode(("chat_token", data))

    def complete(self, seq: int, data: Complete) -> bytes:
        return self._event("chat_complete", msgspec.structs.replace(data, seq=seq))

    def failure(self, seq: int, data: Failure) -> bytes:
        return self._event("chat_error", msgspec.structs.replace(data, seq=seq))

    def _event(self, name: str, data: Struct) -> bytes:
        return _encode((name, data))
