"""Streams of Anthropic's Messages wire, and what comes out of them."""

import json
from typing import Any

from tests.unit.providers.chunks import Answer, identity

from millrace.model.errors import MillraceError
from millrace.model.generation import Finished, ReasoningPiece, TextPiece
from millrace.providers.anthropic_wire import AnthropicDecoder, ThinkingBlock
from millrace.providers.chat_body import ChatBody
from millrace.providers.failures import Call

CALL = Call("acme", "claude-opus-4-5")
PING = b'event: ping\ndata: {"type": "ping"}\n\n'


def event(kind: str, **fields: Any) -> bytes:
    """One event, as Anthropic frames it."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields}, ensure_ascii=False)}\n\n".encode()


def start(**usage: Any) -> bytes:
    """The beginning of a message."""
    counts = {"input_tokens": 7, "output_tokens": 1, **usage}
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
    }
    return event("message_start", message={**message, "stop_sequence": None, "usage": counts})


def open_block(index: int = 0, **block: Any) -> bytes:
    """The beginning of a block; of text where nothing else is said."""
    return event("content_block_start", index=index, content_block=block or {"type": "text", "text": ""})


def delta(index: int = 0, **fields: Any) -> bytes:
    """What a block gains."""
    return event("content_block_delta", index=index, delta=fields)


def text(piece: Any, index: int = 0) -> bytes:
    """A piece of text."""
    return delta(index, type="text_delta", text=piece)


def think(piece: Any, index: int = 0) -> bytes:
    """A piece of thinking."""
    return delta(index, type="thinking_delta", thinking=piece)


def cite(citation: Any, index: int = 0) -> bytes:
    """A citation of the block's text."""
    return delta(index, type="citations_delta", citation=citation)


def close_block(index: int = 0) -> bytes:
    """The end of a block."""
    return event("content_block_stop", index=index)


def stopping(reason: Any = "end_turn", **usage: Any) -> bytes:
    """The stop reason and the counts so far."""
    return event("message_delta", delta={"stop_reason": reason, "stop_sequence": None}, usage=usage)


STOP = event("message_stop")
ENDING = close_block() + stopping(output_tokens=9) + STOP


def block(*pieces: str, index: int = 0) -> bytes:
    """A whole block of text."""
    return open_block(index) + b"".join(text(piece, index) for piece in pieces) + close_block(index)


def read(*pieces: bytes, cause: str = "", limit: int = 1 << 20, trimmed: str = "") -> tuple[Answer, AnthropicDecoder]:
    """Read a body that comes in these pieces; the decoder knows the thinking."""
    decoder = AnthropicDecoder(CALL, trimmed)
    body = ChatBody(CALL, limit, decoder)
    deltas = [found for piece in pieces for found in body.feed(piece)]
    deltas += body.close(cause)
    assert body.done
    return Answer(deltas, body.failure), decoder


def every_way(*events: bytes, trimmed: str = "") -> tuple[Answer, tuple[ThinkingBlock, ...]]:
    """Read a body whole, after checking that event by event, byte by byte and in 7s gives the same."""
    stream = b"".join(events)
    whole, decoder = read(stream, trimmed=trimmed)
    cuts = [events, *([stream[i : i + size] for i in range(0, len(stream), size)] for size in (1, 7))]
    for pieces in cuts:
        again, other = read(*pieces, trimmed=trimmed)
        assert identity(again) == identity(whole)
        assert other.thinking == decoder.thinking
    assert all(piece.text for piece in whole.deltas if isinstance(piece, TextPiece | ReasoningPiece))
    finished = [found for found in whole.deltas if isinstance(found, Finished)]
    assert (len(finished) == 1) != (whole.failure is not None)
    assert not finished or whole.deltas[-1] is finished[0]
    return whole, decoder.thinking


def ok(*events: bytes, trimmed: str = "") -> Answer:
    """A body that must be whole."""
    answer, _ = every_way(*events, trimmed=trimmed)
    assert answer.failure is None
    return answer


def failed(kind: type[MillraceError], *events: bytes) -> Answer:
    """A body that must fail in this way."""
    answer, _ = every_way(*events)
    assert type(answer.failure) is kind
    return answer
