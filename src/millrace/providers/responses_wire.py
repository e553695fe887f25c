"""The events of OpenAI's Responses stream: events in, deltas out. Pure.

What belongs together is told by `output_index` and `content_index` (or `summary_index`), never by `item_id`: there are
gateways that send another id with every event. An event is what its JSON `type` says; its SSE name, which others leave
out, counts only where there is no type.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from millrace.model.generation import CitationsFound, Delta, Finished, ReasoningPiece, TextPiece, UsageReported
from millrace.providers import failures
from millrace.providers.citations import CitationCollector
from millrace.providers.failures import Call, Refusal
from millrace.providers.logprobs import score
from millrace.providers.refusals import refusal_of
from millrace.providers.responses_events import (
    ResponseEvent,
    decode_event,
    decode_response,
    finish_reason,
    items_of,
    parts_of,
    usage_of,
)
from millrace.providers.sse import SseEvent

_TOOLS = frozenset({"function_call", "custom_tool_call"})
_NOTHING = -(2**63)  # before every sequence number


@dataclass(slots=True)
class _Passage:
    """A part of the answer: where it begins in the text, how much of it has come, whether it is whole."""

    begin: int
    length: int = 0
    whole: bool = False


class ResponsesDecoder:
    """Reads the events of one answer.

    Only a terminal event makes it a whole answer. `response_id` and `sequence` say where a broken stream can be taken
    up again; after `resume` this decoder reads the stream that goes on there.
    """

    known = None  # its events are read one by one

    __slots__ = (
        "_after",
        "_call",
        "_collector",
        "_passages",
        "_refused",
        "_said",
        "_thoughts",
        "_tools",
        "done",
        "response_id",
        "sequence",
    )

    def __init__(self, call: Call) -> None:
        self._call = call
        self._collector: CitationCollector | None = None
        self._passages: dict[tuple[int, int], _Passage] = {}
        self._thoughts: dict[tuple[str, int, int], None] = {}
        self._said = 0  # characters of text
        self._refused = False
        self._tools = False
        self._after = _NOTHING
        self.response_id = ""
        self.sequence = -1
        self.done = False

    @property
    def ended(self) -> bool:
        """Whether the terminal event has come."""
        return self.done

    def resume(self) -> None:
        """Read another stream of the same response: what of it has come already is passed over."""
        self._after = self.sequence

    def feed(self, event: SseEvent, out: list[Delta]) -> None:
        """Read one event and append what it says to `out`; events of unknown types say nothing.

        Raises:
            MillraceError: The provider reports a failure, or sent something that cannot be read.
        """
        data = event.data
        if self.done or not data or data.isspace() or data.startswith(b"[DONE]"):
            return
        try:
            said = decode_event(data)
        except ValueError as error:
            self.done = True
            if event.name == "error":
                raise failures.refused(self._call, Refusal(words=event.text)) from error
            raise failures.unreadable(self._call, error) from error
        number = said.sequence_number
        if type(number) is int:
            if number <= self._after:
                return
            self.sequence = number
        kind = said.type if isinstance(said.type, str) else event.name
        if kind == "response.output_text.delta":
            self._text(said, said.delta, out)
            if said.logprobs:
                score(said.logprobs, out)
        elif (read := _READERS.get(kind)) is not None:
            read(self, said, out)
        elif said.error is not None:
            self._error(said, out)

    def whole(self, data: bytes, out: list[Delta]) -> None:
        """Read a whole response, from a server that does not stream, as one piece.

        Raises:
            MillraceError: It is an error, unfinished, or cannot be read.
        """
        try:
            response = decode_response(data)
        except ValueError as error:
            self.done = True
            raise failures.unreadable(self._call, error) from error
        inner = response.get("response")
        response = inner if isinstance(inner, dict) else response
        if response.get("error") is not None or response.get("status") == "failed" or "output" not in response:
            self._fail(response.get("error") or response)
        if response.get("status") not in ("completed", "incomplete", None):
            raise failures.truncated(self._call, response.get("status"))
        self._end(response, out)

    def close(self, out: list[Delta], cause: object = "") -> None:  # noqa: ARG002 - nothing is held back on this wire
        """End the stream.

        Raises:
            ProviderFailure: It ended before the model did.
        """
        if not self.done:
            raise failures.truncated(self._call, cause)

    def _text(self, said: ResponseEvent, text: Any, out: list[Delta]) -> None:
        passage = self._passage(said)
        if text and isinstance(text, str) and not passage.whole:
            passage.length += len(text)
            self._said += len(text)
            out.append(TextPiece(text))

    def _passage(self, said: ResponseEvent) -> _Passage:
        key = (_index(said.output_index), _index(said.content_index))
        passage = self._passages.get(key)
        if passage is None:
            passage = self._passages[key] = _Passage(self._said)
        return passage

    def _text_done(self, said: ResponseEvent, out: list[Delta]) -> None:
        """The whole passage: all of it where no piece of it came. Whatever comes for it later is a repetition."""
        text = said.text or said.refusal
        if isinstance(text, str) and text:
            passage = self._passage(said)
            if not passage.length:
                self._text(said, text, out)
            passage.whole = True

    def _refusal(self, said: ResponseEvent, out: list[Delta]) -> None:
        self._refused = True
        self._text(said, said.delta, out)

    def _summary(self, said: ResponseEvent, out: list[Delta]) -> None:
        self._think(("summary", _index(said.output_index), _index(said.summary_index)), said.delta, out)

    def _reasoning(self, said: ResponseEvent, out: list[Delta]) -> None:
        self._think(("text", _index(said.output_index), _index(said.content_index)), said.delta, out)

    def _summary_done(self, said: ResponseEvent, out: list[Delta]) -> None:
        key = ("summary", _index(said.output_index), _index(said.summary_index))
        if key not in self._thoughts:
            self._think(key, said.text, out)

    def _reasoning_done(self, said: ResponseEvent, out: list[Delta]) -> None:
        key = ("text", _index(said.output_index), _index(said.content_index))
        if key not in self._thoughts:
            self._think(key, said.text, out)

    def _think(self, key: tuple[str, int, int], text: Any, out: list[Delta]) -> None:
        if text and isinstance(text, str):
            parted = bool(self._thoughts) and key not in self._thoughts
            self._thoughts[key] = None
            out.append(ReasoningPiece(f"\n\n{text}" if parted else text))

    def _annotation(self, said: ResponseEvent, out: list[Delta]) -> None:
        self._cite([said.annotation], self._passage(said).begin, out)

    def _cite(self, annotations: Any, begin: int, out: list[Delta]) -> None:
        """Note sources with places counted from character `begin` of the text; a file has no address and is none."""
        if self._collector is None:
            self._collector = CitationCollector()
        found = self._collector.from_annotations([_moved(note, begin) for note in annotations or ()])
        if found:
            out.append(CitationsFound(found))

    def _begun(self, said: ResponseEvent, _out: list[Delta]) -> None:
        name = said.response.get("id") if isinstance(said.response, dict) else None
        if isinstance(name, str) and not self.response_id:
            self.response_id = name

    def _item(self, said: ResponseEvent, _out: list[Delta]) -> None:
        if isinstance(said.item, dict) and said.item.get("type") in _TOOLS:
            self._tools = True

    def _terminal(self, said: ResponseEvent, out: list[Delta]) -> None:
        self._end(said.response if isinstance(said.response, dict) else {}, out, said.type)

    def _failed(self, said: ResponseEvent, out: list[Delta]) -> None:
        response = said.response if isinstance(said.response, dict) else {}
        self._report(response, out)
        self._fail(response.get("error") or {"code": response.get("status") or said.type})

    def _error(self, said: ResponseEvent, _out: list[Delta]) -> None:
        self._fail(said.error if said.error is not None else {"code": said.code, "message": said.message})

    def _fail(self, error: Any) -> None:
        self.done = True
        raise failures.refused(self._call, refusal_of(error))

    def _end(self, response: dict[str, Any], out: list[Delta], kind: str = "") -> None:
        for item in items_of(response):
            self._tools = self._tools or item.get("type") in _TOOLS
        if not self._said:
            self._take(response, out)
        self._report(response, out)
        if kind == "response.incomplete":
            response = {**response, "status": "incomplete"}
        self.done = True
        out.append(Finished(finish_reason(response, tools=self._tools, refused=self._refused)))

    def _report(self, response: dict[str, Any], out: list[Delta]) -> None:
        counted = usage_of(response)
        if counted is not None:
            out.append(UsageReported(*counted))

    def _take(self, response: dict[str, Any], out: list[Delta]) -> None:
        """Read the whole output, of which no text had come before."""
        for number, item in enumerate(items_of(response)):
            if not self._thoughts or item.get("type") != "reasoning":
                for key, parts in (("summary", parts_of(item, "summary")), ("text", _thoughts(item))):
                    for index, part in enumerate(parts):
                        self._think((key, number, index), part.get("text"), out)
            for index, part in enumerate(() if item.get("type") == "reasoning" else parts_of(item)):
                self._refused = self._refused or part.get("type") == "refusal"
                begin = self._said
                text = part.get("text") or part.get("refusal")
                self._text(ResponseEvent(output_index=number, content_index=index), text, out)
                self._cite(part.get("annotations"), begin, out)


def _index(value: Any) -> int:
    return value if type(value) is int else -1


def _thoughts(item: dict[str, Any]) -> Any:
    return parts_of(item) if item.get("type") == "reasoning" else ()


def _moved(note: Any, begin: int) -> Any:
    """An annotation with its places counted from the beginning of the whole text."""
    if not begin or not isinstance(note, dict):
        return note
    source = note.get("url_citation", note)
    if not isinstance(source, dict):
        return note
    places = {key: source[key] + begin for key in ("start_index", "end_index") if type(source.get(key)) is int}
    return {**source, **places}


_Reader = Callable[[ResponsesDecoder, ResponseEvent, list[Delta]], None]
_READERS: MappingProxyType[str, _Reader] = MappingProxyType(
    {
        "response.created": ResponsesDecoder._begun,
        "response.queued": ResponsesDecoder._begun,
        "response.in_progress": ResponsesDecoder._begun,
        "response.output_item.added": ResponsesDecoder._item,
        "response.reasoning_summary_text.delta": ResponsesDecoder._summary,
        "response.reasoning_summary_text.done": ResponsesDecoder._summary_done,
        "response.reasoning_text.delta": ResponsesDecoder._reasoning,
        "response.reasoning_text.done": ResponsesDecoder._reasoning_done,
        "response.output_text.done": ResponsesDecoder._text_done,
        "response.output_text.annotation.added": ResponsesDecoder._annotation,
        "response.refusal.delta": ResponsesDecoder._refusal,
        "response.refusal.done": ResponsesDecoder._text_done,
        "response.completed": ResponsesDecoder._terminal,
        "response.incomplete": ResponsesDecoder._terminal,
        "response.failed": ResponsesDecoder._failed,
        "response.cancelled": ResponsesDecoder._failed,
        "error": ResponsesDecoder._error,
    }
)
