"""The dialect `study` over HTTP: questions about one's own documents in, server-sent events out."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct

from millrace.dialects.parts import sse_record
from millrace.dialects.reading import CORRECT, check_user, checked_id, json_object, wrong_field
from millrace.dialects.study_frames import Done, Failure, Token
from millrace.dialects.study_renderer import Piece, StudyRenderer
from millrace.dialects.study_sources import Sources, stored_answer
from millrace.model.errors import InvalidRequest, MillraceError, NoActiveStream
from millrace.model.events import TurnCancelled, TurnCompleted, TurnFailed, TurnStarted
from millrace.model.generation import PromptMessage
from millrace.stream.frames import Renderer

STUDY = "study"
"""The origin of this protocol's turns; the answers of some go to their user's rooms."""
KEEP_ALIVE = b'data: {"type":"keepalive"}\n\n'
DONE = b"data: [DONE]\n\n"
_MOST_MESSAGES = 1000

SearchSource = Literal["main_app", "chrome_extension"]


class HistoryMessage(Struct, frozen=True):
    """What was said before, as the client keeps it. Its citations and references are its own business."""

    role: Literal["user", "assistant"]
    content: str


class SearchRequest(Struct, frozen=True, kw_only=True):
    """The body of a semantic search."""

    user_query: str
    user_id: str | None = None
    class_name: str | None = None
    doc_id: str | None = None
    chat_history: tuple[HistoryMessage, ...] = ()
    source: SearchSource = "main_app"
    request_id: str | None = None
    model: str | None = None


class Search(Struct, frozen=True):
    """A question about documents, with what was said before. `document_id` is none where all may answer."""

    query: str
    history: tuple[PromptMessage, ...] = ()
    class_name: str | None = None
    document_id: str | None = None
    request_id: str | None = None
    model: str | None = None


class CompletionRequest(Struct, frozen=True, kw_only=True):
    """The body of a chat completion whose answer goes to the user's rooms."""

    message: str = ""
    user_id: str | None = None
    class_name: str | None = None
    doc_id: str | None = msgspec.field(default=None, name="docId")
    chat_session_id: str | None = msgspec.field(default=None, name="chatSessionId")
    ephemeral: bool = False
    retry: bool = False
    request_id: str | None = msgspec.field(default=None, name="requestId")
    model: str | None = None


class Completion(Struct, frozen=True):
    """A question in a conversation, or with `retry` its last one again."""

    search: Search
    session_id: str | None = None
    ephemeral: bool = False
    retry: bool = False


class StudyDialect:
    """Implements `EventDialect`.

    Args:
        chunk_size: How many pieces of text one event holds; all of them, at the end, where it is 0.
    """

    def __init__(self, chunk_size: int = 1) -> None:
        self.name = f"study/{chunk_size}"
        self._chunk_size = chunk_size
        self._words = StudyEventWords()

    def renderer(self) -> Renderer:
        """A renderer for one turn; its frames are complete records."""
        return StudyRenderer(self._words, self._chunk_size)

    def error(self, error: MillraceError) -> bytes:
        """The record of an error that is no entry of the turn's log."""
        return self._words.error(error)


class StudyEventWords:
    """How server-sent events say things. Each has its place in the log as its id."""

    def __init__(self) -> None:
        self._encode = msgspec.json.Encoder().encode

    def token(self, started: TurnStarted, seq: int, piece: Piece) -> bytes:
        """A piece of the answer."""
        return self._record(started, seq, Token(piece.text))

    def done(
        self, started: TurnStarted, seq: int, found: Sources, end: TurnCompleted | TurnCancelled
    ) -> Sequence[bytes]:
        """The sources, and the end of the stream."""
        done = Done(
            found.citations,
            found.chunk_references,
            session_id=started.session_id,
            message_id=started.message_id,
            digest=end.digest,
            quotations=found.quotations or UNSET,
            cancelled=end.cancelled_by if isinstance(end, TurnCancelled) else UNSET,
        )
        return (self._record(started, seq, done), DONE)

    def failure(self, started: TurnStarted, seq: int, event: TurnFailed) -> Sequence[bytes]:
        """What broke."""
        retry_after = UNSET if event.retry_after is None else event.retry_after
        return (self._record(started, seq, Failure(event.message, event.code, event.recoverable, retry_after)),)

    def error(self, error: MillraceError) -> bytes:
        """An error without a place in a log."""
        retry_after = UNSET if error.retry_after is None else error.retry_after
        answer = error.answer if isinstance(error, NoActiveStream) else None
        failure = Failure(
            error.message,
            error.code,
            error.recoverable,
            retry_after,
            message_id=answer.id if answer else UNSET,
            answer=stored_answer(answer.version)[0] if answer else UNSET,
        )
        return sse_record(self._encode(failure))

    def _record(self, started: TurnStarted, seq: int, data: Struct) -> bytes:
        return b"id: %b:%d\n" % (started.turn_id.encode(), seq) + sse_record(self._encode(data))


def decode_search(body: bytes, user_id: str) -> Search:
    """The question in a body.

    Raises:
        InvalidRequest: It holds none; the message names what is wrong.
    """
    request = _shaped(body, user_id, SearchRequest)
    if len(request.chat_history) > _MOST_MESSAGES:
        raise InvalidRequest(f"The field 'chat_history' holds more than {_MOST_MESSAGES} messages. Send the last ones.")
    return Search(
        query=request.user_query,
        history=tuple(PromptMessage(message.role, message.content) for message in request.chat_history),
        class_name=_class_name(request.class_name),
        document_id=_document_id("doc_id", request.doc_id),
        request_id=checked_id("request_id", request.request_id),
        model=checked_id("model", request.model),
    )


def decode_completion(body: bytes, user_id: str) -> Completion:
    """The question in a body.

    Raises:
        InvalidRequest: It holds none; the message names what is wrong.
    """
    request = _shaped(body, user_id, CompletionRequest)
    session_id = checked_id("chatSessionId", request.chat_session_id)
    if request.retry and session_id is None:
        raise InvalidRequest("The field 'chatSessionId' is missing: say in which conversation to try again.")
    if request.retry and request.ephemeral:
        raise InvalidRequest("An answer is kept or left behind: 'retry' and 'ephemeral' do not go together.")
    search = Search(
        query=request.message,
        class_name=_class_name(request.class_name),
        document_id=_document_id("docId", request.doc_id),
        request_id=checked_id("requestId", request.request_id),
        model=checked_id("model", request.model),
    )
    return Completion(search, session_id, request.ephemeral, request.retry)


def _shaped(body: bytes, user_id: str, shape: type[Any]) -> Any:
    fields = json_object(body)
    check_user(fields, user_id)
    # What is null is not there, in this protocol too.
    given = {name: value for name, value in fields.items() if value is not None}
    try:
        return msgspec.convert(given, shape)
    except msgspec.ValidationError as error:
        raise InvalidRequest(wrong_field(error)) from error


def _document_id(field: str, value: str | None) -> str | None:
    """A document's id; its clients spell "none" as a text."""
    return None if value in (None, "", "null") else checked_id(field, value)


def _class_name(value: str | None) -> str | None:
    if value is not None and len(value) > 200:
        raise InvalidRequest(f"The field 'class_name' is longer than 200 characters. {CORRECT}")
    return None if value in (None, "", "null") else value
