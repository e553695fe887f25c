"""Whoever brings no token is a guest; whoever brings a wrong one is not."""

from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from tests.support.app import running_app, small_settings

from millrace.model.errors import Forbidden, RateLimited, Unauthorized
from millrace.model.principal import Principal
from millrace.server.cookies import SESSION_COOKIE
from millrace.server.services import services_of
from millrace.server.visitors import visitor


def request(address: str = "10.0.0.1", **headers: str) -> Request:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": "/",
        "query_string": b"",
        "client": (address, 1),
        "headers": [(b"host", b"127.0.0.1"), *raw],
    }
    return Request(scope)


async def test_who_calls_without_a_token(tmp_path: Path) -> None:
    async with running_app(small_settings(tmp_path, limits={"guests_per_minute": 2})) as app:
        services = services_of(app)
        first = await visitor(request(), services)
        assert (first.principal.kind, first.rate_key, first.is_new) == ("guest", "address:10.0.0.1", True)
        assert await services.store.user(first.principal.user_id) is None, "who is refused leaves nothing behind"
        await first.welcome(services)
        assert await services.store.user(first.principal.user_id) is not None, "what they own has an owner"
        response = Response()
        first.remember(request(), response, services)
        cookie = response.headers["set-cookie"].split(";")[0]
        again = await visitor(request(cookie=cookie), services)
        assert (again.principal.user_id, again.is_new) == (first.principal.user_id, False)
        assert again.rate_key == f"user:{first.principal.user_id}"
        unchanged = Response()
        again.remember(request(), unchanged, services)
        assert "set-cookie" not in unchanged.headers
        stale = await visitor(request(cookie=f"{SESSION_COOKIE}=x.y.z"), services)
        assert stale.is_new
        with pytest.raises(RateLimited):
            await visitor(request(), services)
        assert (await visitor(request("10.0.0.2"), services)).is_new


async def test_a_token_counts_or_is_refused(tmp_path: Path) -> None:
    async with running_app(small_settings(tmp_path)) as app:
        services = services_of(app)
        ada = Principal("ada", "guest", "Ada")
        token = services.tokens.issue_access(ada, 60)
        assert (await visitor(request(authorization=f"Bearer {token}"), services)).principal.user_id == "ada"
        await visitor(request(authorization=f"Bearer {token}"), services)
        reader = await services.keys.create("ada", name="", scopes=("read",), lifetime_s=None)
        with pytest.raises(Forbidden):
            await visitor(request(authorization=f"Bearer {reader[1]}"), services)
        for wrong in ("Bearer x.y.z", "Basic eDp5", "Bearer "):
            with pytest.raises(Unauthorized):
                await visitor(request(authorization=wrong), services)
