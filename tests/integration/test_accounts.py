"""Signing in over HTTP: accounts, outside issuers, tickets."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import jwt
import pytest
from fastapi import FastAPI
from tests.support.app import client_of, running_app, small_settings

from millrace.server.services import services_of

SECRET = "0123456789abcdef0123456789abcdef"
ADA = {"email": "ada@example.com", "password": "correct horse battery staple", "name": "Ada"}
FROM_PAGE = {"origin": "http://127.0.0.1:8000"}


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[FastAPI]:
    async with running_app(small_settings(tmp_path, auth={"mode": "accounts"})) as running:
        yield running


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app) as opened:
        yield opened


async def test_nobody_is_anybody_before_signing_in(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/api/auth/session")).json() == {"mode": "accounts", "user": None}
    assert (await client.get("/api/sessions")).status_code == 401


async def test_an_account_is_made_left_and_entered_again(client: httpx2.AsyncClient) -> None:
    made = await client.post("/api/auth/register", json=ADA, headers=FROM_PAGE)
    assert made.status_code == 201
    user = made.json()["user"]
    assert (user["name"], user["kind"]) == ("Ada", "account")
    assert made.json()["token_type"] == "bearer"
    assert (await client.get("/api/auth/session")).json()["user"] == user
    session = (await client.post("/api/sessions", json={"title": "Mine"})).json()
    assert (await client.post("/api/auth/logout")).status_code == 204
    assert (await client.get("/api/auth/session")).json()["user"] is None
    assert (await client.get("/api/sessions")).status_code == 401
    wrong = await client.post("/api/auth/login", json={**ADA, "password": "wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "UNAUTHORIZED")
    entered = await client.post("/api/auth/login", json=ADA)
    assert entered.json()["user"] == user
    assert [each["id"] for each in (await client.get("/api/sessions")).json()["sessions"]] == [session["id"]]
    again = await client.post("/api/auth/register", json=ADA)
    assert (again.status_code, again.json()["code"]) == (409, "INVALID_REQUEST")


async def test_a_browser_is_told_no_refresh_token_and_a_script_is(client: httpx2.AsyncClient) -> None:
    page = await client.post("/api/auth/register", json=ADA, headers=FROM_PAGE)
    assert page.json().get("refresh_token") is None
    cookies = page.headers.get_list("set-cookie")
    assert all("HttpOnly" in cookie and "SameSite=lax" in cookie for cookie in cookies)
    script = await client.post("/api/auth/login", json=ADA)
    assert script.json()["refresh_token"]


async def test_a_refresh_token_is_good_once(app: FastAPI) -> None:
    async with client_of(app) as script:
        token = (await script.post("/api/auth/register", json=ADA)).json()["refresh_token"]
        script.cookies.clear()
        first = await script.post("/api/auth/refresh", json={"refresh_token": token})
        assert first.status_code == 200
        access = first.json()["access_token"]
        script.cookies.clear()
        headers = {"authorization": f"Bearer {access}"}
        assert (await script.get("/api/sessions", headers=headers)).status_code == 200
        second = await script.post("/api/auth/refresh", json={"refresh_token": first.json()["refresh_token"]})
        script.cookies.clear()
        stolen = await script.post("/api/auth/refresh", json={"refresh_token": token})
        assert (stolen.status_code, stolen.json()["code"]) == (401, "UNAUTHORIZED")
        script.cookies.clear()
        ended = await script.post("/api/auth/refresh", json={"refresh_token": second.json()["refresh_token"]})
        assert ended.status_code == 401
        for wrong in ({}, {"refresh_token": access}, {"refresh_token": "x"}):
            assert (await script.post("/api/auth/refresh", json=wrong)).status_code == 401


async def test_logging_out_ends_the_refresh_token(app: FastAPI) -> None:
    async with client_of(app) as browser, client_of(app) as thief:
        token = (await browser.post("/api/auth/register", json=ADA)).json()["refresh_token"]
        await browser.post("/api/auth/logout")
        assert (await thief.post("/api/auth/refresh", json={"refresh_token": token})).status_code == 401


async def test_a_page_that_comes_back_late_is_still_signed_in(client: httpx2.AsyncClient) -> None:
    user = (await client.post("/api/auth/register", json=ADA)).json()["user"]
    client.cookies.delete("millrace_session")
    assert (await client.get("/api/auth/session")).json()["user"] == user
    assert (await client.get("/api/sessions")).status_code == 200


async def test_attempts_to_guess_a_password_are_slowed_down(tmp_path: Path) -> None:
    settings = small_settings(tmp_path, auth={"mode": "accounts"}, limits={"sign_ins_per_minute": 1})
    async with running_app(settings) as app, client_of(app) as client:
        await client.post("/api/auth/login", json=ADA)
        refused = await client.post("/api/auth/login", json=ADA)
    assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMIT")
    assert int(refused.headers["retry-after"]) >= 1


async def test_other_sites_cannot_sign_a_visitor_in_or_out(client: httpx2.AsyncClient) -> None:
    await client.post("/api/auth/register", json=ADA)
    for path in ("login", "register", "refresh", "logout", "ws-ticket"):
        answer = await client.post(f"/api/auth/{path}", json=ADA, headers={"origin": "https://evil.example.com"})
        assert answer.status_code == 403
    assert (await client.get("/api/auth/session")).json()["user"] is not None


async def test_accounts_are_there_in_their_mode_only(tmp_path: Path) -> None:
    async with running_app(small_settings(tmp_path)) as app, client_of(app) as client:
        assert (await client.post("/api/auth/register", json=ADA)).status_code == 404
        assert (await client.post("/api/auth/login", json=ADA)).status_code == 404


async def test_an_outside_issuers_users_come_in_and_nobody_else(tmp_path: Path) -> None:
    settings = small_settings(tmp_path, auth={"mode": "jwt"}, jwt_secret=SECRET, jwt={"issuer": "https://issuer"})
    claims = {"sub": "ada", "name": "Ada", "iss": "https://issuer", "exp": int(time.time()) + 60}
    async with running_app(settings) as app, client_of(app) as client:
        assert (await client.get("/api/auth/session")).json() == {"mode": "jwt", "user": None}
        headers = {"authorization": f"Bearer {jwt.encode(claims, SECRET, algorithm='HS256')}"}
        assert (await client.get("/api/auth/session", headers=headers)).json()["user"] == {
            "id": "ada",
            "name": "Ada",
            "kind": "external",
        }
        answer = await client.post("/api/v1/chat", json={"message": "Hello", "user_id": "ada"}, headers=headers)
        assert answer.status_code == 200
        for wrong in ({"iss": "https://evil"}, {"exp": 1}, {"sub": 7}):
            token = jwt.encode({**claims, **wrong}, SECRET, algorithm="HS256")
            refused = await client.get("/api/sessions", headers={"authorization": f"Bearer {token}"})
            assert refused.status_code == 401


async def test_tickets_are_limited(tmp_path: Path) -> None:
    settings = small_settings(tmp_path, limits={"tickets_per_minute": 1})
    async with running_app(settings) as app, client_of(app) as client:
        await client.get("/api/auth/session")
        ticket = (await client.post("/api/auth/ws-ticket")).json()
        assert ticket["expires_in"] == 30
        assert (await client.post("/api/auth/ws-ticket")).status_code == 429


async def test_a_connection_lasts_as_long_as_the_sign_in(app: FastAPI, client: httpx2.AsyncClient) -> None:
    services = services_of(app)
    await client.post("/api/auth/register", json=ADA)

    async def lasts_s() -> float:
        ticket = (await client.post("/api/auth/ws-ticket")).json()["ticket"]
        return ((await services.tickets.redeem(ticket)).expires_at or 0) - time.time()

    assert await lasts_s() > services.settings.auth.access_token_s * 2
    client.cookies.delete("millrace_refresh")
    assert await lasts_s() <= services.settings.auth.access_token_s
