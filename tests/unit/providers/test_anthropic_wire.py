"""Anthropic's stream: each line of the wire's checklist, fed whole, event by event, byte by byte and in 7s."""

import json
from typing import Any

import pytest
from tests.unit.providers.messages import (
    ENDING,
    PING,
    STOP,
    block,
    close_block,
    delta,
    event,
    every_way,
    failed,
    ok,
    open_block,
    read,
    start,
    stopping,
    text,
    think,
)

from millrace.model.errors import (
    ContentFiltered,
    ContextTooLong,
    MillraceError,
    ModelMissing,
    ProviderFailure,
    ProviderTimeout,
    RateLimited,
    RequestRefused,
)
from millrace.model.events import FinishReason, Usage
from millrace.model.generation import ReasoningPiece, TextPiece
from millrace.providers.anthropic_wire import ThinkingBlock

SIGNATURE = "EqoBCkgIARABGAIiQL8/+=\u00e9 \u2028"


def test_plain_stream() -> None:
    answer = ok(start(), open_block(), PING, text("Hel"), text("lo"), ENDING)
    kinds = [type(found).__name__ for found in answer.deltas]
    assert kinds == ["UsageReported", "TextPiece", "TextPiece", "UsageReported", "Finished"]
    assert (answer.text, answer.finish, answer.usage) == ("Hello", "stop", Usage(7, 9))


def test_pings_anywhere() -> None:
    parts = [start(), open_block(), text("a"), text("b"), close_block(), stopping(output_tokens=2), STOP]
    odd = [PING, b"event: ping\ndata: \n\n", b"event: ping\ndata: {\n\n", b'data: {"type":"ping"}\n\n', b": ping\n\n"]
    plain = ok(*parts)
    for ping in odd:
        assert ok(*(piece for part in parts for piece in (ping, part)), ping).deltas == plain.deltas


def test_padded_json_and_any_line_ends() -> None:
    stream = b"".join([start(), open_block(), text("Hi"), ENDING]).replace(b"}\n\n", b"}          \n\n")
    assert ok(stream).text == "Hi"
    assert ok(stream.replace(b"\n", b"\r\n")).text == "Hi"
    assert ok(b"\xef\xbb\xbf" + stream.replace(b"\n", b"\r")).text == "Hi"


def test_events_without_their_name() -> None:
    stream = b"".join([start(), block("Hi"), stopping(), STOP])
    assert ok(b"\n".join(line for line in stream.split(b"\n") if not line.startswith(b"event"))).text == "Hi"


@pytest.mark.parametrize(
    "unknown",
    [
        event("session_update", delta="of another shape", message=[1]),
        event("content_block_note", index=0, content_block=3),
        open_block(4, type="server_tool_use", id="t", name="web_search", input={}),
        open_block(4, type="web_search_tool_result", content=[{"type": "web_search_result", "url": "https://a"}]),
        open_block(4, type="container_upload", text=7),
        open_block(4, type="compaction", content=None),
        delta(4, type="input_json_delta", partial_json='{"query'),
        delta(4, type="compaction_delta", content="summary"),
        delta(4, type="a_new_delta", text="not for us"),
        event("content_block_delta", index=4),
        event("content_block_delta", index=4, delta=None),
        event("content_block_start", index=4),
        delta(4),
        b"event: strange\n\n",
        b"event: strange\ndata: {}\n\n",
        b"data: \n\n",
        b"id: 3\nretry: 5\n\n",
    ],
)
def test_unknown_events_blocks_and_deltas_are_left_alone(unknown: bytes) -> None:
    answer = ok(start(), unknown, open_block(), text("a"), unknown, text("b"), close_block(), unknown, stopping(), STOP)
    assert (answer.text, answer.reasoning, answer.finish) == ("ab", "", "stop")


@pytest.mark.parametrize("odd", [None, 7, "", [], {"x": 1}])
def test_odd_leaves_are_survived(odd: Any) -> None:
    parts = [text(odd), think(odd), delta(type="signature_delta", signature=odd), stopping(odd), open_block(type=odd)]
    assert ok(start(input_tokens=odd), *parts, block("a"), stopping("end_turn", output_tokens=odd), STOP).text == "a"


def test_text_and_thinking_that_stand_in_the_opening_of_a_block() -> None:
    thinking = open_block(0, type="thinking", thinking="hm", signature="s")
    answer, thoughts = every_way(start(), thinking, close_block(), open_block(1, type="text", text="Hi"), ENDING)
    assert (answer.reasoning, answer.text) == ("hm", "Hi")
    assert thoughts == (ThinkingBlock("hm", "s"),)


