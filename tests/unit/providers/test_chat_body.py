"""The quirks of every server that speaks this wire, each fed whole, event by event, byte by byte and in 7s."""

import json
from typing import Any

import pytest
from tests.unit.providers.chunks import DONE, STOP, Answer, chunk, event, every_way, read, text

from millrace.model.errors import (
    ContentFiltered,
    ContextTooLong,
    MillraceError,
    ProviderFailure,
    ProviderTimeout,
    RateLimited,
)
from millrace.model.events import Citation, FinishReason, Usage
from millrace.model.generation import ReasoningPiece, TextPiece

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
EMPTY_CHOICES = event({"object": "chat.completion.chunk", "choices": [], "usage": USAGE})


def ok(*events: bytes) -> Answer:
    answer = every_way(*events)
    assert answer.failure is None
    return answer


def failed(kind: type[MillraceError], *events: bytes) -> Answer:
    answer = every_way(*events)
    assert type(answer.failure) is kind
    return answer


# --- the plain stream -------------------------------------------------------------------------------------------


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


# --- [DONE] and ends ----------------------------------------------------------------------------------------------


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


# --- what comes instead of a stream -------------------------------------------------------------------------------


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


# --- choices and deltas -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "odd",
    [
        event({"id": "", "model": "", "object": "", "choices": [], "prompt_filter_results": [{}]}),  # Azure
        event({}),
        event({"choices": None}),
        event({"choices": [None]}),
        event({"choices": [{}]}),
        event({"choices": [{"delta": None}]}),
        event({"choices": [{"index": 1, "delta": {"content": "another choice"}}]}),
        event({"moderation": {"input": {}, "output": {}}, "choices": []}),
        chunk({"content": None}),
        chunk({"content": ""}),
        chunk({"content": []}),
        chunk({"content": {}}),
        chunk({"content": 7}),
        chunk({"content": [None, 3, {}, {"type": "image"}, {"type": "reference", "reference_ids": [1]}]}),
        chunk({"role": "assistant"}),
        chunk({"content": None, "reasoning_content": None, "reasoning": None}),
        chunk({"reasoning": {"x": 1}, "reasoning_content": 3}),
        b"data: \n\n",
        b"data\n\n",
        b"event: ping\ndata: {}\n\n",
    ],
)
def test_chunks_without_text(odd: bytes) -> None:
    answer = ok(odd, text("a"), odd, text("b"), odd, STOP, odd, DONE)
    assert (answer.text, answer.reasoning, answer.finish) == ("ab", "", "stop")


@pytest.mark.parametrize("broken", [b"data: {\n\n", b"data: hello\n\n", b"data: 3\n\n", b'data: {"choices":"x"}\n\n'])
def test_data_that_is_no_chunk_is_a_failure_not_a_hole(broken: bytes) -> None:
    answer = failed(ProviderFailure, text("kept"), broken, text("never"), DONE)
    assert answer.text == "kept"
    assert answer.failure is not None
    assert "could not be read" in answer.failure.message


def test_content_as_parts() -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}, "b"]
    answer = ok(chunk({"content": parts}), text("c"), STOP, DONE)
    assert (answer.reasoning, answer.text) == ("hm", "abc")


@pytest.mark.parametrize(
    "delta",
    [
        {"reasoning_content": "hm", "content": None},
        {"reasoning": "hm", "content": "", "reasoning_details": [{"type": "reasoning.encrypted", "data": "xx"}]},
        {"reasoning_content": "hm", "reasoning": "hm"},
        {"reasoning_content": "", "reasoning": "hm"},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
        {"content": [{"type": "thinking", "thinking": "hm"}]},
    ],
)
def test_reasoning_in_all_its_places(delta: Any) -> None:
    answer = ok(chunk(delta), chunk({"reasoning_content": None, "content": "a"}), STOP, DONE)
    assert answer.deltas[:2] == [ReasoningPiece("hm"), TextPiece("a")]


def test_think_tags_split_over_chunks() -> None:
    answer = ok(
        *(text(part) for part in ("<th", "ink>", "hm", "</", "think", ">\n", "\nHel", "lo <think>")), STOP, DONE
    )
    assert (answer.reasoning, answer.text) == ("hm", "Hello <think>")


