import pytest
from starlette.requests import HTTPConnection
from starlette.responses import Response

from millrace.server.cookies import Cookies


def cookies_of(*, scheme: str = "http", public_url: str | None = None, root: str = "") -> list[str]:
    scope = {"type": "http", "scheme": scheme, "path": "/", "root_path": root, "headers": [(b"host", b"test")]}
    response, cookies = Response(), Cookies(public_url)
    cookies.set_session(HTTPConnection(scope), response, "value", 60)
    cookies.set_refresh(HTTPConnection(scope), response, "value", 60)
    return [value.decode() for name, value in response.raw_headers if name == b"set-cookie"]


def test_scripts_and_other_sites_get_neither() -> None:
    session, refresh = cookies_of()
    assert session == "millrace_session=value; HttpOnly; Max-Age=60; Path=/; SameSite=lax"
    assert refresh == "millrace_refresh=value; HttpOnly; Max-Age=60; Path=/api/auth; SameSite=lax"


@pytest.mark.parametrize(("scheme", "public_url"), [("https", None), ("http", "https://chat.example.com")])
def test_over_https_they_are_sent_over_https_alone(scheme: str, public_url: str | None) -> None:
    assert all("; Secure" in cookie for cookie in cookies_of(scheme=scheme, public_url=public_url))


def test_under_a_prefix_they_are_the_prefixs() -> None:
    session, refresh = cookies_of(root="/chat")
    assert "Path=/chat;" in session
    assert "Path=/chat/api/auth;" in refresh
