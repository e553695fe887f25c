"""What Gemini's slices say, whatever of them is missing."""

from typing import Any

import pytest
from tests.unit.providers.slices import STOP, event, failed, grounding, ok, sliced, text, thought

from millrace.model.errors import ContentFiltered, ProviderFailure
from millrace.model.events import Citation, Usage
from millrace.model.generation import CitationsFound, UsageReported

COUNTS = {"promptTokenCount": 10, "candidatesTokenCount": 2, "thoughtsTokenCount": 3, "totalTokenCount": 15}


def test_thought_parts_are_reasoning() -> None:
    answer = ok(thought("Let me "), thought("see."), text("Yes"), event(sliced({"text": "!"}, finish="STOP")))
    assert (answer.reasoning, answer.text) == ("Let me see.", "Yes!")


def test_thought_and_text_in_one_slice() -> None:
    answer = ok(event(sliced({"text": "hm", "thought": True}, {"text": "a"}, {"text": "b"}, finish="STOP")))
    assert (answer.reasoning, answer.text) == ("hm", "ab")


def test_a_part_that_is_a_signature_alone() -> None:
    last = sliced({"text": "", "thoughtSignature": "b64"}, finish="STOP")
    assert ok(text("a"), event(last)).text == "a"
    assert ok(text("a"), event(sliced({"thoughtSignature": "b64"})), STOP).text == "a"


@pytest.mark.parametrize(
    "odd",
    [
        {"candidates": [{"content": {"role": "model"}, "index": 0}]},
        {"candidates": [{"content": {"parts": None}}]},
        {"candidates": [{"content": {"parts": [None, {}]}}]},
        {"candidates": [{"content": {}}]},
        {"candidates": [{}]},
        {"candidates": [{"content": None}]},
        {"candidates": [None]},
        {"candidates": []},
        {"candidates": None},
        {"usageMetadata": None, "promptFeedback": {}},
        {},
        {"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "x"}}]}}]},
        {"candidates": [{"content": {"parts": [{"executableCode": {"code": "1"}}, {"text": 7}]}}]},
        {"candidates": [{"finishReason": None}]},
        {"candidates": [{"finishReason": ""}]},
        {"candidates": [{"finishReason": "FINISH_REASON_UNSPECIFIED"}]},
    ],
)
def test_slices_without_parts_content_index_or_candidates(odd: Any) -> None:
    answer = ok(text("a"), event(odd), text("b"), STOP)
    assert (answer.text, answer.finish) == ("ab", "stop")


def test_no_index_and_no_content_with_the_finish() -> None:
    assert (
        ok(
            event({"candidates": [{"content": {"parts": [{"text": "a"}]}}]}),
            event({"candidates": [{"finishReason": "STOP"}]}),
        ).text
        == "a"
    )


def test_other_candidates_are_passed_over() -> None:
    other = {"candidates": [{"content": {"parts": [{"text": "no"}]}, "index": 1, "finishReason": "STOP"}]}
    assert failed(ProviderFailure, text("a"), event(other)).text == "a"


@pytest.mark.parametrize("counted", [{}, {"usageMetadata": {"promptTokenCount": 5}}])
def test_a_blocked_prompt_without_candidates(counted: Any) -> None:
    answer = failed(ContentFiltered, event({"promptFeedback": {"blockReason": "SAFETY"}, **counted}))
    assert (answer.deltas == []) == (not counted)
    assert answer.failure is not None
    assert "SAFETY" in (answer.failure.detail or "")


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "filtered"),
        ("RECITATION", "filtered"),
        ("BLOCKLIST", "filtered"),
        ("PROHIBITED_CONTENT", "filtered"),
        ("SPII", "filtered"),
        ("LANGUAGE", "filtered"),
        ("MODEL_ARMOR", "filtered"),
        ("IMAGE_SAFETY", "filtered"),
        ("NO_IMAGE", "filtered"),
        ("CONTINUATION", "pause"),
        ("OTHER", "stop"),
        ("ESCALATION", "stop"),
        ("SOMETHING_NEW", "stop"),
    ],
)
def test_finish_reasons(word: str, reason: str) -> None:
    assert ok(text("a"), event(sliced(finish=word))).finish == reason


@pytest.mark.parametrize(
    "word",
    [
        "MALFORMED_FUNCTION_CALL",
        "MALFORMED_RESPONSE",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
    ],
)
def test_finish_reasons_that_are_failures(word: str) -> None:
    answer = failed(ProviderFailure, text("kept"), event(sliced(finish=word)))
    assert answer.text == "kept"
    assert answer.failure is not None
    assert answer.failure.recoverable


