"""However the bytes of Anthropic's and Ollama's wires are cut, the same comes out; and no bytes break the decoders."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.model.errors import MillraceError
from millrace.model.generation import Delta, Finished, ReasoningPiece, TextPiece
from millrace.providers.anthropic_wire import AnthropicDecoder, ThinkingBlock
from millrace.providers.chat_body import ChatBody
from millrace.providers.failures import Call
from millrace.providers.ollama_body import OllamaBody

Outcome = tuple[list[Delta], type[MillraceError] | None, str | None, tuple[ThinkingBlock, ...]]
CALL = Call("acme", "m")

TEXTS = st.text(max_size=9)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**13), st.floats(), TEXTS)
JSON = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3))
)
CUTS = st.lists(st.integers(0, 10_000), max_size=12)
KINDS = st.sampled_from(
    [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "ping",
        "error",
        "new",
    ]
)


def of(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


def gain(kind: str, **fields: Any) -> dict[str, Any]:
    return of("content_block_delta", index=0, delta=of(kind, **fields))


SOURCES = st.sampled_from([{"url": "https://a", "cited_text": "x"}, {"document_index": 0}, {"source": "s"}, None])
EVENTS = st.one_of(
    TEXTS.map(lambda text: gain("text_delta", text=text)),
    TEXTS.map(lambda text: gain("thinking_delta", thinking=text)),
    TEXTS.map(lambda text: gain("signature_delta", signature=text)),
    SOURCES.map(lambda source: gain("citations_delta", citation=source)),
    st.sampled_from(["text", "thinking", "redacted_thinking", "tool_use"]).map(
        lambda kind: of("content_block_start", index=0, content_block=of(kind, data="d"))
    ),
    st.just(of("content_block_stop", index=0)),
    st.just(of("ping")),
    st.integers(0, 99).map(lambda count: of("message_start", message={"usage": {"input_tokens": count}})),
    st.sampled_from(["end_turn", "refusal", "max_tokens"]).map(
        lambda word: of("message_delta", delta={"stop_reason": word}, usage={"output_tokens": 3})
    ),
    st.tuples(KINDS, JSON, JSON).map(
        lambda parts: of(parts[0], delta=parts[1], content_block=parts[2], error=parts[2])
    ),
    JSON,
)
ENDING = b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\ndata: {"type":"message_stop"}\n\n'
MESSAGES = st.tuples(
    st.lists(EVENTS, max_size=14), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.booleans()
).map(lambda parts: b"".join(framed(event, parts[1], parts[2]) for event in parts[0]) + (parts[3] * ENDING))


def framed(event: Any, end: str, named: bool) -> bytes:
    kind = event.get("type") if isinstance(event, dict) else None
    name = f"event: {kind}{end}" if named and isinstance(kind, str) and kind.isprintable() else ""
    return f"{name}data: {json.dumps(event)}{end}{end}".encode()


LINES = st.one_of(
    TEXTS.map(lambda text: {"message": {"content": text}, "done": False}),
    TEXTS.map(lambda text: {"message": {"content": "", "thinking": text}, "done": False}),
    st.sampled_from(["<think>", "</think>", "<th", "ink>"]).map(lambda text: {"message": {"content": text}}),
    st.just({"done": True, "done_reason": "stop", "prompt_eval_count": 1, "eval_count": 2}),
    st.just({"error": "gone"}),
    st.tuples(JSON, JSON).map(lambda parts: {"message": parts[0], "done": parts[1]}),
    JSON,
)
ANSWERS = st.tuples(st.lists(LINES, max_size=12), st.sampled_from([b"\n", b"\r\n", b"\n\n"]), st.booleans()).map(
    lambda parts: (
        b"".join(json.dumps(line).encode() + parts[1] for line in parts[0])
        + (parts[2] * b'{"done":true,"done_reason":"stop"}\n')
    )
)


def messages(chunks: list[bytes]) -> Outcome:
    decoder = AnthropicDecoder(CALL, " ")
    return outcome(ChatBody(CALL, 1 << 20, decoder), chunks, lambda: decoder.thinking)


def lines(chunks: list[bytes]) -> Outcome:
    return outcome(OllamaBody(CALL, 1 << 20), chunks, tuple)


def outcome(
    body: ChatBody | OllamaBody, chunks: list[bytes], thinking: Callable[[], tuple[ThinkingBlock, ...]]
) -> Outcome:
    deltas = [delta for chunk in chunks for delta in body.feed(chunk)]
    deltas += body.close()
    assert body.done
    failure = body.failure
    assert (failure is None) == (bool(deltas) and isinstance(deltas[-1], Finished))
    assert all(delta.text for delta in deltas if isinstance(delta, TextPiece | ReasoningPiece))
    msgspec.json.encode(deltas)  # what comes out can always be sent
    return deltas, type(failure) if failure else None, failure.message if failure else None, thinking()


def check(read: Callable[[list[bytes]], Outcome], stream: bytes, at: list[int]) -> None:
    whole = read([stream])
    places = sorted({0, len(stream), *(place % (len(stream) + 1) for place in at)})
    assert read([stream[start:end] for start, end in pairwise(places)]) == whole
    for size in (1, 7):
        assert read([stream[place : place + size] for place in range(0, len(stream), size)]) == whole


@given(MESSAGES, CUTS)
def test_messages_do_not_depend_on_the_cuts(stream: bytes, at: list[int]) -> None:
    check(messages, stream, at)


@given(ANSWERS, CUTS)
def test_lines_do_not_depend_on_the_cuts(stream: bytes, at: list[int]) -> None:
    check(lines, stream, at)


@given(st.binary(max_size=300), CUTS)
@pytest.mark.parametrize("read", [messages, lines])
def test_no_bytes_break_a_decoder(read: Callable[[list[bytes]], Outcome], stream: bytes, at: list[int]) -> None:
    check(read, stream, at)
