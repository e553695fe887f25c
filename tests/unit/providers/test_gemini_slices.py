"""Slices as JSON, strict and lenient."""

import pytest

from millrace.model.events import Usage
from millrace.providers.gemini_slices import UsageMetadata, decode_slice, finish_reason, usage_of


@pytest.mark.parametrize("data", [b"", b"{", b"7", b"[]", b'{"candidates":7}', b"[" * 100_000])
def test_what_is_no_slice(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_slice(data)


def test_lenient_json_is_read() -> None:
    found = decode_slice(b'{"candidates":[{"content":{"parts":[{"text":"\xff\\ud83d\n"}]},"avgLogprobs":NaN}]}')
    assert found.candidates
    assert found.candidates[0]
    assert found.candidates[0].content
    assert found.candidates[0].content.parts
    assert found.candidates[0].content.parts[0]
    assert found.candidates[0].content.parts[0].text == "\ufffd\ufffd\n"


def test_calls_make_a_stop_a_call_and_nothing_else() -> None:
    assert [finish_reason(word, tools=True) for word in ("STOP", "MAX_TOKENS", "SAFETY")] == [
        "tools",
        "length",
        "filtered",
    ]


def test_thoughts_count_where_the_answer_has_no_tokens_yet() -> None:
    assert usage_of(UsageMetadata(10, None, 2, None, 3, 13)) == Usage(10, 3, 3, 2)
    assert usage_of(UsageMetadata(10.0, None, None, None, 3, 5)) == Usage(10, 3, 3)