def test_text_in_the_slice_of_the_finish_and_after_it() -> None:
    assert ok(text("a", finish="STOP"), text("b"), event({"usageMetadata": COUNTS})).text == "ab"


@pytest.mark.parametrize(
    "calls",
    [
        [{"functionCall": {"name": "f", "args": {"a": 1}}}],
        [{"functionCall": {"name": "f", "willContinue": True}}],
        [
            {"functionCall": {"name": "f", "willContinue": True}},
            {"functionCall": {"partialArgs": [{"jsonPath": "$.id", "stringValue": "A"}], "willContinue": True}},
            {"functionCall": {}},
        ],
    ],
)
def test_function_calls_whole_and_in_partial_args(calls: list[Any]) -> None:
    assert ok(*(event(sliced(call)) for call in calls), STOP).finish == "tools"


def test_usage_is_cumulative_and_output_includes_thoughts() -> None:
    first = {"promptTokenCount": 10, "totalTokenCount": 13, "thoughtsTokenCount": 3}
    answer = ok(
        event(sliced({"text": "a"}, usageMetadata=first)),
        event(sliced({"text": "b"}, usageMetadata={"trafficType": "ON_DEMAND"})),
        event(sliced({"text": "c"}, finish="STOP", usageMetadata=COUNTS | {"cachedContentTokenCount": 4})),
        event({"usageMetadata": {"trafficType": "ON_DEMAND"}}),
    )
    reports = [delta.usage for delta in answer.deltas if isinstance(delta, UsageReported)]
    assert reports == [Usage(10, 3, 3), Usage(10, 5, 3, 4)]


def test_usage_that_repeats_is_reported_once() -> None:
    answer = ok(*(event(sliced({"text": "a"}, usageMetadata=COUNTS)) for _ in range(3)), STOP)
    assert sum(isinstance(delta, UsageReported) for delta in answer.deltas) == 1


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({"promptTokenCount": 10, "toolUsePromptTokenCount": 7, "candidatesTokenCount": 1}, Usage(17, 1)),
        ({"promptTokenCount": 10, "totalTokenCount": 14}, Usage(10, 4)),
        ({"candidatesTokenCount": 1}, Usage(0, 1)),
        ({"promptTokenCount": "x"}, None),
        ({"promptTokenCount": True}, None),
        ({"promptTokenCount": -1}, None),
        ({}, None),
    ],
)
def test_counts_of_every_kind(counts: Any, usage: Usage | None) -> None:
    assert ok(event(sliced({"text": "a"}, finish="STOP", usageMetadata=counts))).usage == usage


def test_grounding_bytes_over_emoji_become_characters() -> None:
    said = "Größe 🎈: Mühlen drehen sich."
    begin, end = (len(said[:place].encode()) for place in (said.index("Mühlen"), len(said)))
    segment = {"startIndex": begin, "endIndex": end, "text": "Mühlen drehen sich."}
    grounded = grounding([("https://a.example/x", "a.example")], [(segment, [0])])
    answer = ok(text(said[:8]), text(said[8:]), event(sliced(finish="STOP", groundingMetadata=grounded)))
    (citation,) = answer.citations
    assert (citation.start, citation.end) == (said.index("Mühlen"), len(said))
    assert said[citation.start : citation.end] == "Mühlen drehen sich."
    assert citation == Citation("a.example", "https://a.example/x", "", 1, citation.start, citation.end)


def test_grounding_that_comes_before_its_text_gets_its_places_at_the_end() -> None:
    segment = {"startIndex": 3, "endIndex": 5, "text": "cd"}
    early = grounding([("https://a.example", "A")], [(segment, [0])])
    answer = ok(text("é "), event(sliced({"text": ""}, groundingMetadata=early)), text("cd"), STOP)
    found = [delta.citations for delta in answer.deltas if isinstance(delta, CitationsFound)]
    assert [(each.start, each.end) for citations in found for each in citations] == [(None, None), (2, 4)]


def test_grounding_that_repeats_is_reported_once() -> None:
    grounded = grounding([("https://a.example", "A")], [({"endIndex": 1}, [0])])
    answer = ok(*(event(sliced({"text": "x"}, groundingMetadata=grounded)) for _ in range(3)), STOP)
    assert sum(isinstance(delta, CitationsFound) for delta in answer.deltas) == 1
