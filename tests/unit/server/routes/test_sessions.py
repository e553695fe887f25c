import pytest

from millrace.model.errors import InvalidRequest
from millrace.model.messages import Session
from millrace.server.routes.sessions import _decode_cursor, _encode_cursor


def test_a_cursor_says_where_the_page_before_ended() -> None:
    session = Session("a:b/c", "ada", "", 1, 1_700_000_000_000)
    assert _decode_cursor(_encode_cursor(session)) == (1_700_000_000_000, "a:b/c")


@pytest.mark.parametrize("cursor", ["x", "%%%", "", "é", "YWJj", "a" * 397, "//8"])
def test_an_invented_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        _decode_cursor(cursor)
