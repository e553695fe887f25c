"""The HTTP interface with its real parts: store, log, engine and the built-in provider."""

import gc
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from tests.support.app import client_of, guest_of, running_app, small_settings

from millrace.model.commands import StartTurn
from millrace.model.events import Usage
from millrace.model.messages import Turn, Version
from millrace.model.turns import TurnOutcome
from millrace.server.app import create_app
from millrace.server.services import services_of

QUESTION = "How do I start Millrace?"


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[FastAPI]:
    async with running_app(small_settings(tmp_path)) as running:
        yield running


@pytest.fixture
async def ada(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with guest_of(app) as client:
        yield client


@pytest.fixture
async def grace(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with guest_of(app) as client:
        yield client


async def asked(client: httpx2.AsyncClient, message: str = QUESTION, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/chat", json={"message": message, **fields})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_guest_is_the_same_guest_as_long_as_the_cookie_lasts(app: FastAPI) -> None:
    async with client_of(app) as client:
        first = (await client.get("/api/auth/session")).json()
        again = await client.get("/api/auth/session")
        assert first["mode"] == "guest"
        assert first["user"]["kind"] == "guest"
        assert again.json() == first
        assert "set-cookie" not in again.headers
        client.cookies.clear()
        assert (await client.get("/api/auth/session")).json()["user"]["id"] != first["user"]["id"]


async def test_a_changed_cookie_is_nobodys(app: FastAPI, ada: httpx2.AsyncClient) -> None:
    cookie = ada.cookies["millrace_session"]
    header, payload, signature = cookie.split(".")
    for forged in (f"{header}.{payload[:-2]}AA.{signature}", f"{header}.{payload}.", "x", f"{header}.{payload}"):
        async with client_of(app) as client:
            answer = await client.get("/api/sessions", headers={"cookie": f"millrace_session={forged}"})
            assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")


async def test_a_conversation_from_its_beginning_to_its_end(ada: httpx2.AsyncClient) -> None:
    made = (await ada.post("/api/sessions", json={"title": "  Starting  "})).json()
    assert (made["title"], made["message_count"]) == ("Starting", 0)
    answer = await asked(ada, session_id=made["id"])
    assert answer["session_id"] == made["id"]
    assert answer["status"] == "complete"
    assert answer["message"]
    assert answer["metadata"]["finish_reason"] == "stop"
    detail = (await ada.get(f"/api/sessions/{made['id']}")).json()
    question, reply = detail["messages"]
    assert (question["role"], question["content"]) == ("user", QUESTION)
    assert (reply["id"], reply["content"], reply["turn_id"]) == (
        answer["message_id"],
        answer["message"],
        answer["turn_id"],
    )
    # What is stored may also hold an estimate of the answer's emotion.
    assert reply["metadata"].items() >= answer["metadata"].items()
    assert (reply["version"], reply["version_count"], reply["reactions"]) == (1, 1, [])
    assert detail["running"] == []
    assert detail["session"]["message_count"] == 2
    renamed = await ada.patch(f"/api/sessions/{made['id']}", json={"title": "Done"})
    assert renamed.json()["title"] == "Done"
    pinned = await ada.patch(f"/api/sessions/{made['id']}", json={"pinned": True})
    assert (pinned.json()["title"], pinned.json()["pinned"]) == ("Done", True)
    assert [session["id"] for session in (await ada.get("/api/sessions")).json()["pinned"]] == [made["id"]]
    branched = await ada.post(f"/api/sessions/{made['id']}/branch", json={"message_id": question["id"]})
    branch = (await ada.get(f"/api/sessions/{branched.json()['id']}")).json()
    assert [message["content"] for message in branch["messages"]] == [QUESTION]
    nowhere = await ada.post(f"/api/sessions/{made['id']}/branch", json={"message_id": "nothing"})
    assert (branched.status_code, nowhere.status_code) == (201, 404)
    await ada.delete(f"/api/sessions/{branch['session']['id']}")
    assert (await ada.delete(f"/api/sessions/{made['id']}")).status_code == 204
    assert (await ada.get(f"/api/sessions/{made['id']}")).status_code == 404
    assert (await ada.get("/api/sessions")).json() == {"sessions": [], "pinned": [], "next_cursor": None}


async def test_a_conversation_begins_in_under_ten_milliseconds_and_an_idle_one_costs_no_memory(
    ada: httpx2.AsyncClient,
) -> None:
    took_s: list[float] = []
    objects: list[int] = []
    for _ in range(2):
        for _ in range(40):
            began = time.perf_counter()
            assert (await ada.post("/api/sessions", json={"title": "Idle"})).status_code == 201
            took_s.append(time.perf_counter() - began)
        gc.collect()
        objects.append(len(gc.get_objects()))
    assert min(took_s) < 0.010  # the least of them: what else the machine does is not ours
    assert objects[1] - objects[0] < 40, "something is kept of each"


async def test_conversations_come_in_pages_newest_activity_first(ada: httpx2.AsyncClient) -> None:
    made = [(await ada.post("/api/sessions", json={"title": str(number)})).json()["id"] for number in range(7)]
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(4):
        query = {"limit": "3", **({"cursor": cursor} if cursor else {})}
        page = (await ada.get("/api/sessions", params=query)).json()
        seen += [session["id"] for session in page["sessions"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)
    assert len(seen) == 7
    assert (await ada.get("/api/sessions", params={"cursor": "nonsense"})).status_code == 400


async def test_another_users_things_do_not_exist(ada: httpx2.AsyncClient, grace: httpx2.AsyncClient) -> None:
    answer = await asked(ada)
    session, message = f"/api/sessions/{answer['session_id']}", f"/api/messages/{answer['message_id']}"
    attempts = [
        await grace.get(session),
        await grace.get(f"{session}/export"),
        await grace.patch(session, json={"title": "mine"}),
        await grace.delete(session),
        await grace.post(f"{session}/branch", json={"message_id": answer["message_id"]}),
        await grace.get(f"{message}/versions"),
        await grace.put(f"{message}/version", json={"number": 1}),
        await grace.put(f"{message}/reactions/like"),
        await grace.delete(f"{message}/reactions/like"),
        await grace.post("/api/v1/chat", json={"message": "hello", "session_id": answer["session_id"]}),
    ]
    unknown = await grace.get("/api/sessions/does-not-exist")
    for attempt in attempts:
        assert (attempt.status_code, attempt.json()["code"]) == (404, "NOT_FOUND")
    assert attempts[0].json() == unknown.json(), "what is another's and what is nowhere look the same"
    assert (await grace.get("/api/sessions")).json()["sessions"] == []
    assert (await grace.get("/api/search", params={"q": "Millrace"})).json() == {"results": []}
    assert (await ada.get(session)).json()["session"]["title"] != "mine"


async def test_without_a_cookie_nothing_is_told(app: FastAPI) -> None:
    async with client_of(app) as nobody:
        for method, path in [
            ("GET", "/api/sessions"),
            ("POST", "/api/sessions"),
            ("GET", "/api/sessions/x"),
            ("GET", "/api/search?q=x"),
            ("GET", "/api/models"),
            ("GET", "/api/documents"),
            ("POST", "/api/auth/ws-ticket"),
        ]:
            answer = await nobody.request(method, path)
            assert answer.status_code == 401, path
            assert answer.headers["www-authenticate"] == "Bearer"
        assert (await nobody.post("/api/v1/chat", json={"message": "x"})).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example.com"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "http://127.0.0.1:8000"}, 201),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({}, 201),
    ],
)
async def test_other_sites_cannot_use_a_visitors_cookie(
    ada: httpx2.AsyncClient, headers: dict[str, str], status: int
) -> None:
    assert (await ada.post("/api/sessions", headers=headers)).status_code == status
    assert (await ada.post("/api/sessions", data={"title": "a form"}, headers=headers)).status_code in {400, 403}


async def test_a_token_in_a_header_is_no_cookie(app: FastAPI, ada: httpx2.AsyncClient) -> None:
    token = ada.cookies["millrace_session"]
    async with client_of(app) as script:
        headers = {"authorization": f"Bearer {token}", "origin": "https://elsewhere.example.com"}
        assert (await script.post("/api/sessions", headers=headers)).status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "message"),
        ({"message": 1}, "message"),
        ({"message": "x", "session_id": ""}, "session_id"),
        ({"message": "x", "thinking_mode": "fast"}, "thinking_mode"),
        ({"message": "x", "context": {"difficulty": 2}}, "context.difficulty"),
        ({"message": "x", "user_id": "somebody-else"}, "user_id"),
        ({"message": "   "}, "The message is empty"),
        ({"message": "x", "model": "nowhere/model"}, "There is no"),
    ],
)
async def test_a_wrong_question_is_told_what_is_wrong(ada: httpx2.AsyncClient, body: Any, field: str) -> None:
    answer = await ada.post("/api/v1/chat", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")
    assert answer.json()["detail"].startswith(field)


async def test_what_is_too_large_is_refused(ada: httpx2.AsyncClient) -> None:
    too_long = await ada.post("/api/v1/chat", json={"message": "x" * 32_001})
    assert (too_long.status_code, too_long.json()["code"]) == (413, "INVALID_REQUEST")
    too_large = await ada.post("/api/v1/chat", content=b"x" * 1_048_577)
    assert (too_large.status_code, too_large.json()["code"]) == (413, "INVALID_REQUEST")


async def test_the_same_request_twice_is_one_turn(ada: httpx2.AsyncClient) -> None:
    first = await asked(ada, request_id="one")
    again = await asked(ada, request_id="one")
    by_header = await ada.post("/api/v1/chat", json={"message": QUESTION}, headers={"Idempotency-Key": "one"})
    assert again == first == by_header.json()
    assert len((await ada.get("/api/sessions")).json()["sessions"]) == 1


async def test_questions_are_limited(tmp_path: Path) -> None:
    settings = small_settings(tmp_path, limits={"turns_per_minute": 2})
    async with running_app(settings) as app, guest_of(app) as client:
        await asked(client)
        await asked(client)
        refused = await client.post("/api/v1/chat", json={"message": QUESTION})
    assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMIT")
    assert 1 <= int(refused.headers["retry-after"]) <= 60


async def test_callers_keys_are_refused_unless_they_are_allowed(ada: httpx2.AsyncClient) -> None:
    answer = await ada.post("/api/v1/chat", json={"message": QUESTION}, headers={"X-Provider-Key": "sk-1"})
    assert answer.status_code == 403


async def test_reactions_come_and_go(ada: httpx2.AsyncClient) -> None:
    message = f"/api/messages/{(await asked(ada))['message_id']}"
    for name in ("like", "👍", "like"):
        assert (await ada.put(f"{message}/reactions/{name}")).status_code == 200
    assert sorted((await ada.put(f"{message}/reactions/like")).json()["reactions"]) == ["like", "👍"]
    assert (await ada.delete(f"{message}/reactions/like")).json()["reactions"] == ["👍"]
    assert (await ada.delete(f"{message}/reactions/like")).status_code == 200
    assert (await ada.put(f"{message}/reactions/Not%20One")).status_code == 400
    for number in range(31):
        await ada.put(f"{message}/reactions/r{number}")
    assert (await ada.put(f"{message}/reactions/one-too-many")).status_code == 400


async def add_version(app: FastAPI, answer: dict[str, Any], content: str) -> None:
    """What regenerating an answer leaves behind."""
    services = services_of(app)
    message = await services.store.message(answer["message_id"])
    assert message is not None
    session = await services.store.session(message.session_id)
    assert session is not None
    earlier = await services.store.messages(session.id, limit=1, before=message.id)
    turn = Turn(
        id="turn-again",
        session_id=session.id,
        user_id=session.user_id,
        user_message_id=earlier[0].id,
        message_id=message.id,
        command=StartTurn(regenerate=message.id),
        model="embedded/passages",
        created_at=services.clock.now_ms(),
    )
    version = Version(number=0, content=content, status="complete", created_at=services.clock.now_ms(), turn_id=turn.id)
    outcome = TurnOutcome(turn=turn, answer=version, new_user_message=False, usage=Usage(), model=turn.model)
    await services.store.finish_turn(outcome)


async def test_versions_can_be_read_and_chosen(app: FastAPI, ada: httpx2.AsyncClient) -> None:
    answer = await asked(ada)
    message = f"/api/messages/{answer['message_id']}"
    await add_version(app, answer, "Another wording.")
    found = (await ada.get(f"{message}/versions")).json()
    assert found["current"] == 2
    assert [version["content"] for version in found["versions"]] == [answer["message"], "Another wording."]
    chosen = (await ada.put(f"{message}/version", json={"number": 1})).json()
    assert (chosen["version"], chosen["version_count"], chosen["content"]) == (1, 2, answer["message"])
    assert (await ada.put(f"{message}/version", json={"number": 3})).status_code == 404
    assert (await ada.put(f"{message}/version", json={"number": 0})).status_code == 400


async def test_search_finds_the_callers_own_words(ada: httpx2.AsyncClient) -> None:
    answer = await asked(ada, "Where do herons breed?")
    (hit,) = (await ada.get("/api/search", params={"q": "HERONS"})).json()["results"]
    assert (hit["session_id"], hit["role"]) == (answer["session_id"], "user")
    assert "herons" in hit["snippet"]
    assert (await ada.get("/api/search", params={"q": ""})).status_code == 400
    for odd in ('"', "* OR", "a AND (", "'; DROP TABLE messages; --", "\x00"):
        assert (await ada.get("/api/search", params={"q": odd})).status_code in {200, 400}


async def test_a_conversation_can_be_taken_along(ada: httpx2.AsyncClient) -> None:
    session = (await ada.post("/api/sessions", json={"title": 'Birds "and" Bäume'})).json()
    for number in range(3):
        await asked(ada, f"Question {number}?", session_id=session["id"])
    markdown = await ada.get(f"/api/sessions/{session['id']}/export")
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert markdown.headers["content-disposition"].startswith("attachment; filename=")
    assert markdown.text.startswith('# Birds "and" Bäume\n')
    assert [line for line in markdown.text.splitlines() if line.startswith("Question")] == [
        "Question 0?",
        "Question 1?",
        "Question 2?",
    ]
    exported = (await ada.get(f"/api/sessions/{session['id']}/export", params={"format": "json"})).json()
    detail = (await ada.get(f"/api/sessions/{session['id']}")).json()
    assert exported == {"session": detail["session"], "messages": detail["messages"]}
    assert (await ada.get(f"/api/sessions/{session['id']}/export", params={"format": "pdf"})).status_code == 400


async def test_a_long_conversation_is_exported_in_order(
    ada: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("millrace.server.routes.export.PAGE", 4)
    session = (await ada.post("/api/sessions", json={})).json()
    for number in range(4):
        await asked(ada, f"Question {number}?", session_id=session["id"])
    exported = (await ada.get(f"/api/sessions/{session['id']}/export", params={"format": "json"})).json()
    detail = (await ada.get(f"/api/sessions/{session['id']}")).json()
    assert len(detail["messages"]) == 8
    assert exported["messages"] == detail["messages"]
    older = (await ada.get(f"/api/sessions/{session['id']}?before={detail['messages'][4]['id']}&limit=3")).json()
    assert older["messages"] == detail["messages"][1:4]


async def test_models_are_listed(ada: httpx2.AsyncClient) -> None:
    models = (await ada.get("/api/models")).json()
    assert models["default"] == "embedded/passages"
    assert "embedded/passages" in [model["id"] for model in models["models"]]


async def test_health_needs_nobody_to_be_signed_in(app: FastAPI) -> None:
    async with client_of(app) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json() == {"status": "ok"}
        status = (await client.get("/api/status")).json()
        assert status["turns"] == {"running": 0, "queued": 0, "concluding": 0, "followers": 0}
        assert status["auth_mode"] == "guest"
        services_of(app).stopping.set()
        assert (await client.get("/readyz")).status_code == 503


async def test_the_interface_describes_itself_with_its_errors(app: FastAPI) -> None:
    async with client_of(app) as client:
        description = (await client.get("/api/openapi.json")).json()
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            assert operation.get("summary"), f"{method} {path} says nothing"
    problems = description["paths"]["/api/v1/chat"]["post"]["responses"]["502"]["content"]
    assert problems["application/problem+json"]["example"]["code"] == "PROVIDER_FAILURE"
    assert json.dumps(description).count("HTTPValidationError") == 0


async def test_an_app_that_does_not_run_says_so(tmp_path: Path) -> None:
    async with client_of(create_app(small_settings(tmp_path))) as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/api/sessions")).status_code == 503


async def test_origins_that_are_allowed_get_cors_and_others_do_not(tmp_path: Path) -> None:
    settings = small_settings(tmp_path, allowed_origins=["https://app.example.com"])
    async with running_app(settings) as app, client_of(app) as client:
        wanted = {"access-control-request-method": "PATCH", "origin": "https://app.example.com"}
        allowed = await client.options("/api/sessions/x", headers=wanted)
        assert allowed.headers["access-control-allow-origin"] == "https://app.example.com"
        assert allowed.headers["access-control-allow-credentials"] == "true"
        refused = await client.options("/api/sessions/x", headers={**wanted, "origin": "https://evil.example.com"})
        assert "access-control-allow-origin" not in refused.headers
