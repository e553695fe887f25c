"""OpenAI's chat completions: a turn as `chat.completion.chunk`s, or as one `chat.completion`.

The rules that clients hold a server to: one line of JSON per event, `data: [DONE]` at the end, no `id:` lines (the
Python client would take every later comment for an event), no nulls but that of `finish_reason`, nothing invented.
Usage comes as a chunk without choices, and only where it was asked for.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from millrace.dialects.openai_errors import error_body
from millrace.dialects.openai_parts import Thoughts, chat_usage, url_citations
from millrace.dialects.parts import sse_record
from millrace.model.errors import MillraceError
from millrace.model.events import (
    Citation,
    Entry,
    FinishReason,
    ReasoningDelta,
    ReasoningStep,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnStarted,
    Usage,
)
from millrace.model.failures import failed_turn
from millrace.stream.delivery import Merged
from millrace.stream.fold import fold
from millrace.stream.frames import Renderer

DONE = b"data: [DONE]\n\n"
"""The last record of a stream, however the turn ended."""

# There is no word for an answer that somebody stopped. Tool calls and pauses are none of ours to ask a client for.
_FINISH: dict[FinishReason, str] = {"length": "length", "filtered": "content_filter"}


class ChatCompletions:
    """Implements `EventDialect`; with `usage`, the usage is told at the end."""

    def __init__(self, *, usage: bool) -> None:
        self.name = "openai+usage" if usage else "openai"
        self._usage = usage

    def renderer(self) -> Renderer:
        """A renderer for one turn."""
        return ChunkRenderer(usage=self._usage)

    def error(self, error: MillraceError) -> bytes:
        """The record that makes the official clients raise."""
        return sse_record(error_body(error))


class ChunkRenderer:
    """Implements `Renderer`. Nothing is said before the model says something, so that a refusal can have its status."""

    __slots__ = ("_head", "_opened_at", "_text", "_thoughts", "_usage")

    def __init__(self, *, usage: bool) -> None:
        self._usage = usage
        self._head = b""
        self._text: list[str] = []
        self._thoughts = Thoughts()
        self._opened_at: int | None = None
        """The piece of text before which the role was told; -1 where something else was first."""

    def render(self, entry: Entry) -> Sequence[bytes]:
        """The records of an entry."""
        event = entry.event
        if type(event) is TextDelta:
            self._text.append(event.text)
            return (*self._open(event.index), self._content(event.text))
        match event:
            case ReasoningDelta() | ReasoningStep():
                return self._think(self._thoughts.more(event))
            case TurnStarted():
                self._head = self._begin(entry, event)
            case TurnCompleted():
                return (*self._open(-1), *self._completed(event))
            case TurnCancelled(usage=usage):
                return (*self._open(-1), *self._end("stop", usage))
            case TurnFailed():
                return (sse_record(error_body(failed_turn(event))),)
            case _:
                pass
        return ()

    def merge(self, merged: Merged) -> Sequence[bytes]:
        """One chunk for several pieces."""
        opening = (self._role(),) if merged.first == self._opened_at else ()
        return (*opening, self._content(merged.text))

    def _begin(self, entry: Entry, started: TurnStarted) -> bytes:
        """What all chunks begin with. It is put together once: encoding it anew would be most of a token's cost."""
        head = {
            "id": completion_id(started.turn_id),
            "object": "chat.completion.chunk",
            "created": entry.at // 1000,
            "model": started.model,
        }
        return b"data: " + msgspec.json.encode(head)[:-1]

    def _open(self, index: int) -> Sequence[bytes]:
        if self._opened_at is not None:
            return ()
        self._opened_at = index
        return (self._role(),)

    def _think(self, text: str) -> Sequence[bytes]:
        if not text:
            return ()
        return (*self._open(-1), self._delta(b'{"reasoning_content":' + msgspec.json.encode(text) + b"}"))

    def _role(self) -> bytes:
        return self._delta(b'{"role":"assistant","content":""}')

    def _content(self, text: str) -> bytes:
        return self._delta(b'{"content":' + msgspec.json.encode(text) + b"}")

    def _delta(self, delta: bytes, finish: bytes = b"null", more: bytes = b"") -> bytes:
        choice = b',"choices":[{"index":0,"delta":' + delta + b',"finish_reason":' + finish + b"}]"
        return self._head + choice + more + b"}\n\n"

    def _completed(self, event: TurnCompleted) -> Sequence[bytes]:
        end = self._end(_FINISH.get(event.finish_reason, "stop"), event.usage)
        if not event.citations:
            return end
        delta = msgspec.json.encode({"annotations": _annotations("".join(self._text), event.citations)})
        urls = msgspec.json.encode(_urls(event.citations))
        return (self._delta(delta, more=b',"citations":' + urls), *end)

    def _end(self, finish: str, usage: Usage) -> Sequence[bytes]:
        last = self._delta(b"{}", finish=b'"' + finish.encode() + b'"')
        if not self._usage:
            return (last,)
        return (last, self._head + b',"choices":[],"usage":' + msgspec.json.encode(chat_usage(usage)) + b"}\n\n")


def completion(entries: Sequence[Entry]) -> dict[str, Any]:
    """The `chat.completion` that a whole turn amounts to.

    Raises:
        MillraceError: What the turn failed with.
    """
    end = entries[-1].event
    if isinstance(end, TurnFailed):
        raise failed_turn(end)
    folded, started = fold(entries), entries[0].event
    message: dict[str, Any] = {"role": "assistant", "content": folded.text}
    thoughts = folded.reasoning or "\n\n".join(step.content for step in folded.reasoning_steps)
    if thoughts:
        message["reasoning_content"] = thoughts
    if folded.citations:
        message["annotations"] = _annotations(folded.text, folded.citations)
    finish = _FINISH.get(end.finish_reason, "stop") if isinstance(end, TurnCompleted) else "stop"
    body: dict[str, Any] = {
        "id": completion_id(folded.turn_id),
        "object": "chat.completion",
        "created": entries[0].at // 1000,
        # As every chunk of a stream names it, whoever went on with the answer later.
        "model": started.model if isinstance(started, TurnStarted) else folded.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": chat_usage(folded.usage or Usage()),
    }
    if folded.citations:
        body["citations"] = _urls(folded.citations)
    return body


def completion_id(turn_id: str) -> str:
    """The id of a completion, by which its turn can be found in the logs of clients and ours."""
    return f"chatcmpl-{turn_id}"


def _annotations(text: str, citations: Sequence[Citation]) -> list[dict[str, Any]]:
    return [{"type": "url_citation", "url_citation": found} for found in url_citations(text, citations)]


def _urls(citations: Sequence[Citation]) -> list[str]:
    return list(dict.fromkeys(citation.url for citation in citations))
