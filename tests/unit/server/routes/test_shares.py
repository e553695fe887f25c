"""A conversation that others may read by a link: what they see, what they do not, and when it is over."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from tests.contract.store.values import make_outcome
from tests.support.app import client_of, guest_of, running_app, small_settings

from millrace.model.messages import Session
from millrace.server.routes.shares import CREATIONS_PER_MINUTE, READINGS_PER_MINUTE, SharedMessageShape
from millrace.server.services import services_of
from millrace.server.shares import MOST_SHARES

SECRETS = ("hidden-thought", "private-document", "frustrated", "0.0042", "doc-1")
CITED = {"title": "Tides", "url": "/api/documents/doc-1/text", "snippet": "Twice a day.", "number": 1, "page": 3}
METADATA: dict[str, Any] = {
    "model": "test/model",
    "cost": 0.0042,
    "emotion_state": {"primary_emotion": "frustrated"},
    "citations": [
        {**CITED, "document_id": "doc-1", "chunk_id": "c"},
        {
            "title": "private-document",
            "url": "",
            "snippet": "No mark.",
            "number": 2,
            "document_id": "d",
            "chunk_id": "e",
        },
        {"title": "The Moon", "url": "https://moon.example/", "snippet": ""},
    ],
}


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[FastAPI]:
    async with running_app(small_settings(tmp_path)) as running:
        yield running


async def conversation(app: FastAPI, owner: AsyncClient, turns: int = 1) -> str:
    """A session of the guest with so many turns, about which much is known."""
    store = services_of(app).store
    user_id = (await owner.get("/api/auth/session")).json()["user"]["id"]
    session = Session(f"s-{user_id}", user_id, "On tides", 1, 1)
    await store.create_session(session)
    for number in range(turns):
        outcome = make_outcome(
            f"{number}", session.id, question=f"Why {number}?", answer="It pulls [1].", user_id=user_id
        )
        answer = msgspec.structs.replace(outcome.answer, reasoning="hidden-thought", metadata=METADATA)
        await store.finish_turn(msgspec.structs.replace(outcome, answer=answer))
    return session.id


def kept_in(folder: Path, secret: str) -> bool:
    """Whether any file holds the secret."""
    return any(secret.encode() in file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def test_whoever_has_the_link_reads_what_was_said_and_nothing_else(app: FastAPI) -> None:
    async with guest_of(app) as owner, client_of(app) as stranger:
        session_id = await conversation(app, owner, turns=3)
        made = await owner.post(f"/api/sessions/{session_id}/shares")
        assert made.status_code == 201
        assert made.headers["cache-control"] == "no-store"
        path = made.json()["path"]
        seen = await stranger.get(f"/api{path}")
        assert seen.status_code == 200
        assert "noindex" in seen.headers["x-robots-tag"]
        assert seen.headers["referrer-policy"] == "no-referrer"
        assert seen.headers["cache-control"] == "no-store"
        shown = seen.json()
        assert [message["content"] for message in shown["messages"][:2]] == ["Why 0?", "It pulls [1]."]
        assert shown["messages"][1]["citations"] == [
            {**CITED, "url": ""},
            {"title": "The Moon", "url": "https://moon.example/", "snippet": "", "number": None, "page": None},
        ]
        user_id = (await owner.get("/api/auth/session")).json()["user"]["id"]
        for secret in (*SECRETS, user_id, session_id, "turn-"):
            assert secret not in seen.text, secret
        assert "set-cookie" not in seen.headers, "reading makes nobody a guest"
        older = await stranger.get(f"/api{path}", params={"limit": 2, "before": shown["messages"][4]["id"]})
        assert [message["content"] for message in older.json()["messages"]] == ["Why 1?", "It pulls [1]."]
        assert (older.json()["has_older"], shown["has_older"]) == (True, False)
        assert (await stranger.post(f"/api{path}")).status_code == 404, "there is nothing to write to"


async def test_a_link_ends_with_its_revocation_and_with_its_conversation(app: FastAPI) -> None:
    async with guest_of(app) as owner, guest_of(app) as other, client_of(app) as stranger:
        session_id = await conversation(app, owner)
        shares = f"/api/sessions/{session_id}/shares"
        first, second = [(await owner.post(shares)).json() for _ in range(2)]
        listed = (await owner.get(shares)).json()["shares"]
        assert {share["id"] for share in listed} == {first["id"], second["id"]}
        assert set(listed[0]) == {"id", "created_at"}, "the secret is told once"
        assert (await other.get(shares)).status_code == (await other.post(shares)).status_code == 404
        assert (await other.delete(f"{shares}/{first['id']}")).status_code == 404
        assert (await stranger.get(shares)).status_code == 401
        assert (await stranger.get(f"/api{first['path']}")).status_code == 200
        assert (await stranger.get(first["path"])).status_code in {200, 503}, "503 where no page is built"
        assert (await owner.delete(f"{shares}/{first['id']}")).status_code == 204
        assert (await owner.delete(f"{shares}/{first['id']}")).status_code == 404
        gone = await stranger.get(first["path"])
        assert (gone.status_code, "noindex" in gone.headers["x-robots-tag"]) == (404, True)
        assert (await stranger.get(f"/api{first['path']}")).status_code == 404
        assert (await stranger.get(f"/api{second['path']}")).status_code == 200
        await owner.delete(f"/api/sessions/{session_id}")
        assert (await stranger.get(f"/api{second['path']}")).status_code == 404
        for wrong in ("x", "A" * 43, "%00", "%F0%9F%8C%8A", "x" * 5000):
            assert (await stranger.get(f"/api/shared/{wrong}")).status_code == 404


async def test_links_are_few_rates_are_low_and_the_secret_is_kept_nowhere(app: FastAPI, tmp_path: Path) -> None:
    async with guest_of(app) as owner, client_of(app) as stranger:
        session_id = await conversation(app, owner)
        made = [await owner.post(f"/api/sessions/{session_id}/shares") for _ in range(CREATIONS_PER_MINUTE + 1)]
        assert [answer.status_code for answer in made[-2:]] == [201, 429]
        services = services_of(app)
        session = await services.store.session(session_id)
        assert session is not None
        caller = await services.authentication.authenticate(owner.cookies["millrace_session"])
        while len(await services.store.shares(session_id)) < MOST_SHARES:
            await services.shares.create(session_id, caller)
        with pytest.raises(Exception, match="Revoke one first"):
            await services.shares.create(session_id, caller)
        path = made[0].json()["path"]
        assert not kept_in(tmp_path, path.rpartition("/")[2])
        answers = [(await stranger.get(f"/api{path}")).status_code for _ in range(READINGS_PER_MINUTE + 1)]
        assert answers[0] == 200
        assert answers[-1] == 429


async def test_an_operator_can_switch_it_off(tmp_path: Path) -> None:
    async with running_app(small_settings(tmp_path, auth={"share_links": False})) as app, guest_of(app) as owner:
        session_id = await conversation(app, owner)
        refused = await owner.post(f"/api/sessions/{session_id}/shares")
        assert (refused.status_code, "switched off" in refused.json()["detail"]) == (403, True)


def test_a_question_has_no_sources() -> None:
    shape = SharedMessageShape.model_fields
    assert set(shape) == {"id", "role", "content", "status", "created_at", "model", "citations"}
