"""`/api/keys`, and what a key opens."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from tests.support.app import client_of, guest_of, running_app, small_settings

URL = "/api/keys"


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[FastAPI]:
    async with running_app(small_settings(tmp_path)) as app:
        yield app


@pytest.fixture
async def ada(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with guest_of(app) as client:
        yield client


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def test_a_key_is_made_shown_once_used_and_revoked(app: FastAPI, ada: AsyncClient) -> None:
    made = await ada.post(URL, json={"name": " notebook ", "expires_in": 3600})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    key = made.json()
    assert (key["name"], key["scopes"], key["revoked_at"]) == ("notebook", ["chat"], None)
    assert key["key"].startswith(key["prefix"])
    async with client_of(app) as script:
        session = (await script.post("/api/sessions", headers=bearer(key["key"]))).json()
        assert (await ada.get(f"/api/sessions/{session['id']}")).status_code == 200, "it is the same user's"
        (listed,) = (await ada.get(URL)).json()["keys"]
        assert listed["last_used_at"]
        assert "key" not in listed
        assert (await ada.delete(f"{URL}/{key['id']}")).status_code == 204
        refused = await script.get("/api/sessions", headers=bearer(key["key"]))
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert key["key"] not in refused.text
    assert (await ada.get(URL)).json()["keys"][0]["revoked_at"]


async def test_a_key_that_may_read_may_only_read_and_none_makes_keys(app: FastAPI, ada: AsyncClient) -> None:
    read, chat = [(await ada.post(URL, json={"scopes": [scope]})).json()["key"] for scope in ("read", "chat")]
    async with client_of(app) as script:
        for key in (read, chat):
            assert (await script.get("/api/sessions", headers=bearer(key))).status_code == 200
            for method, url in (("GET", URL), ("POST", URL), ("DELETE", f"{URL}/x")):
                answer = await script.request(method, url, headers=bearer(key), json={})
                assert answer.status_code == 403, f"{method} {url}"
        for url in ("/api/sessions", "/api/auth/ws-ticket"):
            refused = await script.post(url, headers=bearer(read))
            assert refused.status_code == 403
            assert "lacks the scope 'chat'" in refused.json()["detail"]
            assert (await script.post(url, headers=bearer(chat))).status_code in {200, 201}


async def test_nobody_revokes_anothers_key(app: FastAPI, ada: AsyncClient) -> None:
    key = (await ada.post(URL, json={})).json()
    async with guest_of(app) as bob:
        assert (await bob.delete(f"{URL}/{key['id']}")).status_code == 404
        assert (await bob.get(URL)).json() == {"keys": []}
    assert (await ada.get(URL, headers=bearer("x"))).status_code == 401


async def test_what_no_key_can_be_is_refused(ada: AsyncClient) -> None:
    bad: tuple[object, ...] = (
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": "chat"},
        {"expires_in": 1},
        {"expires_in": 10**12},
        {"expires_in": "soon"},
        {"name": "x" * 101},
        {"name": "\ud800"},
        {"name": None},
        [],
    )
    for body in bad:
        # Written here, because the client's own encoder refuses the lone surrogate that is to be sent.
        refused = await ada.post(URL, content=json.dumps(body), headers={"content-type": "application/json"})
        assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_REQUEST"), body


async def test_keys_are_not_made_by_the_thousand(ada: AsyncClient) -> None:
    statuses = [(await ada.post(URL, json={})).status_code for _ in range(11)]
    assert statuses == [201] * 10 + [429]
