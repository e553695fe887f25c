"""Totals of usage, and errors in the words that all providers share."""

from typing import Any

import pytest

from millrace.model.events import Usage
from millrace.providers.anthropic_events import UsageCounter, decode_event, error_of, known_refusal
from millrace.providers.failures import Refusal


def test_counts_are_totals_that_replace_each_other() -> None:
    counter = UsageCounter()
    assert counter.take({"input_tokens": 43, "output_tokens": 1}) == Usage(43, 1)
    assert counter.take({"output_tokens": 20}) == Usage(43, 20)
    assert counter.take({"input_tokens": 61, "output_tokens": 25}) == Usage(61, 25)
    assert counter.take({"input_tokens": 61, "output_tokens": 25}) is None


def test_input_is_all_of_the_prompt() -> None:
    counts = {"input_tokens": 5, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 1000}
    assert UsageCounter().take(counts) == Usage(1105, 0, None, 1000)


def test_thinking_is_part_of_the_output() -> None:
    counts = {"input_tokens": 5, "output_tokens": 90, "output_tokens_details": {"thinking_tokens": 70}}
    assert UsageCounter().take(counts) == Usage(5, 90, 70)


@pytest.mark.parametrize(
    "nothing", [None, {}, [], {"output_tokens": None}, {"input_tokens": "x"}, {"input_tokens": -1}]
)
def test_null_and_missing_fields_change_nothing(nothing: Any) -> None:
    counter = UsageCounter()
    assert counter.take(nothing) is None
    counter.take({"input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 5})
    nulls = {"input_tokens": None, "cache_read_input_tokens": None, "output_tokens_details": None}
    assert counter.take(nothing) is None
    assert counter.take({**nulls, "output_tokens": 6}) == Usage(7, 6, None, 4)


def test_an_event_of_unknown_type_may_have_any_shape() -> None:
    assert decode_event(b'{"type":"new","delta":3}').type == "new"
    with pytest.raises(ValueError, match="delta"):
        decode_event(b'{"type":"message_delta","delta":3}')


def test_nesting_without_end_is_an_error_not_a_crash() -> None:
    with pytest.raises(ValueError, match="deep"):
        decode_event(b'{"type":"x","usage":' + b"[" * 100_000)


def test_the_kind_tells_where_there_is_no_status() -> None:
    said = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "r"}
    assert error_of(said) == Refusal(529, kind="overloaded_error", words="Overloaded")
    assert known_refusal(Refusal(503, kind="api_error")).status == 503
    declined = known_refusal(
        Refusal(400, kind="invalid_request_error", words="Output blocked by content filtering policy")
    )
    assert declined.code == "content_filter"
