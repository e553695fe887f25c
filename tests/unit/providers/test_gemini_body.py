"""Gemini's bodies, each whole, byte by byte, in 7s and at random cuts."""

import json

import pytest
from tests.unit.providers import cuts
from tests.unit.providers.slices import STOP, event, failed, made, ok, sliced, text, thought

from millrace.model.errors import ContextTooLong, ProviderFailure, RateLimited
from millrace.model.generation import ReasoningPiece, TextPiece
from millrace.providers.failures import Call
from millrace.providers.gemini_body import GeminiBody

ERROR = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
TOO_OFTEN = {
    "error": {
        "code": 429,
        "message": "You exceeded your current quota, please check your plan and billing details.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}],
    }
}


def test_crlf_framing_without_an_end_marker() -> None:
    answer = ok(text("Hel"), text("lo"), STOP)
    assert (answer.text, answer.finish, answer.deltas[0]) == ("Hello", "stop", TextPiece("Hel"))


@pytest.mark.parametrize("end", [b"\n\n", b"\r\r", b"\r\n\n", b"\n\r\n"])
def test_other_line_ends(end: bytes) -> None:
    assert ok(*(part[:-4] + end for part in (text("a"), text("b"), STOP))).text == "ab"


def test_comments_byte_order_mark_and_done_markers_of_proxies() -> None:
    assert ok(b"\xef\xbb\xbf: hi\r\n\r\n", text("a"), b": x\r\n\r\n", STOP, b"data: [DONE]\r\n\r\n").text == "a"


def test_an_end_without_a_finish_reason_is_truncated() -> None:
    answer = failed(ProviderFailure, text("kept"))
    assert answer.text == "kept"
    assert "broke" in str(answer.failure)


@pytest.mark.parametrize("half", [b"data: ", b'data: {"candidates":[{"content":{"parts":[{"text":"lost', b"da"])
def test_half_an_event_at_the_end_is_truncated(half: bytes) -> None:
    assert failed(ProviderFailure, text("kept"), half).text == "kept"


def test_an_unterminated_last_event_counts_if_it_is_whole() -> None:
    assert ok(text("a"), STOP.rstrip()).finish == "stop"
    assert failed(ProviderFailure, text("a"), text("b").rstrip()).text == "ab"


def test_a_break_after_the_finish_is_a_success() -> None:
    assert cuts.read(made, [text("a"), STOP], "reset").failure is None
    assert cuts.read(made, [text("a")], "reset").failure is not None


def test_a_json_array_as_without_alt_sse() -> None:
    slices = [
        sliced({"text": 'a }] \\" é🎈'}),
        sliced({"text": "hm", "thought": True}),
        sliced({"text": "b"}, finish="STOP"),
    ]
    for separator in (b",\r\n", b",", b"\n,\n"):
        stream = b"[" + separator.join(json.dumps(each, indent=1).encode() for each in slices) + b"\n]\n"
        answer = ok(stream)
        assert (answer.text, answer.reasoning, answer.finish) == ('a }] \\" é🎈b', "hm", "stop")


def test_a_json_array_gives_each_slice_as_it_comes() -> None:
    body = made()
    assert body.feed(b"[" + json.dumps(sliced({"text": "a"})).encode()) == [TextPiece("a")]
    assert body.feed(b",\r\n" + json.dumps(sliced({"text": "b"})).encode()) == [TextPiece("b")]


def test_a_json_array_that_breaks_off_is_truncated() -> None:
    stream = b"[" + json.dumps(sliced({"text": "kept"})).encode() + b',{"candidates":[{"con'
    assert failed(ProviderFailure, stream).text == "kept"
    failed(ProviderFailure, b"[]")
    failed(ProviderFailure, b"[1, 2]")


def test_one_whole_answer() -> None:
    whole = json.dumps(sliced({"text": "hm", "thought": True}, {"text": "Hello"}, finish="MAX_TOKENS"), indent=2)
    answer = ok(whole.encode())
    assert answer.deltas[:2] == [ReasoningPiece("hm"), TextPiece("Hello")]
    assert answer.finish == "length"


@pytest.mark.parametrize("wrap", [lambda error: error, lambda error: [error]])
@pytest.mark.parametrize("indent", [None, 2])
def test_an_error_as_json_instead_of_a_stream(wrap: object, indent: int | None) -> None:
    assert callable(wrap)
    answer = failed(RateLimited, json.dumps(wrap(TOO_OFTEN), indent=indent).encode())
    assert answer.failure is not None
    assert answer.failure.retry_after == 34.4


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_bare_json_over_several_lines_in_the_middle_of_a_stream(end: str, wrapped: bool, newline: str) -> None:
    error = json.dumps([ERROR] if wrapped else ERROR, indent=2).replace("\n", newline)
    answer = failed(ProviderFailure, text("kept"), f"{error}{end}".encode())
    assert answer.text == "kept"
    assert answer.failure is not None
    assert "overloaded" in (answer.failure.detail or "")
    assert answer.failure.recoverable


def test_nothing_is_read_after_a_bare_error() -> None:
    bare = json.dumps(ERROR, indent=2).encode() + b"\r\n\r\n"
    assert failed(ProviderFailure, text("kept"), bare, text("never"), STOP).text == "kept"


def test_an_error_as_a_slice_in_the_middle() -> None:
    assert failed(ProviderFailure, text("kept"), event(ERROR), text("never")).text == "kept"
    answer = failed(RateLimited, thought("hm"), event(TOO_OFTEN))
    assert (answer.reasoning, answer.failure and answer.failure.retry_after) == ("hm", 34.4)


def test_a_context_that_is_too_long() -> None:
    words = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
    failed(ContextTooLong, event({"error": {"code": 400, "message": words, "status": "INVALID_ARGUMENT"}}))


def test_a_web_page_of_a_proxy() -> None:
    answer = failed(ProviderFailure, b"\n<!DOCTYPE html><html>Log in to the hotel's network</html>")
    assert answer.failure is not None
    assert "base URL of provider gemini" in answer.failure.message
    assert "hotel" in (answer.failure.detail or "")


@pytest.mark.parametrize("body", [b"", b" \r\n", b"\xef\xbb\xbf"])
def test_an_empty_body(body: bytes) -> None:
    assert "empty answer" in str(failed(ProviderFailure, body).failure)


def test_emoji_combining_marks_and_line_separators() -> None:
    said = "🎈e\u0301\u2028Ünï\u0085"
    assert ok(text(said), STOP).text == said


def test_invalid_utf8_and_nan_are_survived() -> None:
    broken = b'data: {"candidates":[{"content":{"parts":[{"text":"a\xff\xe2\x82b"}]},"avgLogprobs":NaN}]}\r\n\r\n'
    assert ok(broken, STOP).text == "a\ufffd\ufffdb"


@pytest.mark.parametrize("garbage", [b"data: {oops\r\n\r\n", b'data: {"candidates":3}\r\n\r\n', b"data: 7\r\n\r\n"])
def test_what_cannot_be_read_is_a_failure_not_a_hole(garbage: bytes) -> None:
    answer = failed(ProviderFailure, text("kept"), garbage, STOP)
    assert (answer.text, "could not be read" in str(answer.failure)) == ("kept", True)


@pytest.mark.parametrize("head", [b"data: ", b"[{", b"{", text("kept") + b"{\n"])
def test_an_event_over_the_limit_is_refused(head: bytes) -> None:
    body = GeminiBody(Call("gemini", "m"), 4000)
    body.feed(head)
    for _ in range(50):
        body.feed(b"x" * 100)
    body.close()
    assert "more at once" in str(body.failure)
