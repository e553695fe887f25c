"""Gemini's and Responses' bytes, cut anywhere: the same comes out; and no bytes at all break the decoders."""

import json
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.model.generation import Delta, Finished
from millrace.providers.chat_body import ChatBody
from millrace.providers.failures import Call
from millrace.providers.gemini_body import GeminiBody
from millrace.providers.http_provider import AnswerBody
from millrace.providers.responses_wire import ResponsesDecoder

CALL = Call("acme", "m")
TEXTS = st.text(max_size=12)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**13), st.floats(), TEXTS)
JSON = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3))
)
CUTS = st.lists(st.integers(0, 10_000), max_size=12)


def encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode()


def candidate(**fields: Any) -> dict[str, Any]:
    return {"candidates": [{"index": 0, **fields}]}


GROUNDING = {
    "groundingChunks": [{"web": {"uri": "https://a", "title": "A"}}],
    "groundingSupports": [{"segment": {"startIndex": 1, "endIndex": 4}, "groundingChunkIndices": [0]}],
}
SLICES = st.one_of(
    TEXTS.map(lambda text: candidate(content={"parts": [{"text": text}]})),
    TEXTS.map(lambda text: candidate(content={"parts": [{"text": text, "thought": True}]})),
    st.sampled_from(["STOP", "MAX_TOKENS", "SAFETY"]).map(lambda word: candidate(finishReason=word)),
    st.sampled_from(
        [
            {},
            candidate(content={}),
            candidate(groundingMetadata=GROUNDING),
            {"usageMetadata": {"promptTokenCount": 1}},
            {"error": {"code": 429}},
            {"promptFeedback": {"blockReason": "SAFETY"}},
        ]
    ),
    JSON.map(lambda value: candidate(content={"parts": [{"text": value, "thought": value}]}, groundingMetadata=value)),
    JSON.map(lambda value: {"candidates": value, "usageMetadata": value, "promptFeedback": value}),
    JSON,
)


def in_events(parts: tuple[list[Any], str, bool]) -> bytes:
    slices, end, bare = parts
    stream = b"".join(b"data: " + encoded(each) + end.encode() for each in slices)
    return stream + (json.dumps({"error": {"code": 500}}, indent=2).encode() if bare else b"")


def in_an_array(slices: list[Any]) -> bytes:
    return b"[" + b",\r\n".join(json.dumps(each, indent=1).encode() for each in slices) + b"]"


GEMINI = st.one_of(
    st.tuples(st.lists(SLICES, max_size=9), st.sampled_from(["\r\n\r\n", "\n\n", "\n: x\r\n\r\n"]), st.booleans()).map(
        in_events
    ),
    st.lists(SLICES, max_size=9).map(in_an_array),
)
INDEX = st.integers(0, 2)


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", **fields}


EVENTS = st.one_of(
    st.builds(
        lambda text, output, content: event(
            "output_text.delta", delta=text, output_index=output, content_index=content
        ),
        TEXTS,
        INDEX,
        INDEX,
    ),
    st.builds(lambda text, index: event("reasoning_text.delta", delta=text, content_index=index), TEXTS, INDEX),
    st.builds(lambda text, index: event("reasoning_summary_text.delta", delta=text, summary_index=index), TEXTS, INDEX),
    st.builds(
        lambda text, output: event("output_text.done", text=text, output_index=output, content_index=0), TEXTS, INDEX
    ),
    st.sampled_from(
        [
            event("created", response={"id": "r"}, sequence_number=0),
            event("completed", response={"status": "completed", "usage": {"input_tokens": 1}}),
            event("incomplete", response={"incomplete_details": {"reason": "max_output_tokens"}}),
            event("failed", response={"error": {"code": "rate_limit_exceeded"}}),
            {"type": "error", "message": "x"},
            event("output_text.annotation.added", annotation={"url": "https://a", "start_index": 1, "end_index": 2}),
        ]
    ),
    JSON.map(lambda value: event("output_text.delta", delta=value, sequence_number=value)),
    JSON.map(lambda value: event("output_text.delta", delta="x", output_index=value, content_index=value)),
    JSON.map(lambda value: event("reasoning_text.done", text="x", output_index=value, content_index=value)),
    JSON.map(lambda value: {"type": value, "error": value, "delta": value}),
    JSON.map(lambda value: event("completed", response=value)),
    JSON.map(lambda value: event("completed", response={"output": [{"content": [value], "summary": value}, value]})),
    JSON.map(lambda value: event("output_text.annotation.added", annotation=value)),
    JSON,
)
RESPONSES = st.tuples(st.lists(EVENTS, max_size=9), st.booleans()).map(
    lambda parts: b"".join(
        (b"event: x\n" if parts[1] else b"") + b"data: " + encoded(each) + b"\n\n" for each in parts[0]
    )
)


def gemini() -> AnswerBody:
    return GeminiBody(CALL, 1 << 20)


def responses() -> AnswerBody:
    return ChatBody(CALL, 1 << 20, ResponsesDecoder(CALL))


def outcome(body: AnswerBody, chunks: list[bytes]) -> tuple[list[Delta], type | None, str | None]:
    deltas = [delta for chunk in chunks for delta in body.feed(chunk)]
    deltas += body.close()
    assert body.done
    failure = body.failure
    assert (failure is None) == (bool(deltas) and isinstance(deltas[-1], Finished))
    msgspec.json.encode(deltas)  # what comes out can always be sent
    return deltas, type(failure) if failure else None, failure.message if failure else None


def all_cuts(make: Any, stream: bytes, at: list[int]) -> None:
    whole = outcome(make(), [stream])
    places = sorted({0, len(stream), *(place % (len(stream) + 1) for place in at)})
    assert outcome(make(), [stream[begin:end] for begin, end in pairwise(places)]) == whole
    for size in (1, 7):
        assert outcome(make(), [stream[place : place + size] for place in range(0, len(stream), size)]) == whole


@settings(max_examples=200)
@given(GEMINI, CUTS)
def test_gemini_does_not_depend_on_the_cuts(stream: bytes, at: list[int]) -> None:
    all_cuts(gemini, stream, at)


@settings(max_examples=200)
@given(RESPONSES, CUTS)
def test_responses_do_not_depend_on_the_cuts(stream: bytes, at: list[int]) -> None:
    all_cuts(responses, stream, at)


@pytest.mark.parametrize("make", [gemini, responses])
@given(stream=st.one_of(st.binary(max_size=60), st.binary(max_size=60).map(lambda data: b"data: " + data + b"\n\n")))
def test_no_bytes_break_a_decoder(make: Any, stream: bytes) -> None:
    whole = outcome(make(), [stream])
    assert outcome(make(), [stream[place : place + 1] for place in range(len(stream))]) == whole
