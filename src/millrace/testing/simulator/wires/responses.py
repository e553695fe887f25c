"""OpenAI's Responses wire. Pure.

Every event has a name, its type and a `sequence_number`; the last one has the whole response and the usage, and no
`[DONE]` follows. A response that is made in the background can be taken up again after any event: `resumed` encodes it
once more and leaves out what came before.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from millrace.testing.simulator.ask import Ask, AskError
from millrace.testing.simulator.behaviour import Behaviour, ReasoningPlace, UsagePlace
from millrace.testing.simulator.faults import Refusal
from millrace.testing.simulator.script import FinishReason, Script
from millrace.testing.simulator.text import Token
from millrace.testing.simulator.wires.base import Identity
from millrace.testing.simulator.wires.conversation import Said, with_conversation
from millrace.testing.simulator.wires.openai_chat import OpenAIChatWire

_encode: Final = msgspec.json.encode
_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}


class _Part(msgspec.Struct):
    text: str = ""


class _Message(msgspec.Struct):
    role: str = "user"
    content: str | list[_Part] = ""

    def said(self) -> Said:
        text = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        return Said("assistant" if self.role == "assistant" else "user" if self.role == "user" else "system", text)


class _Request(msgspec.Struct):
    model: str
    input: str | list[_Message]
    instructions: str | None = None
    stream: bool | None = None
    max_output_tokens: int | None = None
    background: bool | None = None


class ResponsesWire:
    """``POST /v1/responses``."""

    path: Final = "/v1/responses"
    models_path: Final = "/v1/models"
    stream_type: Final = "text/event-stream; charset=utf-8"

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(_Request)

    def read(self, body: bytes) -> Ask:
        """Decode a request; keys that the simulator does not need are ignored.

        Raises:
            AskError: The body is no JSON, lacks ``model`` or ``input``, or has a value of a wrong type.
        """
        try:
            request = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise AskError(f"The request body is not a response request: {error}.") from error
        if not request.input:
            raise AskError("'input' is empty: send at least one message.", "input")
        if request.max_output_tokens is not None and request.max_output_tokens < 1:
            raise AskError("The maximum of tokens must be at least 1.", "max_output_tokens")
        rules = [Said("system", request.instructions)] if request.instructions else []
        asked = request.input
        said = [Said("user", asked)] if isinstance(asked, str) else [message.said() for message in asked]
        ask = Ask(model=request.model, stream=bool(request.stream), max_tokens=request.max_output_tokens)
        return with_conversation(ask, rules + said)

    def in_background(self, body: bytes) -> bool:
        """Whether a request, which `read` accepts, asks for an answer in the background."""
        return bool(self._decoder.decode(body).background)

    def encoder(self, ask: Ask, behaviour: Behaviour, identity: Identity) -> "ResponsesEncoder":
        """The encoder of one answer."""
        return ResponsesEncoder(ask, behaviour, identity)

    def refusal(self, refusal: Refusal) -> bytes:
        """The JSON body of an error answer: ``{"error": {"message", "type", "param", "code"}}``."""
        return _encode({"error": _error(refusal)})

    def claims(self, headers: Mapping[str, str]) -> bool:  # noqa: ARG002 - nothing tells its clients
        """None: the models are those of the chat completions, whose wire answers for both."""
        return False

    def models(self, names: Iterable[str]) -> bytes:
        """The body of ``GET /v1/models``."""
        return OpenAIChatWire().models(names)


class ResumedResponsesWire(ResponsesWire):
    """The stream of a response that goes on after an event.

    Args:
        identity: The response.
        after: The number of the last event that its client has.
    """

    def __init__(self, identity: Identity, after: int) -> None:
        super().__init__()
        self._identity = identity
        self._after = after

    def encoder(self, ask: Ask, behaviour: Behaviour, identity: Identity) -> "ResponsesEncoder":
        """The encoder of the rest."""
        known = msgspec.structs.replace(self._identity, model=identity.model)
        return ResponsesEncoder(ask, behaviour, known, after=self._after)


def response_id(number: int) -> str:
    """The id of the response to a request."""
    return f"resp_sim_{number}"


def number_of(name: str) -> int | None:
    """The number of the request that a response answers; none if it is no id of ours."""
    number = name.removeprefix("resp_sim_")
    return int(number) if number.isdigit() and response_id(int(number)) == name else None


class ResponsesEncoder:
    """Encodes one response.

    Args:
        ask: The request.
        behaviour: Where the usage stands, and whether thoughts are a summary or the model's own words.
        identity: What the response says of itself.
        after: Events up to this number are left out.
    """

    def __init__(self, ask: Ask, behaviour: Behaviour, identity: Identity, *, after: int = -1) -> None:
        self._identity = identity
        self._counts = behaviour.usage is not UsagePlace.NONE
        self._raw = behaviour.reasoning_place is ReasoningPlace.REASONING
        self._max_tokens = ask.max_tokens
        self._prompt_tokens = ask.prompt_tokens
        self._after = after
        self._sequence = 0
        self._thoughts: list[str] = []
        self._texts: list[str] = []
        self._output: list[dict[str, Any]] = []
        self._open = ""  # the kind of the item that is open

    def start(self) -> bytes:
        """The events that say that a response begins."""
        begun = self._response("in_progress")
        return self._event("response.created", response=begun) + self._event("response.in_progress", response=begun)

    def reasoning_start(self) -> bytes:
        """The opening of the reasoning item."""
        self._open = "reasoning"
        opened = self._event("response.output_item.added", **self._at(), item=self._reasoning_item())
        if self._raw:
            part: dict[str, Any] = {"type": "reasoning_text", "text": ""}
            return opened + self._event("response.content_part.added", **self._in_item(), content_index=0, part=part)
        part = {"type": "summary_text", "text": ""}
        return opened + self._event(
            "response.reasoning_summary_part.added", **self._in_item(), summary_index=0, part=part
        )

    def reasoning(self, tokens: Sequence[Token]) -> bytes:
        """Tokens of the thinking, one event each."""
        kind = "response.reasoning_text.delta" if self._raw else "response.reasoning_summary_text.delta"
        self._thoughts += [token.text for token in tokens]
        return self._deltas(kind, b"content_index" if self._raw else b"summary_index", tokens)

    def reasoning_end(self) -> bytes:
        """The closing of the reasoning item."""
        said = "".join(self._thoughts)
        if self._raw:
            part = {"type": "reasoning_text", "text": said}
            closed = self._event("response.reasoning_text.done", **self._in_item(), content_index=0, text=said)
            closed += self._event("response.content_part.done", **self._in_item(), content_index=0, part=part)
        else:
            part = {"type": "summary_text", "text": said}
            closed = self._event("response.reasoning_summary_text.done", **self._in_item(), summary_index=0, text=said)
            closed += self._event("response.reasoning_summary_part.done", **self._in_item(), summary_index=0, part=part)
        item = self._reasoning_item()
        closed += self._event("response.output_item.done", **self._at(), item=item)
        self._output.append(item)
        self._open = ""
        return closed

    def text(self, tokens: Sequence[Token]) -> bytes:
        """Tokens of the answer, one event each; the first opens the message."""
        opened = b"" if self._open else self._message_start()
        self._texts += [token.text for token in tokens]
        return opened + self._deltas("response.output_text.delta", b"content_index", tokens)

    def finish(self, reason: FinishReason) -> bytes:
        """The closing of what is open, and the terminal event with the whole response."""
        closed = self.reasoning_end() if self._open == "reasoning" else b""
        closed += b"" if self._open else self._message_start()
        said = "".join(self._texts)
        part = _text_part(said)
        closed += self._event(
            "response.output_text.done", **self._in_item(), content_index=0, text=said, logprobs=[]
        ) + self._event("response.content_part.done", **self._in_item(), content_index=0, part=part)
        item = self._message_item("completed" if reason == "stop" else "incomplete")
        closed += self._event("response.output_item.done", **self._at(), item=item)
        self._output.append(item)
        status = "completed" if reason == "stop" else "incomplete"
        return closed + self._event(f"response.{status}", response=self._response(status, reason))

    def whole(self, script: Script) -> bytes:
        """The response object of a request that does not stream."""
        self._thoughts = [token.text for token in script.reasoning]
        self._texts = [token.text for token in script.text]
        status = "completed" if script.finish == "stop" else "incomplete"
        self._output = [self._reasoning_item()] if self._thoughts else []
        self._output.append(self._message_item(status))
        return _encode(self._response(status, script.finish))

    def error(self, refusal: Refusal) -> bytes:
        """An error event, and the end of the response, as OpenAI sends them."""
        failed = self._response("failed") | {"error": {"code": "server_error", "message": refusal.message}}
        return self._event("error", error=_error(refusal)) + self._event("response.failed", response=failed)

    def malformed(self) -> bytes:
        """An event that breaks off within a string."""
        return b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"brok\n\n'

    def bad_utf8(self) -> bytes:
        """A text event with three bytes that no UTF-8 text has."""
        return self._deltas("response.output_text.delta", b"content_index", [Token("", b'"\xc3(\xff\xfe"')])

    def open_line(self) -> bytes:
        """A text event up to the middle of its text."""
        return b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"'

    def _message_start(self) -> bytes:
        self._open = "message"
        item = self._message_item("in_progress") | {"content": []}
        return self._event("response.output_item.added", **self._at(), item=item) + self._event(
            "response.content_part.added", **self._in_item(), content_index=0, part=_text_part("")
        )

    def _deltas(self, kind: str, index: bytes, tokens: Sequence[Token]) -> bytes:
        name = kind.encode()
        head = b'event: %b\ndata: {"type":"%b",' % (name, name)
        place = _encode(self._in_item())[1:-1] + b',"%b":0,"delta":' % index
        tail = b',"logprobs":[]}\n\n' if kind == "response.output_text.delta" else b"}\n\n"
        events: list[bytes] = []
        for token in tokens:
            if self._sequence > self._after:
                events.append(b'%b"sequence_number":%d,%b%b%b' % (head, self._sequence, place, token.json, tail))
            self._sequence += 1
        return b"".join(events)

    def _event(self, kind: str, **fields: Any) -> bytes:
        number = self._sequence
        self._sequence += 1
        if number <= self._after:
            return b""
        return b"event: %b\ndata: %b\n\n" % (
            kind.encode(),
            _encode({"type": kind, "sequence_number": number, **fields}),
        )

    def _at(self) -> dict[str, Any]:
        return {"output_index": len(self._output)}

    def _in_item(self) -> dict[str, Any]:
        prefix = "rs" if self._open == "reasoning" else "msg"
        return {"item_id": f"{prefix}_sim_{self._identity.number}", "output_index": len(self._output)}

    def _reasoning_item(self) -> dict[str, Any]:
        said = "".join(self._thoughts)
        item: dict[str, Any] = {"id": f"rs_sim_{self._identity.number}", "type": "reasoning", "summary": []}
        if said and self._raw:
            item["content"] = [{"type": "reasoning_text", "text": said}]
        elif said:
            item["summary"] = [{"type": "summary_text", "text": said}]
        return item

    def _message_item(self, status: str) -> dict[str, Any]:
        return {
            "id": f"msg_sim_{self._identity.number}",
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": [_text_part("".join(self._texts))],
        }

    def _response(self, status: str, reason: FinishReason = "stop") -> dict[str, Any]:
        ended = status in ("completed", "incomplete")
        return {
            "id": response_id(self._identity.number),
            "object": "response",
            "created_at": self._identity.created,
            "status": status,
            "error": None,
            "incomplete_details": {"reason": _INCOMPLETE[reason]} if status == "incomplete" else None,
            "instructions": None,
            "max_output_tokens": self._max_tokens,
            "metadata": {},
            "model": self._identity.model,
            "output": self._output if ended else [],
            "parallel_tool_calls": True,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "usage": self._usage() if ended and self._counts else None,
        }

    def _usage(self) -> dict[str, Any]:
        written = len(self._thoughts) + len(self._texts)
        return {
            "input_tokens": self._prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": len(self._thoughts)},
            "total_tokens": self._prompt_tokens + written,
        }


def _text_part(said: str) -> dict[str, Any]:
    return {"type": "output_text", "text": said, "annotations": [], "logprobs": []}


def _error(refusal: Refusal) -> dict[str, Any]:
    return {"message": refusal.message, "type": refusal.type, "param": refusal.param, "code": refusal.code}
