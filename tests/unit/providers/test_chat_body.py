"""What a body can be, how it can end, and the errors in it.

Each stream is fed whole, event by event, byte by byte and in 7s.
"""

import json
from typing import Any

import pytest
from tests.unit.providers.chunks import DONE, EMPTY_CHOICES, STOP, USAGE, chunk, event, failed, ok, read, text

from millrace.model.errors import (
    ContentFiltered,
    ContextTooLong,
    MillraceError,
    ProviderFailure,
    ProviderTimeout,
    RateLimited,
    RequestRefused,
)
from millrace.model.events import Usage
from millrace.model.generation import ReasoningPiece, TextPiece


def test_plain_stream() -> None:
    answer = ok(
        chunk({"role": "assistant", "content": "", "refusal": None}), text("Hel"), text("lo"), STOP, EMPTY_CHOICES, DONE
    )
    assert [type(delta).__name__ for delta in answer.deltas] == ["TextPiece", "TextPiece", "UsageReported", "Finished"]
    assert (answer.text, answer.finish, answer.usage) == ("Hello", "stop", Usage(3, 2))


def test_several_pieces_of_one_read_come_together() -> None:
    body = read(text("a") + text("b"), STOP + DONE)
    assert body.deltas[:2] == [TextPiece("a"), TextPiece("b")]


def test_characters_cut_in_the_middle() -> None:
    assert ok(text("🎈e\u0301\u2028Ünï"), STOP, DONE).text == "🎈e\u0301\u2028Ünï"


def test_invalid_utf8_is_replaced() -> None:
    assert ok(b'data: {"choices":[{"delta":{"content":"a\xff\xe2\x82b"}}]}\n\n', STOP, DONE).text == "a\ufffd\ufffdb"


def test_lone_surrogates_and_nan_are_survived() -> None:
    answer = ok(
        b'data: {"choices":[{"delta":{"content":"a\\ud83d b"},"logprobs":NaN}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"\\ud83c\\udf88"},"logprobs":-Infinity}]}\n\n',
        STOP,
    )
    assert answer.text == "a\ufffd b🎈"
    answer.text.encode()


def test_json_over_several_data_lines() -> None:
    assert ok(b'data: {"choices":[{"delta":\ndata: {"content":"a"}}]}\n\n', STOP, DONE).text == "a"


def test_comments_padding_and_unknown_keys() -> None:
    padded = b'data: {"choices":[{"index":0,"delta":{"content":"a","x":{}},"seed":1}],"obfuscation":"zz"}   \n\n'
    assert ok(b": OPENROUTER PROCESSING\n\n" * 3, padded, b": x\n\n", STOP, DONE).text == "a"


@pytest.mark.parametrize(
    "done",
    [
        DONE,
        b"data: [DONE] \n\n",
        b"data:[DONE]\n\n",
        DONE + DONE,
        DONE + b"data: garbage\n\n" + text("more"),
        b"data: [DONE]\n",
        b"data: [DONE]",
        b"",
    ],
)
def test_done_in_all_its_forms(done: bytes) -> None:
    answer = ok(text("a"), STOP, done)
    assert (answer.text, answer.finish) == ("a", "stop")


def test_done_without_a_finish_reason_is_a_success() -> None:
    assert ok(text("a"), DONE).finish == "stop"


@pytest.mark.parametrize(
    "end", [b"", b"data: ", b'data: {"choices":[{"delta":{"content":"lost', b": comment\n\n", b"data: \n\n"]
)
def test_an_end_without_finish_or_done_is_truncated(end: bytes) -> None:
    answer = failed(ProviderFailure, text("kept"), end)
    assert answer.text == "kept"
    assert answer.failure is not None
    assert answer.failure.message.startswith("The connection to the model broke before the answer was complete.")
    assert answer.failure.recoverable


def test_an_unterminated_last_event_counts_if_it_is_whole() -> None:
    assert failed(ProviderFailure, text("a"), text("b")[:-2]).text == "ab"
    assert ok(text("a"), STOP[:-2]).finish == "stop"


def test_held_back_text_is_kept_when_the_stream_breaks() -> None:
    assert failed(ProviderFailure, text("<thi")).text == "<thi"


def test_a_break_after_the_finish_is_a_success() -> None:
    assert read(text("a"), STOP, cause="reset by peer").failure is None
    assert read(text("a"), cause="reset by peer").failure is not None


def test_whole_completion_as_json_is_given_as_one_piece() -> None:
    body: dict[str, Any] = {
        "object": "chat.completion",
        "choices": [{"message": {"content": "Hello there", "reasoning": "hm"}, "finish_reason": "length"}],
        "usage": USAGE,
    }
    answer = ok(b" \r\n", json.dumps(body, indent=1).encode())
    assert answer.deltas[:2] == [ReasoningPiece("hm"), TextPiece("Hello there")]
    assert (answer.finish, answer.usage) == ("length", Usage(3, 2))


