"""The dialect `study` over Socket.IO: the events that a user's rooms get, and ours to come back and to stop."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct

from millrace.dialects.dialect import BadFrame, Reference
from millrace.dialects.reading import check_user, id_in, wrong_field
from millrace.dialects.study_frames import StreamComplete, StreamError, StreamToken
from millrace.dialects.study_renderer import Piece, StudyRenderer
from millrace.dialects.study_sources import Sources, stored_answer
from millrace.dialects.tokens_frames import Id
from millrace.model.commands import CancelTurn, Command, Ping, ResumeTurn
from millrace.model.errors import InvalidRequest, MillraceError, NoActiveStream
from millrace.model.events import TurnCancelled, TurnCompleted, TurnFailed, TurnStarted
from millrace.stream.frames import Renderer

STOP, RESUME = "chat-stream-stop", "chat-stream-resume"
EVENTS = (STOP, RESUME)
"""What clients may send; a question comes over HTTP."""


class StopData(Struct, frozen=True, rename="camel"):
    """Stop an answer, by its conversation or by itself."""

    session_id: Id | None = None
    turn_id: Id | None = None


class ResumeData(Struct, frozen=True, rename="camel"):
    """Send what follows `after_seq`, then follow live."""

    session_id: Id | None = None
    turn_id: Id | None = None
    after_seq: Annotated[int, Meta(ge=-1, le=2**53 - 1)] = -1


class StudyEvents:
    """Implements `Dialect`. Commands come out of events: `event`, or `decode` where they are still text.

    Args:
        chunk_size: How many pieces of text one event holds; all of them, at the end, where it is 0.
    """

    def __init__(self, chunk_size: int = 1) -> None:
        self.name = f"study-events/{chunk_size}"
        self._chunk_size = chunk_size
        self._words = StudyRoomWords()

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
        reference = Reference(session_id=id_in(fields, "sessionId"), turn_id=id_in(fields, "turnId"))
        try:
            if not isinstance(data, dict):
                raise InvalidRequest(f"The argument of {name[:40]!r} is no object.")
            check_user(fields, user_id)
            return _command(name, fields)
        except msgspec.ValidationError as error:
            raise BadFrame(InvalidRequest(wrong_field(error)), reference) from error
        except InvalidRequest as error:
            raise BadFrame(error, reference) from error

    def renderer(self) -> Renderer:
        """A renderer for one turn."""
        return StudyRenderer(self._words, self._chunk_size)

    def error(self, error: MillraceError, reference: Reference, at_ms: int) -> bytes:
        """A `chat-stream-error` outside a turn's log."""
        del at_ms
        return self._words.error(error, reference)

    def pong(self, ping: Ping, at_ms: int) -> bytes:
        """Never sent: Socket.IO has pings of its own."""
        del ping, at_ms
        return b'["pong",{}]'


class StudyRoomWords:
    """How a room's events say things."""

    def __init__(self) -> None:
        self._encode = msgspec.json.Encoder().encode

    def token(self, started: TurnStarted, seq: int, piece: Piece) -> bytes:
        """A piece of the answer."""
        merged = UNSET if piece.count == 1 else piece.count
        data = StreamToken(started.session_id, piece.text, started.turn_id, seq, piece.first, merged)
        return self._event("chat-stream-token", data)

    def done(
        self, started: TurnStarted, seq: int, found: Sources, end: TurnCompleted | TurnCancelled
    ) -> Sequence[bytes]:
        """The answer is whole, or was stopped."""
        complete = StreamComplete(
            started.session_id,
            found.citations,
            found.chunk_references,
            started.turn_id,
            seq,
            started.message_id,
            end.digest,
            found.quotations or UNSET,
            end.cancelled_by if isinstance(end, TurnCancelled) else UNSET,
        )
        return (self._event("chat-stream-complete", complete),)

    def failure(self, started: TurnStarted, seq: int, event: TurnFailed) -> Sequence[bytes]:
        """The answer broke."""
        retry_after = UNSET if event.retry_after is None else event.retry_after
        error = StreamError(
            started.session_id, event.message, event.code, event.recoverable, retry_after, started.turn_id, seq
        )
        return (self._event("chat-stream-error", error),)

    def error(self, error: MillraceError, reference: Reference) -> bytes:
        """Something else failed."""
        answer = error.answer if isinstance(error, NoActiveStream) else None
        data = StreamError(
            answer.session_id if answer else reference.session_id,
            error.message,
            error.code,
            error.recoverable,
            UNSET if error.retry_after is None else error.retry_after,
            reference.turn_id or UNSET,
            message_id=answer.id if answer else UNSET,
            answer=stored_answer(answer.version)[0] if answer else UNSET,
        )
        return self._event("chat-stream-error", data)

    def _event(self, name: str, data: Struct) -> bytes:
        return self._encode((name, data))


def _command(name: str, fields: dict[str, Any]) -> CancelTurn | ResumeTurn:
    if name == STOP:
        stop = msgspec.convert(fields, StopData)
        if not (stop.session_id or stop.turn_id):
            raise InvalidRequest("Say what to stop: 'sessionId' or 'turnId' is missing.")
        return CancelTurn(session_id=stop.session_id, turn_id=stop.turn_id or None)
    if name == RESUME:
        resume = msgspec.convert(fields, ResumeData)
        if not (resume.session_id or resume.turn_id):
            raise InvalidRequest("Say what to resume: 'turnId' or 'sessionId' is missing.")
        return ResumeTurn(resume.turn_id or None, resume.session_id, resume.after_seq)
    raise InvalidRequest(f"There is no event {name[:40]!r}. Known events: {', '.join(EVENTS)}.")
