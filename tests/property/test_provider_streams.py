"""However a provider's bytes are cut, the same comes out of them; and no bytes at all break the decoders."""

import json
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.model.errors import MillraceError
from millrace.model.generation import Delta, Finished, ReasoningPiece, TextPiece
from millrace.providers.chat_body import ChatBody
from millrace.providers.failures import Call
from millrace.providers.retry_after import MAX_SECONDS, retry_after
from millrace.providers.sse import SseDecoder, SseEvent
from millrace.providers.think_tags import ThinkTagSplitter

Outcome = tuple[list[Delta], type[MillraceError] | None, str | None]

LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
LINES = st.sampled_from(
    [
        b"",
        b"",
        b"data: a",
        b"data:b",
        b"data",
        b"data:  c",
        b": comment",
        b":",
        b"event: error",
        b"id: 1",
        b"id",
        b"retry: 5",
        b"x: y",
        "data: 🎈\u2028".encode(),
        b"data: \xff\xe2\x82",
        b"\xef\xbb\xbfdata: z",
    ]
)
STREAMS = st.lists(st.tuples(LINES, LINE_ENDS), max_size=25).map(
    lambda lines: b"".join(line + end for line, end in lines)
)
TEXTS = st.text(max_size=12)
PIECES = st.one_of(TEXTS, st.sampled_from(["<think>", "</think>", "<th", "ink>", "</", "think>", "\n\n", "<"]))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**13), st.floats(), TEXTS)
JSON = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3))
)


def cut(stream: bytes, at: list[int]) -> list[bytes]:
    places = sorted({0, len(stream), *(place % (len(stream) + 1) for place in at)})
    return [stream[start:end] for start, end in pairwise(places)]


def sizes(stream: bytes, size: int) -> list[bytes]:
    return [stream[place : place + size] for place in range(0, len(stream), size)]


def events(chunks: list[bytes]) -> tuple[list[SseEvent], SseEvent | None, int | None]:
    decoder = SseDecoder()
    found = [event for chunk in chunks for event in decoder.feed(chunk)]
    return found, decoder.close(), decoder.retry


def outcome(chunks: list[bytes], limit: int = 1 << 20) -> Outcome:
    body = ChatBody(Call("acme", "m"), limit)
    deltas = [delta for chunk in chunks for delta in body.feed(chunk)]
    deltas += body.close()
    assert body.done
    failure = body.failure
    assert (failure is None) == (bool(deltas) and isinstance(deltas[-1], Finished))
    msgspec.json.encode(deltas)  # what comes out can always be sent
    return deltas, type(failure) if failure else None, failure.message if failure else None


def chunk(delta: Any, finish: Any = None, **more: Any) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return json.dumps({"object": "chat.completion.chunk", "choices": choices, **more}).encode()


USAGE = {"prompt_tokens": 1, "completion_tokens": 2}
CHUNKS = st.one_of(
    PIECES.map(lambda text: chunk({"content": text})),
    TEXTS.map(lambda text: chunk({"reasoning_content": text, "content": None})),
    TEXTS.map(lambda text: chunk({"reasoning": text})),
    TEXTS.map(lambda text: chunk({"content": [{"type": "text", "text": text}]})),
    st.sampled_from(
        [chunk({}, "stop"), chunk({}, "length"), chunk({}, None, usage=USAGE), chunk({"tool_calls": [{}]})]
    ),
    st.sampled_from(
        [b'{"choices":[]}', b'{"error":{"code":429}}', b"[DONE]", b"{}", b"{", chunk({}, citations=["https://a"])]
    ),
    JSON.map(
        lambda value: json.dumps(
            {"choices": [{"delta": {"content": value, "reasoning": value}}], "usage": value}
        ).encode()
    ),
    JSON.map(lambda value: json.dumps(value).encode()),
)
BODIES = st.tuples(
    st.lists(CHUNKS, max_size=12), st.sampled_from([b"\n\n", b"\r\n\r\n", b"\n: x\n\n"]), st.booleans()
).map(
    lambda parts: (
        b"".join(b"data: " + data + parts[1] for data in parts[0]) + (b"data: [DONE]\n\n" if parts[2] else b"")
    )
)
CUTS = st.lists(st.integers(0, 10_000), max_size=12)


@given(STREAMS, CUTS)
def test_events_do_not_depend_on_the_cuts(stream: bytes, at: list[int]) -> None:
    whole = events([stream])
    assert events(cut(stream, at)) == whole
    assert events(sizes(stream, 1)) == whole
    assert events(sizes(stream, 7)) == whole


@given(STREAMS)
def test_events_are_those_of_a_reader_that_goes_line_by_line(stream: bytes) -> None:
    text = stream.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    expected: list[bytes] = []
    data: list[str] = []
    for line in lines[:-1]:
        field, _, value = line.partition(":")
        if line == "" and data:
            expected.append("\n".join(data).encode("utf-8", "surrogateescape"))
            data = []
        elif field == "data":
            data.append(value.removeprefix(" "))
    assert [event.data for event in events([stream])[0]] == expected


@settings(max_examples=300)
@given(BODIES, CUTS)
def test_deltas_do_not_depend_on_the_cuts(body: bytes, at: list[int]) -> None:
    whole = outcome([body])
    assert outcome(cut(body, at)) == whole
    assert outcome(sizes(body, 1)) == whole
    assert outcome(sizes(body, 7)) == whole


@given(st.lists(PIECES, max_size=12), CUTS)
def test_text_and_reasoning_are_what_was_sent(pieces: list[str], at: list[int]) -> None:
    body = b"".join(b"data: " + chunk({"content": piece}) + b"\n\n" for piece in pieces) + b"data: [DONE]\n\n"
    deltas, failure, _ = outcome(cut(body, at))
    splitter = ThinkTagSplitter()
    split = [*splitter.feed("".join(pieces)), *splitter.close()]
    assert failure is None
    for kind in (TextPiece, ReasoningPiece):
        told = "".join(delta.text for delta in deltas if isinstance(delta, kind))
        assert told == "".join(piece.text for piece in split if isinstance(piece, kind))


@given(st.binary(max_size=200), CUTS)
def test_any_bytes_end_in_an_answer_or_an_error(body: bytes, at: list[int]) -> None:
    assert outcome(cut(body, at)) == outcome([body])


@given(st.binary(max_size=300), CUTS)
def test_memory_is_bounded_by_the_limit(body: bytes, at: list[int]) -> None:
    outcome(cut(b"data: " + body, at), limit=64)


@given(
    st.dictionaries(
        st.sampled_from(["retry-after", "retry-after-ms", "x-ratelimit-reset-tokens"]), st.text(max_size=20)
    ),
    st.text(),
)
def test_retry_after_is_a_sane_number_or_none(headers: dict[str, str], delay: str) -> None:
    seconds = retry_after({**headers, "x-ratelimit-remaining-tokens": "0"}, 1.8e9, body_delay=delay)
    assert seconds is None or 0 <= seconds <= MAX_SECONDS