def test_whole_completion_without_a_finish_reason() -> None:
    assert ok(b'{"choices":[{"message":{"content":"a"}}]}').finish == "stop"


def test_whole_completion_in_one_event() -> None:
    whole = {"object": "chat.completion", "choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}
    assert ok(event(whole), DONE).text == "a"


@pytest.mark.parametrize(
    "body",
    [b'{"error":{"message":"Rate limit","code":429}}', b'[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}]'],
)
def test_error_as_json_with_a_good_status(body: bytes) -> None:
    failed(RateLimited, body)


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"{", b'{"choices":[]}', b'{"choices":"x"}', b"[" * 100_000, b'{"a":' * 9999]
)
def test_json_that_is_no_answer(body: bytes) -> None:
    answer = read(body)
    assert isinstance(answer.failure, ProviderFailure)
    assert answer.finish is None


def test_json_that_is_cut_off_is_truncated() -> None:
    assert "broke" in str(read(b'{"choices":[{"message":{"con', cause="reset").failure)


def test_web_page_of_a_proxy() -> None:
    answer = failed(ProviderFailure, b"\n<!DOCTYPE html><html>Log in to the hotel's network</html>")
    assert answer.failure is not None
    assert "base URL of provider acme" in answer.failure.message
    assert "hotel" not in answer.failure.message
    assert "hotel" in (answer.failure.detail or "")


@pytest.mark.parametrize("body", [b"", b"  \n", b"\xef\xbb\xbf"])
def test_empty_body(body: bytes) -> None:
    answer = failed(ProviderFailure, body)
    assert answer.failure is not None
    assert "empty answer" in answer.failure.message


def test_byte_order_mark_before_anything() -> None:
    assert ok(b"\xef\xbb\xbf" + text("a"), DONE).text == "a"
    assert ok(b'\xef\xbb\xbf{"choices":[{"message":{"content":"a"}}]}').text == "a"


def test_plain_words_are_truncated_not_believed() -> None:
    failed(ProviderFailure, b"upstream connect error or disconnect/reset before headers")


@pytest.mark.parametrize(
    "error",
    [
        event({"error": {"message": "secret words", "type": "server_error", "code": None, "param": None}}),
        event({"error": {"message": "secret words", "code": "500"}}),
        event({"error": "secret words"}),
        event({"object": "error", "message": "secret words", "type": "InternalServerError", "code": 500}),
        event({"message": "secret words", "type": "internal"}, name="error"),
        event({"type": "error", "message": "secret words"}),
        event({"error": {"message": "secret words", "status_code": 503}}, name="error"),
        b"event: error\ndata: secret words\n\n",
        event(
            {
                "error": {"code": 502, "message": "secret words"},
                "choices": [{"delta": {"content": ""}, "finish_reason": "error"}],
            }
        ),
        chunk({"content": ""}, error={"code": 500, "message": "secret words"}, usage=USAGE),
    ],
)
@pytest.mark.parametrize("end", [b"", DONE])
def test_error_in_the_stream(error: bytes, end: bytes) -> None:
    answer = failed(ProviderFailure, text("kept"), error, text("never"), end)
    assert answer.text == "kept"
    assert answer.failure is not None
    assert answer.failure.recoverable
    assert "secret words" not in answer.failure.message
    assert "secret words" in (answer.failure.detail or "")


def test_error_after_the_finish_is_an_error() -> None:
    failed(
        RequestRefused,
        text("a"),
        chunk(finish="length"),
        chunk(error={"code": 400, "message": "x"}, usage=USAGE),
        DONE,
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "context_length_exceeded", "message": "This model's maximum context length is 8192"}, ContextTooLong),
        ({"code": 400, "type": "exceed_context_size_error"}, ContextTooLong),
        ({"code": "content_filter"}, ContentFiltered),
        ({"code": 429, "message": "slow down"}, RateLimited),
        ({"type": "rate_limit_exceeded"}, RateLimited),
        ({"code": 504, "message": "upstream"}, ProviderTimeout),
        ({"type": "timeout"}, ProviderTimeout),
    ],
)
def test_errors_in_the_stream_mean_what_they_say(error: Any, kind: type[MillraceError]) -> None:
    failed(kind, text("a"), event({"error": error}))


def test_an_event_over_the_limit_is_refused_and_what_came_is_kept() -> None:
    answer = read(text("kept"), b"data: " + b"x" * 5000, limit=4000)
    assert answer.text == "kept"
    assert isinstance(answer.failure, ProviderFailure)
    assert "more at once than this server accepts" in answer.failure.message


def test_a_body_over_the_limit_is_refused() -> None:
    answer = read(*[b"{" + b"x" * 100] * 50, limit=4000)
    assert "more at once" in str(answer.failure)
