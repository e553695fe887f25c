"""Signing in at a real server behind real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.support.app import running_app, small_settings
from tests.support.asgi_server import serving

from millrace.cli.client.api import Api, Web
from millrace.cli.client.credentials import Account, Guest, sign_in
from millrace.cli.client.errors import Rejected, SignInNeeded, Unreachable
from millrace.cli.client.vault import Keepsake, Vault

ADA = {"email": "ada@example.com", "password": "correct horse battery"}


class Person:
    """Answers what is asked, and counts."""

    def __init__(self, password: str = ADA["password"]) -> None:
        self.asked = 0
        self._password = password

    async def email(self, default: str) -> str:
        self.asked += 1
        return default or ADA["email"]

    async def password(self) -> str:
        return self._password


@asynccontextmanager
async def server(data_dir: Path, **settings: Any) -> AsyncIterator[Web]:
    async with (
        running_app(small_settings(data_dir, **settings)) as app,
        serving(app) as address,
        Web(f"http://{address}/") as web,
    ):
        yield web


@asynccontextmanager
async def accounts(data_dir: Path) -> AsyncIterator[Web]:
    async with server(data_dir, auth={"mode": "accounts"}) as web:
        async with httpx2.AsyncClient() as http:
            (await http.post(web.url + "/api/auth/register", json=ADA)).raise_for_status()
        yield web


async def test_a_guest_comes_back_with_the_same_cookie(tmp_path: Path) -> None:
    async with server(tmp_path / "data") as web:
        vault = Vault(tmp_path)
        credential, first = await sign_in(web, vault, Person(), None)
        assert first.kind == "guest"
        assert await Api(web, credential).ticket()
        assert (await sign_in(web, Vault(tmp_path), Person(), None))[1] == first


async def test_a_guest_whose_cookie_is_not_taken_any_more_becomes_another_one(tmp_path: Path) -> None:
    async with server(tmp_path / "data") as web:
        vault = Vault(tmp_path)
        vault.put(web.url, Keepsake(guest="not.a.token"))
        api = Api(web, Guest(web, vault))
        assert await api.sessions() == []
        assert vault.get(web.url).guest != "not.a.token"


async def test_an_account_is_asked_for_its_password_once(tmp_path: Path) -> None:
    async with accounts(tmp_path / "data") as web:
        person = Person()
        credential, user = await sign_in(web, Vault(tmp_path), person, None)
        assert user.kind == "account"
        assert await Api(web, credential).sessions() == []
        first = Vault(tmp_path).get(web.url)
        await sign_in(web, Vault(tmp_path), person, None)
        assert person.asked == 1
        second = Vault(tmp_path).get(web.url)
        assert first.refresh_token != second.refresh_token
        assert second.email == ADA["email"]


async def test_programs_that_renew_at_the_same_moment_do_not_sign_each_other_out(tmp_path: Path) -> None:
    async with accounts(tmp_path / "data") as web:
        await sign_in(web, Vault(tmp_path), Person(), None)
        several = [Account(web, Vault(tmp_path), Person()) for _ in range(4)]
        assert await asyncio.gather(*(each.refresh() for each in several)) == [True] * 4


async def test_a_sign_in_that_ended_is_told_and_forgotten(tmp_path: Path) -> None:
    async with accounts(tmp_path / "data") as web:
        vault = Vault(tmp_path)
        vault.put(web.url, Keepsake(refresh_token="not.a.token", email=ADA["email"]))
        with pytest.raises(SignInNeeded, match="has ended"):
            await Account(web, vault, Person()).renew()
        assert vault.get(web.url) == Keepsake(email=ADA["email"])


async def test_a_wrong_password_is_the_servers_sentence(tmp_path: Path) -> None:
    async with accounts(tmp_path / "data") as web:
        with pytest.raises(Rejected) as refused:
            await sign_in(web, Vault(tmp_path), Person("wrong horse battery"), None)
        assert refused.value.problem.code == "UNAUTHORIZED"
        assert refused.value.message


async def test_a_token_that_nobody_accepts_is_told(tmp_path: Path) -> None:
    async with server(tmp_path / "data") as web:
        with pytest.raises(SignInNeeded, match="does not accept this token"):
            await sign_in(web, Vault(tmp_path), Person(), "not.a.token")
        assert not Vault(tmp_path).path.exists()


async def test_what_is_no_millrace_server_is_told_apart_from_none() -> None:
    async def other(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<html>"})

    async with serving(other) as address, Web(f"http://{address}") as web:
        with pytest.raises(Unreachable, match="no Millrace server"):
            await sign_in(web, Vault(Path("/nonexistent")), Person(), None)
    async with Web(f"http://{address}") as web:
        with pytest.raises(Unreachable, match="millrace serve"):
            await web.request("GET", "/api/auth/session")