def test_thinking_and_its_signature_are_kept_byte_for_byte() -> None:
    pieces = ["Let me ", "think\u2028 \n", "🎈e\u0301 ", " "]
    answer, thoughts = every_way(
        start(),
        open_block(0, type="thinking", thinking="", signature=""),
        *(think(piece) for piece in pieces),
        think(""),
        delta(type="signature_delta", signature=SIGNATURE),
        close_block(),
        open_block(1, type="redacted_thinking", data="RW1wdHk="),
        close_block(1),
        open_block(2, type="thinking", thinking="", signature=""),
        think("more", 2),
        delta(2, type="signature_delta", signature="two"),
        close_block(2),
        block("Hi", index=3),
        stopping(output_tokens=5),
        STOP,
    )
    assert [found.text for found in answer.deltas if isinstance(found, ReasoningPiece)] == [*pieces, "more"]
    assert answer.text == "Hi"
    assert thoughts == (
        ThinkingBlock("".join(pieces), SIGNATURE),
        ThinkingBlock(redacted="RW1wdHk="),
        ThinkingBlock("more", "two"),
    )


def test_redacted_thinking_shows_nothing() -> None:
    answer = ok(start(), open_block(0, type="redacted_thinking", data="xx"), close_block(), block("Hi"), ENDING)
    assert (answer.reasoning, answer.text) == ("", "Hi")


def test_estimated_tokens_beside_thinking() -> None:
    parts = delta(type="thinking_delta", thinking="hm", estimated_tokens=12)
    assert ok(start(), open_block(0, type="thinking", thinking=""), parts, ENDING).reasoning == "hm"


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tools"),
        ("pause_turn", "pause"),
        ("refusal", "filtered"),
        ("a_new_word", "stop"),
    ],
)
def test_stop_reasons(word: str, reason: FinishReason) -> None:
    assert ok(start(), block("a"), stopping(word), STOP).finish == reason


REFUSAL = event(
    "message_delta",
    delta={"stop_reason": "refusal", "stop_details": {"type": "refusal", "category": None, "explanation": "no"}},
    usage={"output_tokens": 0},
)


@pytest.mark.parametrize(
    "content", [b"", open_block() + close_block(), open_block() + text("") + close_block(), open_block(type="fallback")]
)
def test_a_refusal_without_a_word_is_a_filtered_answer(content: bytes) -> None:
    answer = failed(ContentFiltered, start(), PING, content, REFUSAL, STOP)
    assert answer.text == ""
    assert answer.failure is not None
    assert not answer.failure.recoverable


def test_a_refusal_in_the_middle_keeps_what_was_said() -> None:
    answer = ok(start(), block("I was going to"), REFUSAL, STOP)
    assert (answer.text, answer.finish) == ("I was going to", "filtered")


@pytest.mark.parametrize(
    "events",
    [
        [],
        [start()],
        [start(), open_block()],
        [start(), block("kept")],
        [start(), block("kept"), stopping()],
        [start(), block("kept"), stopping(), PING],
        [start(), block("kept"), stopping(None), STOP],
        [start(), block("kept"), STOP],
        [start(), block("kept"), stopping(), STOP[:-20]],
        [b"data: [DONE]\n\n"],
    ],
)
def test_a_stream_without_its_end_is_never_a_success(events: list[bytes]) -> None:
    answer = failed(ProviderFailure, *events)
    assert answer.text in ("", "kept")
    assert answer.failure is not None
    assert answer.failure.recoverable


def test_a_last_event_without_its_blank_line_is_read() -> None:
    assert ok(start(), block("Hi"), stopping(), STOP.rstrip()).text == "Hi"


def test_what_comes_after_the_end_is_not_read() -> None:
    error = event("error", error={"type": "api_error", "message": "late"})
    assert ok(start(), block("Hi"), stopping(), STOP, STOP, error, start(), block("more")).text == "Hi"


