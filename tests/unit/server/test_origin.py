import pytest
from starlette.datastructures import Headers

from millrace.model.errors import Forbidden
from millrace.server.origin import check_origin, is_own_origin

HOST = {"host": "chat.example.com"}
ALLOWED = {"https://app.example.com"}


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({}, True),
        ({"origin": "https://chat.example.com"}, True),
        ({"origin": "http://chat.example.com"}, True),
        ({"origin": "https://CHAT.example.com"}, True),
        ({"origin": "https://chat.example.com:8443"}, False),
        ({"origin": "https://evil.example.com"}, False),
        ({"origin": "https://chat.example.com.evil.com"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"origin": "https://[::1"}, False),
        ({"origin": "https://app.example.com"}, True),
        ({"origin": "HTTPS://APP.example.com"}, True),
        ({"origin": "https://app.example.com", "sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:5173"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://chat.example.com"}, False),
        ({"sec-fetch-site": ""}, False),
    ],
)
def test_only_our_own_pages_and_allowed_ones_pass(headers: dict[str, str], own: bool) -> None:
    assert is_own_origin(Headers({**HOST, **headers}), ALLOWED) is own


def test_a_websocket_is_compared_with_the_page_it_came_from() -> None:
    check_origin(Headers({**HOST, "origin": "http://chat.example.com"}), ())
    check_origin(Headers({"host": "127.0.0.1:8000", "origin": "http://127.0.0.1:8000"}), ())
    with pytest.raises(Forbidden, match="allowed_origins"):
        check_origin(Headers({"host": "127.0.0.1:8000", "origin": "http://localhost:8000"}), ())
