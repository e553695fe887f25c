"""The dialect of the AI SDK: chat requests in, UI message streams out, for its versions 5, 6 and 7 alike."""

from typing import Any, Literal

import msgspec
from msgspec import Struct, structs

from millrace.dialects.ai_sdk_chunks import Error
from millrace.dialects.ai_sdk_words import AiSdkWords
from millrace.dialects.parts import PartsRenderer, sse_record
from millrace.dialects.reading import CORRECT, checked_id, json_object, wrong_field
from millrace.dialects.wishes import command_of, given, request_key
from millrace.model.commands import StartTurn
from millrace.model.errors import InvalidRequest, MillraceError
from millrace.stream.frames import Renderer

Trigger = Literal["submit-message", "regenerate-message"]
DONE = b"data: [DONE]\n\n"
"""What a UI message stream ends with over HTTP, however the answer ended."""


class Ask(Struct, frozen=True, kw_only=True):
    """A request for an answer.

    With `again` an answer is to be written again: `answer_id`, or where that is not given the answer to the question in
    `command`. The client calls that question `question_id`, and its idempotency key was `question_key`.
    """

    command: StartTurn
    again: bool = False
    answer_id: str | None = None
    question_id: str = ""
    question_key: str | None = None


class Question(Struct, frozen=True):
    """A user's message: the client's own id of it, if it has one, and its text."""

    id: str
    text: str


class UiPart(Struct, frozen=True):
    """A part of a message, of which texts and files are known here."""

    type: str
    text: str = ""


class UiMessage(Struct, frozen=True):
    """A user's message."""

    parts: tuple[UiPart, ...]
    id: str = ""


class UiHead(Struct, frozen=True):
    """What must be known of every message that a client sends along."""

    role: str
    id: str = ""


class ChatRequest(Struct, frozen=True, rename="camel"):
    """What a chat transport sends: `id` is the client's own name of the conversation.

    Some applications send their `message` instead of all `messages`.
    """

    id: str
    messages: tuple[dict[str, Any], ...] = ()
    message: dict[str, Any] | None = None
    trigger: Trigger = "submit-message"
    message_id: str | None = None


class AiSdkDialect:
    """Implements `EventDialect`.

    Args:
        waits: Whether nothing is said before the model has said something, so that a provider's refusal can be an HTTP
            status. Who resumes wants to know at once that there is something to resume.
    """

    def __init__(self, *, waits: bool = False) -> None:
        self.name = "ai_sdk waiting" if waits else "ai_sdk"
        self._waits = waits

    def renderer(self) -> Renderer:
        """A renderer for one turn."""
        return PartsRenderer(AiSdkWords(), waits=self._waits)

    def error(self, error: MillraceError) -> bytes:
        """An error that ends the stream but is no entry of the turn's log."""
        return sse_record(msgspec.json.encode(Error(error_text=error.message)))


def decode_ask(body: bytes, user_id: str, *, key: str | None = None) -> Ask:
    """The request in the body of a `POST`.

    Args:
        body: What came.
        user_id: Who sent it.
        key: An idempotency key, where the client gave one: for what has no key of its own.

    Raises:
        InvalidRequest: It is no request; the message names what is wrong.
    """
    fields = json_object(body)
    return ask_of(fields, fields, user_id, key=key)


def ask_of(fields: dict[str, Any], wishes: dict[str, Any], user_id: str, *, key: str | None = None) -> Ask:
    """The request in the fields of a message; `wishes` are the application's own.

    History is the server's: of the messages only the user's last one counts. Its id makes the request idempotent,
    together with its text, because a message that was edited keeps its id.

    Raises:
        InvalidRequest: They are no request; the message names what is wrong.
    """
    try:
        request = msgspec.convert(given(fields), ChatRequest)
        heads = msgspec.convert(_messages(request), tuple[UiHead, ...])
        question = _question(request, heads)
        command = command_of(wishes, user_id)
    except msgspec.ValidationError as error:
        raise InvalidRequest(wrong_field(error)) from error
    name = checked_id("id", request.id)
    if name is None:
        raise InvalidRequest(f"The field 'id' is empty: it names the conversation. {CORRECT}")
    text = question.text if question is not None else ""
    question_key = request_key(name, question.id, text) if question is not None and question.id else None
    again = request.trigger == "regenerate-message"
    request_id = key if again else question_key or key
    asked = {head.id for head in heads}
    return Ask(
        command=structs.replace(command, message=text, session_name=name, request_id=request_id),
        again=again,
        answer_id=request.message_id if again and request.message_id not in asked else None,
        question_id=question.id if question is not None else "",
        question_key=question_key,
    )


def decode_stop(body: bytes) -> str | None:
    """The turn that is to be stopped, where the body of a `POST` names it; the body may be empty.

    Raises:
        InvalidRequest: It is no JSON object, or the turn's id is no text.
    """
    stream_id = json_object(body).get("activeStreamId") if body else None
    if stream_id is not None and not isinstance(stream_id, str):
        raise InvalidRequest(f"The field 'activeStreamId' is no text. {CORRECT}")
    return stream_id


def _messages(request: ChatRequest) -> tuple[dict[str, Any], ...]:
    return request.messages if request.message is None else (request.message,)


def _question(request: ChatRequest, heads: tuple[UiHead, ...]) -> "Question | None":
    """The user's last message. Only an answer that is named can be written again without one.

    Raises:
        InvalidRequest: There is none that could be answered.
    """
    place = next((place for place in reversed(range(len(heads))) if heads[place].role == "user"), None)
    if request.trigger == "submit-message" and (place is None or place != len(heads) - 1):
        raise InvalidRequest("The last of the 'messages' must be the user's. Results of tools cannot be sent here.")
    if place is None:
        if request.message_id is None:
            raise InvalidRequest("There is no message of the user's in 'messages', and no 'messageId' of an answer.")
        return None
    message = msgspec.convert(_messages(request)[place], UiMessage)
    if any(part.type == "file" for part in message.parts):
        raise InvalidRequest("Files cannot be sent with a message. Upload them as documents, and name these.")
    return Question(message.id, "\n".join(part.text for part in message.parts if part.type == "text"))
