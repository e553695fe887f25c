"""Chunks that are known but for their text: they must say what they would have said unknown."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.providers.chunks import identity, read

from millrace.providers.text_chunk import TextChunk


def chunk(content: Any, delta: Any = None, choice: Any = None, **more: Any) -> bytes:
    choices = [{"index": 0, "delta": {"content": content, **(delta or {})}, "finish_reason": None, **(choice or {})}]
    return json.dumps({"id": "c", "object": "chat.completion.chunk", "choices": choices} | more).encode()


OTHERS = st.sampled_from(
    [
        chunk(""),
        chunk(None, {"reasoning_content": "hm"}),
        chunk("a", {"reasoning": "hm"}),
        chunk("a", {"refusal": "no"}),
        chunk("a", {"tool_calls": [{}]}),
        chunk("a", choice={"finish_reason": "stop"}),
        chunk("a", choice={"finish_reason": "error"}),
        chunk("a", choice={"index": 1}),
        chunk("a", choice={"logprobs": {"content": [{"logprob": -0.5}]}}),
        chunk("a", usage={"prompt_tokens": 1, "completion_tokens": 2}),
        chunk("a", error={"message": "overloaded"}),
        chunk("a", citations=["https://example.org"]),
        chunk("a", created=7),
        chunk("a", note={"content": "beside"}),
        chunk("a").replace(b'"content"', b'"content": "first", "content"'),
        b'{"note": {"content": "beside"}, ' + chunk("a")[1:],
        chunk("a").replace(b'"a"', b'"\\ud83d"'),
        chunk("a").replace(b'"a"', b'"\xff"'),
        chunk("a").replace(b'"a"', b'"a", "x": "b"'),
        chunk(["part"]),
        b"[DONE]",
        b"",
        b"{",
    ]
)
TEXTS = st.one_of(st.text(max_size=6), st.sampled_from(['"', "\\", '\\"', '"}}', "<think>", "\n"]))
EVENTS = st.tuples(
    st.sampled_from(
        [b"data: ", b"data: ", b"data: ", b"data:", b"event: error\ndata: ", b"id: 1\ndata: ", b": x\n\ndata: "]
    ),
    st.one_of(TEXTS.map(chunk), TEXTS.map(chunk), OTHERS),
)
LINE_ENDS = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n"])


def before_and_from_data(event: bytes) -> tuple[bytes, bytes]:
    place = event.index(b"data:")
    return event[:place], event[place:]


def written(events: list[tuple[bytes, bytes]], line_end: bytes) -> list[bytes]:
    return [line + data + line_end * 2 for line, data in events]


@given(st.lists(EVENTS, max_size=20), LINE_ENDS)
@example([(b"data: ", chunk("a")), (b"data: ", chunk("b")), (b"event: error\ndata: ", chunk("c"))], b"\n")
@example([(b"data: ", data) for data in (chunk("a"), chunk("b"), b"[DONE]", chunk("late"))], b"\n")
@example([(b"data: ", data) for data in (chunk("a"), chunk("b").replace(b'"b"', b'"b"\n'), chunk("c"))], b"\n")
def test_a_known_chunk_says_what_it_would_unknown(events: list[tuple[bytes, bytes]], line_end: bytes) -> None:
    # No two of these end alike, so that none is ever known again.
    strangers = [(line, data + b" " * place) for place, (line, data) in enumerate(events)]
    expected = identity(read(*written(strangers, line_end)))
    assert identity(read(*written(events, line_end))) == expected
    assert identity(read(b"".join(written(events, line_end)))) == expected
    in_two = [piece for whole in written(events, line_end) for piece in before_and_from_data(whole)]
    assert identity(read(*in_two)) == expected


def event(content: Any, **more: Any) -> bytes:
    return b"data: " + chunk(content, **more) + b"\n\n"


def test_a_chunk_that_was_looked_at_is_known_again_by_all_but_its_text() -> None:
    known = TextChunk()
    assert known.text(event("a")) == ""
    known.learn(chunk("a"))
    for text in ("b", 'say "no"', "\\", "ü\n"):
        assert known.text(event(text)) == text
    for other in (event(""), event("a", created=7), event("a")[:-1], event("a") * 2, chunk("a"), b""):
        assert known.text(other) == ""


@pytest.mark.parametrize(
    "data",
    [
        chunk("a", {"reasoning": "hm"}),
        chunk("a", choice={"finish_reason": "stop"}),
        chunk("a", usage={}),
        chunk("a", object="x"),
        b'{"note": {"content": "beside"}, ' + chunk("a")[1:],
        b'{"content": "no choices"}',
        b'"content": "no JSON"',
    ],
)
def test_what_says_more_is_not_learned(data: bytes) -> None:
    known = TextChunk()
    known.learn(data)
    assert known.text(b"data: " + data + b"\n\n") == ""


def test_a_server_that_changes_each_chunk_is_left_alone_and_one_that_does_so_now_and_then_is_not() -> None:
    restless, calm = TextChunk(), TextChunk()
    for second in range(10):
        restless.learn(chunk("a", created=second))
        calm.learn(chunk("a", created=second))
        assert calm.text(event("b", created=second)) == "b"
    assert restless.text(event("b", created=9)) == ""
