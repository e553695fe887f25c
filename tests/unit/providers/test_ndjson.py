"""Lines of JSON, however they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.providers.ndjson import LineDecoder, LineTooLong, without_bom

LINES = st.lists(st.sampled_from([b"", b" ", b"{}", b"\r", b'{"a":1}\r', "🎈\u2028".encode(), b"\xff"]), max_size=12)


def decoded(chunks: list[bytes]) -> list[bytes]:
    decoder = LineDecoder(1000)
    found = [line for chunk in chunks for line in decoder.feed(chunk)]
    return [*found, last] if (last := decoder.close()) else found


@given(LINES, st.booleans(), st.integers(1, 9))
def test_lines_do_not_depend_on_the_cuts(lines: list[bytes], ended: bool, size: int) -> None:
    stream = b"\n".join(lines) + (b"\n" if ended else b"")
    whole = decoded([stream])
    assert decoded([stream[at : at + size] for at in range(0, len(stream), size)]) == whole
    assert [line.strip() for line in whole] == [line.strip() for line in lines if line.strip()]


def test_a_line_over_the_limit_is_refused_before_it_is_whole() -> None:
    decoder = LineDecoder(10)
    assert decoder.feed(b"1234567890\n123") == [b"1234567890"]
    with pytest.raises(LineTooLong, match="10 bytes"):
        decoder.feed(b"45678901")
    with pytest.raises(LineTooLong):
        LineDecoder(10).feed(b"12345678901\n")


def test_a_mark_at_the_beginning_is_dropped() -> None:
    assert without_bom(b"\xef\xbb\xbf{}") == b"{}"
