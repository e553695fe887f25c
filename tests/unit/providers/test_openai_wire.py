"""The quirks of the servers that speak this wire.

Each stream is fed whole, event by event, byte by byte and in 7s.
"""

from typing import Any

import pytest
from tests.unit.providers.chunks import DONE, EMPTY_CHOICES, STOP, USAGE, chunk, event, failed, ok, text

from millrace.model.errors import (
    ProviderFailure,
)
from millrace.model.events import FinishReason, Usage
from millrace.model.generation import ReasoningPiece, TextPiece


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