@pytest.mark.parametrize(
    ("kind", "message", "failure", "recoverable"),
    [
        ("overloaded_error", "Overloaded", ProviderFailure, True),
        ("api_error", "Internal server error", ProviderFailure, True),
        ("rate_limit_error", "This request would exceed your rate limit", RateLimited, True),
        ("timeout_error", "Request timed out", ProviderTimeout, True),
        ("authentication_error", "invalid key", ProviderFailure, False),
        ("permission_error", "not allowed", ProviderFailure, False),
        ("billing_error", "Pay", ProviderFailure, False),
        ("not_found_error", "model: x", ModelMissing, False),
        ("request_too_large", "Request exceeds the maximum size", ContextTooLong, False),
        ("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", ContextTooLong, False),
        ("invalid_request_error", "Output blocked by content filtering policy", ContentFiltered, False),
        ("invalid_request_error", "Your credit balance is too low", ProviderFailure, False),
        ("invalid_request_error", "messages: odd", RequestRefused, False),
        ("a_new_error", "who knows", ProviderFailure, True),
    ],
)
def test_errors_in_the_middle(kind: str, message: str, failure: type[MillraceError], recoverable: bool) -> None:
    error = event("error", error={"type": kind, "message": f"{message} sk-ant-0123456789"}, request_id="req_1")
    for said in (error, error.removeprefix(b"event: error\n")):
        answer = failed(failure, start(), open_block(), text("kept"), said, text("never"), ENDING)
        assert answer.text == "kept"
        assert answer.failure is not None
        assert answer.failure.recoverable is recoverable
        assert message not in answer.failure.message
        assert "0123456789" not in f"{answer.failure.message} {answer.failure.detail}"


@pytest.mark.parametrize("data", [b"upstream went away", b"{", b'{"error":"x"}', b'"x"', b"{}"])
def test_an_error_event_of_any_shape(data: bytes) -> None:
    answer = failed(ProviderFailure, start(), open_block(), text("kept"), b"event: error\ndata: " + data + b"\n\n")
    assert answer.text == "kept"


@pytest.mark.parametrize(
    "broken",
    [
        b"data: {\n\n",
        b"data: hello\n\n",
        b"data: 3\n\n",
        b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":"x"}\n\n',
        b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"type":"text_delta","text":"br\n\n',
    ],
)
def test_data_that_cannot_be_read_is_a_failure_not_a_hole(broken: bytes) -> None:
    answer = failed(ProviderFailure, start(), open_block(), text("kept"), broken, text("never"), ENDING)
    assert answer.text == "kept"
    assert answer.failure is not None
    assert "could not be read" in answer.failure.message


def test_invalid_utf8_and_lone_surrogates_are_replaced() -> None:
    bad = b'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"a\xff\\ud83d"}}\n\n'
    assert ok(start(), open_block(), bad, ENDING).text == "a\ufffd\ufffd"


def test_characters_cut_in_the_middle() -> None:
    assert ok(start(), open_block(), text("🎈e\u0301\u2028Ünï"), ENDING).text == "🎈e\u0301\u2028Ünï"


def test_several_pieces_of_one_read_come_together() -> None:
    answer, _ = read(start() + open_block() + text("a") + text("b"), ENDING)
    assert answer.deltas[1:3] == [TextPiece("a"), TextPiece("b")]


def test_an_event_over_the_limit() -> None:
    answer, _ = read(start(), block("kept"), text("x" * 4000), limit=2000)
    assert answer.text == "kept"
    assert answer.failure is not None
    assert "more at once" in answer.failure.message


WHOLE: dict[str, Any] = {
    "type": "message",
    "content": [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "xx"},
        None,
        {"type": "tool_result", "content": "?"},
        {"type": "text", "text": "Hi", "citations": None},
    ],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 2},
}


def test_a_whole_message_instead_of_a_stream() -> None:
    answer, thoughts = every_way(json.dumps(WHOLE, indent=1).encode())
    assert (answer.reasoning, answer.text, answer.finish, answer.usage) == ("hm", "Hi", "stop", Usage(3, 2))
    assert thoughts == (ThinkingBlock("hm", "sig"), ThinkingBlock(redacted="xx"))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', ProviderFailure),
        (b'{"type":"error","error":{"type":"rate_limit_error","message":"Slow down"}}', RateLimited),
        (json.dumps({**WHOLE, "stop_reason": None}).encode(), ProviderFailure),
        (json.dumps({**WHOLE, "content": [], "stop_reason": "refusal"}).encode(), ContentFiltered),
        (b"{}", ProviderFailure),
        (b"{", ProviderFailure),
        (b"<html>", ProviderFailure),
        (b"", ProviderFailure),
    ],
)
def test_bodies_that_are_no_answer(body: bytes, kind: type[MillraceError]) -> None:
    failed(kind, body)
