"""The dialect of AG-UI 1.0: runs in, events out."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct, structs

from millrace.dialects.ag_ui_events import RunError
from millrace.dialects.ag_ui_history import AgentMessage
from millrace.dialects.ag_ui_words import AgUiWords
from millrace.dialects.parts import PartsRenderer, sse_record
from millrace.dialects.reading import CORRECT, checked_id, json_object, wrong_field
from millrace.dialects.remarks import error_details
from millrace.dialects.wishes import command_of, given, request_key
from millrace.model.commands import StartTurn
from millrace.model.errors import InvalidRequest, MillraceError
from millrace.stream.frames import Renderer


class RunNames(Struct, frozen=True):
    """What a client calls the conversation and the run; it wants to be answered under these names."""

    thread_id: str
    run_id: str


class ContentPart(Struct, frozen=True):
    """A part of a message, of which texts are known here."""

    type: str
    text: str = ""


class UserMessage(Struct, frozen=True):
    """A user's message."""

    content: str | tuple[ContentPart, ...]


class MessageHead(Struct, frozen=True):
    """What must be known of every message that a client sends along."""

    role: str


class RunAgentInput(Struct, frozen=True, rename="camel"):
    """What a client sends: `forwarded_props` are the application's own. Tools and state are the client's business."""

    thread_id: str
    run_id: str
    messages: tuple[dict[str, Any], ...]
    forwarded_props: Any = None
    resume: tuple[dict[str, Any], ...] = ()


class AgUiDialect:
    """Implements `EventDialect` for one client's run.

    Args:
        names: The client's own, which are in the frames.
        said: The messages to tell before the answer, to a client that only joins in.
    """

    def __init__(self, names: RunNames, said: Sequence[AgentMessage] | None = None) -> None:
        self._names = names
        self._said = said
        joining = "" if said is None else msgspec.json.encode(said).decode()
        self.name = f"ag_ui {request_key(names.thread_id, names.run_id, joining)}"

    def renderer(self) -> Renderer:
        """A renderer for one turn."""
        return PartsRenderer(self._words())

    def idle(self) -> bytes:
        """All of a run in which nothing is answered."""
        return b"".join(self._words().idle())

    def error(self, error: MillraceError) -> bytes:
        """An error that ends the stream but is no entry of the turn's log."""
        details = error_details(error.code, recoverable=error.recoverable, retry_after=error.retry_after)
        event = RunError(message=error.message, code=error.code, metadata={"error": details})
        return sse_record(msgspec.json.encode(event))

    def _words(self) -> AgUiWords:
        return AgUiWords(self._names.thread_id, self._names.run_id, self._said)


def decode_run(body: bytes, user_id: str) -> tuple[StartTurn, RunNames]:
    """The question in the body of a `POST`, and the names of its run.

    History is the server's: of the messages only the last one counts, which must be the user's. The run's id makes it
    idempotent.

    Raises:
        InvalidRequest: It is none; the message names what is wrong.
    """
    run, names = _decode(body)
    props = run.forwarded_props
    try:
        text = _question(run.messages)
        command = command_of(props if isinstance(props, dict) else {}, user_id)
    except msgspec.ValidationError as error:
        raise InvalidRequest(wrong_field(error)) from error
    if run.resume:
        raise InvalidRequest("There is nothing to 'resume': runs here are never interrupted for an approval.")
    key = request_key(names.thread_id, names.run_id)
    return structs.replace(command, message=text, session_name=names.thread_id, request_id=key), names


def decode_names(body: bytes) -> RunNames:
    """The names in the body of a `POST` that only wants to watch.

    Raises:
        InvalidRequest: It is no run; the message names what is wrong.
    """
    return _decode(body)[1]


def _decode(body: bytes) -> tuple[RunAgentInput, RunNames]:
    try:
        run = msgspec.convert(given(json_object(body)), RunAgentInput)
    except msgspec.ValidationError as error:
        raise InvalidRequest(wrong_field(error)) from error
    thread_id, run_id = checked_id("threadId", run.thread_id), checked_id("runId", run.run_id)
    if thread_id is None or run_id is None:
        raise InvalidRequest(f"The fields 'threadId' and 'runId' must not be empty. {CORRECT}")
    return run, RunNames(thread_id, run_id)


def _question(messages: Sequence[dict[str, Any]]) -> str:
    """The text of the user's message, which is the last one."""
    if not messages or msgspec.convert(messages[-1], MessageHead).role != "user":
        raise InvalidRequest("The last of the 'messages' must be the user's. Results of tools cannot be sent here.")
    content = msgspec.convert(messages[-1], UserMessage).content
    if isinstance(content, str):
        return content
    if any(part.type != "text" for part in content):
        raise InvalidRequest("Only text can be sent with a message. Upload files as documents, and name these.")
    return "\n".join(part.text for part in content)