def test_refusal_is_text_and_filtered() -> None:
    answer = ok(chunk({"refusal": "I can't."}), STOP, DONE)
    assert (answer.text, answer.finish) == ("I can't.", "filtered")


# --- finish reasons -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop", "stop"),
        ("STOP", "stop"),
        ("end_turn", "stop"),
        ("eos", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("MAX_TOKENS", "length"),
        ("content_filter", "filtered"),
        ("refusal", "filtered"),
        ("SAFETY", "filtered"),
        ("tool_calls", "tools"),
        ("function_call", "tools"),
        ("pause_turn", "pause"),
        ("a new word", "stop"),
    ],
)
def test_finish_reasons(word: str, reason: FinishReason) -> None:
    assert ok(text("a"), chunk(finish=word), DONE).finish == reason


@pytest.mark.parametrize("nothing", [None, "", 0, []])
def test_a_missing_finish_reason_is_none(nothing: Any) -> None:
    failed(ProviderFailure, chunk({"content": "a"}, finish=nothing))


def test_finish_reason_with_or_before_the_last_text() -> None:
    assert ok(chunk({"content": "a"}, finish="stop"), DONE).text == "a"
    answer = ok(chunk(finish="length"), text("a"), STOP, DONE)
    assert (answer.text, answer.finish) == ("a", "length")


@pytest.mark.parametrize("word", ["error", "abort", "insufficient_system_resource"])
def test_finish_reasons_of_a_provider_that_gave_up(word: str) -> None:
    answer = failed(ProviderFailure, text("a"), chunk(finish=word), DONE)
    assert answer.text == "a"


