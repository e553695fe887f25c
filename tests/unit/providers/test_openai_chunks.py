import pytest

from millrace.model.events import Usage
from millrace.providers.openai_chunks import decode_chunk, decode_whole, finish_reason, usage_of


@pytest.mark.parametrize(
    "data", [b"", b"{", b"3", b'"x"', b"[]", b'{"choices":{}}', b"[" * 100_000, b'{"x":' * 100_000]
)
def test_what_is_no_chunk_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|char|value|data|Expected|trunc"):
        decode_chunk(data)


def test_lenient_json_is_read_the_slow_way() -> None:
    chunk = decode_chunk(b'{"choices":[{"delta":{"content":"\xff\\ud83d\n"},"x":NaN}]}')
    assert chunk.choices is not None
    assert chunk.choices[0] is not None
    assert chunk.choices[0].delta is not None
    assert chunk.choices[0].delta.content == "\ufffd\ufffd\n"


def test_the_first_of_a_list_counts() -> None:
    assert decode_whole(b' [{"error":"x"},{"error":"y"}]').error == "x"
    assert decode_whole(b"[]").error is None


def test_a_finish_reason_gives_way_to_what_was_seen() -> None:
    assert finish_reason("stop", tools=True, refused=False) == "tools"
    assert finish_reason("stop", tools=False, refused=True) == "filtered"
    assert finish_reason("length", tools=True, refused=True) == "length"


def test_reasoning_that_is_part_of_the_output_is_not_counted_twice() -> None:
    details = b'"completion_tokens_details":{"reasoning_tokens":5}'
    counts = b'{"usage":{"prompt_tokens":3,"completion_tokens":7,"total_tokens":10,' + details + b"}}"
    assert usage_of(decode_chunk(counts)) == (Usage(3, 7, 5), None)
