"""Streams of the chat-completions wire, and what comes out of them."""

import json
from typing import Any

from millrace.model.errors import MillraceError
from millrace.model.events import Citation, Usage
from millrace.model.generation import CitationsFound, Delta, Finished, ReasoningPiece, TextPiece, UsageReported
from millrace.providers.chat_body import ChatBody
from millrace.providers.failures import Call

DONE = b"data: [DONE]\n\n"


def event(value: Any, name: str = "") -> bytes:
    """One event with JSON as its data."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def chunk(delta: Any = None, finish: Any = None, **more: Any) -> bytes:
    """One chunk with one choice."""
    choice = {"index": 0, "delta": {} if delta is None else delta, "finish_reason": finish}
    return event(
        {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more}
    )


def text(content: Any) -> bytes:
    """One chunk with a piece of text."""
    return chunk({"content": content})


STOP = chunk(finish="stop")
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
EMPTY_CHOICES = event({"object": "chat.completion.chunk", "choices": [], "usage": USAGE})


class Answer:
    """All that a body said."""

    def __init__(self, deltas: list[Delta], failure: MillraceError | None) -> None:
        self.deltas = deltas
        self.failure = failure
        self.text = "".join(delta.text for delta in deltas if isinstance(delta, TextPiece))
        self.reasoning = "".join(delta.text for delta in deltas if isinstance(delta, ReasoningPiece))
        usages = [delta for delta in deltas if isinstance(delta, UsageReported)]
        self.usage: Usage | None = usages[-1].usage if usages else None
        self.cost = usages[-1].cost if usages else None
        self.finish = next((delta.reason for delta in deltas if isinstance(delta, Finished)), None)
        sources = [delta for delta in deltas if isinstance(delta, CitationsFound)]
        self.citations: tuple[Citation, ...] = sources[-1].citations if sources else ()


def read(*pieces: bytes, cause: str = "", limit: int = 1 << 20) -> Answer:
    """Read a body that comes in these pieces."""
    body = ChatBody(Call("acme", "m"), limit)
    deltas = [delta for piece in pieces for delta in body.feed(piece)]
    deltas += body.close(cause)
    assert body.done
    return Answer(deltas, body.failure)


def identity(answer: Answer) -> tuple[list[Delta], type | None, str | None]:
    """What must not depend on how the bytes were cut."""
    failure = answer.failure
    return answer.deltas, type(failure) if failure else None, failure.message if failure else None


def every_way(*events: bytes) -> Answer:
    """Read a body whole, after checking that byte by byte and in 7s gives the same."""
    stream = b"".join(events)
    whole = read(stream)
    for size in (1, 7):
        assert identity(read(*(stream[i : i + size] for i in range(0, len(stream), size)))) == identity(whole)
    assert identity(read(*events)) == identity(whole)
    assert all(piece.text for piece in whole.deltas if isinstance(piece, TextPiece | ReasoningPiece))
    finished = [delta for delta in whole.deltas if isinstance(delta, Finished)]
    assert (len(finished) == 1) != (whole.failure is not None)
    assert not finished or whole.deltas[-1] is finished[0]
    return whole


def ok(*events: bytes) -> Answer:
    """A body that must be whole."""
    answer = every_way(*events)
    assert answer.failure is None
    return answer


def failed(kind: type[MillraceError], *events: bytes) -> Answer:
    """A body that must fail in this way."""
    answer = every_way(*events)
    assert type(answer.failure) is kind
    return answer