# --- tool calls ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "calls",
    [
        [[{"index": 0, "id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}]],
        [[{"index": 0, "id": "t", "function": {"name": "f"}}], [{"index": 0, "function": {"arguments": '{"a":'}}]],
        [[{"id": "t", "function": {"name": "f", "arguments": {"a": 1}}}]],
        [[{"index": 0, "id": "t"}, {"index": 0, "id": "u"}]],
        [[{"index": 0, "id": "t"}], [{"index": 0, "id": "", "function": {"name": "", "arguments": "not json"}}]],
    ],
)
def test_tool_calls_are_survived_and_named_in_the_finish(calls: list[Any]) -> None:
    for word in ("tool_calls", "stop"):
        events = [chunk({"content": None, "tool_calls": call}) for call in calls]
        answer = ok(*events, chunk(finish=word), DONE)
        assert (answer.text, answer.finish) == ("", "tools")


# --- usage --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "events",
    [
        [text("a"), STOP, EMPTY_CHOICES],
        [text("a"), chunk(finish="stop", usage=USAGE)],
        [EMPTY_CHOICES, text("a"), STOP],
        [chunk({"content": "a"}, usage={**USAGE, "completion_tokens": 1}), chunk(finish="stop", usage=USAGE)],
        [chunk({"content": "a"}, usage=USAGE), STOP, chunk(usage=None)],
        [text("a"), chunk(finish="stop", x_groq={"id": "r", "usage": USAGE})],
        [text("a"), chunk(finish="stop", usage=USAGE, x_groq={"usage": {**USAGE, "queue_time": 0.1}})],
    ],
)
def test_usage_anywhere_last_wins(events: list[bytes]) -> None:
    assert ok(*events, DONE).usage == Usage(3, 2)


def test_usage_that_does_not_change_is_told_once() -> None:
    answer = ok(*(chunk({"content": "a"}, usage=USAGE) for _ in range(3)), STOP, DONE)
    assert [type(delta).__name__ for delta in answer.deltas].count("UsageReported") == 1


@pytest.mark.parametrize(
    "counts", [None, {}, [], "x", {"prompt_tokens": None}, {"prompt_tokens": "3", "completion_tokens": -1}]
)
def test_usage_that_says_nothing(counts: Any) -> None:
    assert ok(chunk({"content": "a"}, usage=counts), STOP, DONE).usage is None


def test_usage_details_and_cost() -> None:
    details = {
        **USAGE,
        "prompt_tokens_details": {"cached_tokens": 1, "audio_tokens": None},
        "completion_tokens_details": {"reasoning_tokens": 1},
        "cost": 0.25,
    }
    answer = ok(text("a"), chunk(finish="stop", usage=details), DONE)
    assert (answer.usage, answer.cost) == (Usage(3, 2, 1, 1), 0.25)


def test_usage_of_xai_leaves_out_reasoning() -> None:
    counts = {
        "prompt_tokens": 12,
        "completion_tokens": 2,
        "total_tokens": 354,
        "completion_tokens_details": {"reasoning_tokens": 340},
    }
    assert ok(text("a"), chunk(finish="stop", usage=counts), DONE).usage == Usage(12, 342, 340)


def test_usage_of_perplexity_and_deepseek() -> None:
    perplexity = {**USAGE, "reasoning_tokens": 1, "citation_tokens": 9, "cost": {"total_cost": 0.01}}
    answer = ok(text("a"), chunk(finish="stop", usage=perplexity), DONE)
    assert (answer.usage, answer.cost) == (Usage(3, 2, 1), 0.01)
    assert ok(text("a"), chunk(finish="stop", usage={**USAGE, "prompt_cache_hit_tokens": 2})).usage == Usage(
        3, 2, None, 2
    )


# --- citations ----------------------------------------------------------------------------------------------------


def test_perplexity_citations_change_and_message_repeats() -> None:
    first, both = ["https://a.example/x"], ["https://a.example/x", "https://b.example/"]
    results = [{"title": "B", "url": "https://b.example/", "date": "2026-01-01"}]

    def part(content: str, urls: list[str], **more: Any) -> bytes:
        choice = {"index": 0, "delta": {"role": "assistant", "content": content}, "message": {"content": "all of it"}}
        return event(
            {"object": "chat.completion.chunk", "choices": [choice], "citations": urls, "usage": USAGE, **more}
        )

    answer = ok(
        part("See [1]", first),
        part(" and", first),
        part(" [2].", both, search_results=results),
        event(
            {"object": "chat.completion.done", "choices": [{"delta": {}, "finish_reason": "stop"}], "citations": both}
        ),
        DONE,
    )
    assert answer.text == "See [1] and [2]."
    assert answer.citations == (
        Citation("a.example", "https://a.example/x", number=1),
        Citation("B", "https://b.example/", number=2),
    )
    assert [type(delta).__name__ for delta in answer.deltas].count("CitationsFound") == 2


def test_perplexity_search_results_alone() -> None:
    answer = ok(
        text("a"), chunk(finish="stop", search_results=[{"title": "A", "url": "https://a.example", "snippet": "s"}])
    )
    assert answer.citations == (Citation("A", "https://a.example", "s", 1),)


def test_openai_annotations_are_gathered() -> None:
    def note(url: str, start: int) -> Any:
        source = {"url": url, "title": "T", "start_index": start, "end_index": start + 2, "content": "c"}
        return {"annotations": [{"type": "url_citation", "url_citation": source}]}

    answer = ok(
        text("a"), chunk(note("https://a", 0)), chunk(note("https://b", 4)), chunk(note("https://a", 8)), STOP, DONE
    )
    assert [(source.url, source.number, source.start) for source in answer.citations] == [
        ("https://a", 1, 0),
        ("https://b", 2, 4),
        ("https://a", 1, 8),
    ]
    assert answer.citations[0] == Citation("T", "https://a", "c", 1, 0, 2)


@pytest.mark.parametrize(
    "odd",
    [
        chunk({"annotations": [None, 3, {}, {"url_citation": None}, {"url_citation": {"url": 3}}]}),
        chunk({"annotations": "x"}),
        chunk(citations=None),
        chunk(citations="x"),
        chunk(citations=[None, 3, ""]),
        chunk(search_results=[None, {}, {"url": None}]),
        chunk(search_results=[{"url": ["x"]}]),
    ],
)
def test_odd_citations_are_none(odd: bytes) -> None:
    assert ok(odd, text("a"), STOP, DONE).citations == ()


# --- errors in the stream -----------------------------------------------------------------------------------------


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
        ProviderFailure,
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
