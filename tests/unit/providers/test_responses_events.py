"""Events of the Responses wire as JSON, strict and lenient."""

from typing import Any

import pytest

from millrace.providers.responses_events import decode_event, decode_response, finish_reason, items_of, parts_of


@pytest.mark.parametrize("data", [b"", b"{", b"7", b"[]", b"[" * 100_000])
def test_what_is_no_event(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_event(data)


def test_lenient_json_is_read() -> None:
    assert decode_event(b'{"type":"x","delta":"\xff\\ud83d\n","logprobs":NaN}').delta == "\ufffd\ufffd\n"
    assert decode_response(b'[{"status":"completed","top_p":Infinity}]') == {"status": "completed", "top_p": None}


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ({"status": "completed"}, "stop"),
        ({}, "stop"),
        ({"status": "incomplete"}, "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "filtered"),
        ({"status": "incomplete", "incomplete_details": 7}, "length"),
    ],
)
def test_finish_reasons(response: dict[str, Any], reason: str) -> None:
    assert finish_reason(response, tools=False, refused=False) == reason


def test_calls_and_refusals() -> None:
    assert finish_reason({}, tools=True, refused=True) == "tools"
    assert finish_reason({}, tools=False, refused=True) == "filtered"


def test_what_an_output_holds() -> None:
    assert list(items_of({"output": [7, {"a": 1}, None]})) == [{"a": 1}]
    assert list(items_of({"output": None})) == []
    assert list(parts_of({"summary": [{"text": "x"}, "y"]}, "summary")) == [{"text": "x"}]
    assert list(parts_of({})) == []
