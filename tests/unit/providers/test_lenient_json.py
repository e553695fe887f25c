"""JSON that strict readers refuse."""

import msgspec
import pytest

from millrace.providers.lenient_json import repaired


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a": NaN, "b": [Infinity, 1]}', {"a": None, "b": [None, 1]}),
        (b'"a\xff\xfeb"', "a\ufffd\ufffdb"),
        (b'"\\ud83d x"', "\ufffd x"),
        (b'"\\ud83c\\udf88"', "🎈"),
        (b'"a\tb"', "a\tb"),
    ],
)
def test_what_lenient_writers_write(data: bytes, value: object) -> None:
    assert msgspec.json.decode(repaired(data)) == value


@pytest.mark.parametrize(("data", "value"), [(b"[{}, 1]", b"{}"), (b"[]", b"{}"), (b"3", b"3")])
def test_the_first_of_a_list(data: bytes, value: bytes) -> None:
    assert repaired(data, first=True) == value


@pytest.mark.parametrize("data", [b"", b"{", b"hello", b"[" * 100_000])
def test_what_is_no_json(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        repaired(data)
