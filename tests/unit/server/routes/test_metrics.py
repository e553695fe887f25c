"""Who sees what is counted, and that it is counted where it happens."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from tests.support.app import client_of, guest_of, running_app, small_settings
from tests.unit.ops.test_metrics import values

from millrace.model.messages import User
from millrace.model.principal import Principal
from millrace.server.services import services_of

HOME, ELSEWHERE = ("127.0.0.1", 50_000), ("192.0.2.7", 50_000)


async def look(app: FastAPI, headers: dict[str, str] | None = None, peer: tuple[str, int] = HOME) -> int:
    """The status that somebody at `peer` gets who sends `headers`."""
    transport = httpx2.ASGITransport(app=app, client=peer)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        return (await client.get("/metrics", headers=headers)).status_code


async def test_on_a_private_server_whoever_sits_at_the_machine_sees_them(tmp_path: Path) -> None:
    async with running_app(small_settings(tmp_path)) as app:
        for host in ("127.0.0.1:8000", "localhost", "[::1]:8000"):
            assert await look(app, {"host": host}) == 200
        assert await look(app, peer=("::1", 1)) == 200
        assert await look(app, peer=ELSEWHERE) == 401
        for name in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Proto"):
            assert await look(app, {name: "127.0.0.1"}) == 401, f"{name}: somebody stands between"
        for host in ("chat.example.com", "127.0.0.1.example.com", "[::1", "", "localhost.example"):
            assert await look(app, {"host": host}) == 401, host
        assert await look(app, {"sec-fetch-site": "cross-site"}) == 401
        assert await look(app, {"origin": "https://evil.example"}) == 401


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "0.0.0.0"},
        {"auth": {"allow_guests": True}},
        {"auth": {"mode": "accounts"}},
        {"auth": {"operators": ["somebody"]}},
        {"public_url": "http://chat.example.com"},
        {"trusted_proxies": ["10.0.0.1"]},
        {"allowed_origins": ["https://app.example.com"]},
    ],
)
async def test_any_other_server_is_closed(tmp_path: Path, settings: dict[str, Any]) -> None:
    async with running_app(small_settings(tmp_path, **settings)) as app:
        assert await look(app) == 401


async def test_operators_see_them_signed_in_or_by_a_key_and_others_do_not(tmp_path: Path) -> None:
    boss = User(id="u1", kind="account", name="Boss", created_at=0, email="boss@example.com")
    auth = {"mode": "accounts", "operators": ["Boss@example.com"]}
    async with running_app(small_settings(tmp_path, auth=auth)) as app:
        services = services_of(app)
        await services.store.create_user(boss, "hash")
        await services.store.create_user(User("u2", "account", "Ada", 0, "ada@example.com"), "hash")
        keys = {
            user: (await services.keys.create(user, name="", scopes=("read",), lifetime_s=None))[1]
            for user in ("u1", "u2")
        }
        boss_token = services.tokens.issue_access(Principal("u1", "account"), 60)
        for credential, status in ((keys["u1"], 200), (boss_token, 200), (keys["u2"], 403), ("nonsense", 401)):
            assert await look(app, {"authorization": f"Bearer {credential}"}, ELSEWHERE) == status


async def test_what_happens_is_counted_where_it_happens(tmp_path: Path) -> None:
    async with running_app(small_settings(tmp_path)) as app, guest_of(app) as guest:
        asked = {"message": "What is a turn?", "request_id": "r1"}
        for _ in range(2):
            (await guest.post("/api/v1/chat", json=asked)).raise_for_status()
        await guest.get("/api/sessions/nothing")
        metrics = services_of(app).metrics
        found = values(metrics)
        assert found["millrace_actions_total", "send"] == 1, "the same request is one question"
        assert found["millrace_turns_total", "completed"] == 1
        assert found["millrace_errors_total", "NOT_FOUND"] == 1
        assert found["millrace_time_to_first_token_seconds_count",] == 1
        pieces = found["millrace_pieces_total",]
        assert pieces >= 1
        assert found["millrace_time_between_tokens_seconds_count",] == pieces - 1
        async with client_of(app) as nobody:
            shown = await nobody.get("/metrics")
        assert shown.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert "What is a turn" not in shown.text
