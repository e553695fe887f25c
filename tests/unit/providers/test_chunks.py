import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.providers.chunks import whole_chunks

BODIES = st.lists(st.binary(min_size=1, max_size=40), max_size=6)


def chunked(bodies: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(body), body) for body in bodies)


@given(BODIES)
def test_whole_chunks_are_taken_out(bodies: list[bytes]) -> None:
    data = chunked(bodies)
    assert whole_chunks(data) == (b"".join(bodies), len(data))


@given(BODIES, st.binary(min_size=1, max_size=40), st.data())
def test_a_chunk_that_is_not_whole_is_left(bodies: list[bytes], last: bytes, data: st.DataObject) -> None:
    before, whole = chunked(bodies), chunked([last])
    part = whole[: data.draw(st.integers(0, len(whole) - 1))]
    assert whole_chunks(before + part) == (b"".join(bodies), len(before))


@pytest.mark.parametrize(
    "rest",
    [
        b"0\r\n\r\n",
        b"0\r\ntrailer: x\r\n\r\n",
        b"2;name=value\r\nab\r\n",
        b"2\r\nabc\r\n",
        b"2\nab\n",
        b"-2\r\nab\r\n",
        b"0x2\r\nab\r\n",
        b" 2\r\nab\r\n",
        b"\r\n2\r\nab\r\n",
        b"000000002\r\nab\r\n",
        b"ffffffff\r\nab\r\n",
        b"zz",
        b"",
    ],
)
def test_it_stops_before_whatever_is_anything_else(rest: bytes) -> None:
    assert whole_chunks(rest) == (b"", 0)
    assert whole_chunks(b"A\r\n0123456789\r\n" + rest) == (b"0123456789", 15)
