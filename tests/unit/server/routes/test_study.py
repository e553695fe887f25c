"""The protocol `study`: questions about one's own documents over HTTP, and what the rooms get of them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.support.clock import ManualClock
from tests.support.site import ANA, BEN, Site, site
from tests.support.socketio_client import SocketIoClient, socketio_client

from millrace.model.errors import ProviderFailure, RateLimited
from millrace.model.principal import Principal

STREAM, SEARCH, COMPLETE = (
    "/api/v1/semantic_search_stream",
    "/api/v1/semantic_search",
    "/api/v1/chat/completions/stream",
)
OSMOSIS = "# Osmosis\n\nOsmosis moves water through a membrane.\n\n# Diffusion\n\nDiffusion moves salt in water."


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, limits={"turns_per_minute": 1000}) as running:
        yield running


async def added(http: httpx2.AsyncClient, text: str = OSMOSIS, title: str = "Biology") -> str:
    response = await http.post("/api/documents", json={"title": title, "text": text})
    return str(response.raise_for_status().json()["id"])


def events(body: str) -> list[Any]:
    """What an event stream said: the data of each record."""
    records = [line.removeprefix("data: ") for line in body.split("\n") if line.startswith("data: ")]
    return [record if record == "[DONE]" else json.loads(record) for record in records]


async def answered(here: Site, asking: Any, *pieces: str) -> httpx2.Response:
    """A request that is answered with these pieces."""
    request = asyncio.create_task(asking)
    call = await here.provider.next_call()
    call.say(*pieces)
    call.finish()
    response: httpx2.Response = await request
    return response


async def test_an_answer_with_its_sources(here: Site) -> None:
    async with here.http() as ana:
        document = await added(ana)
        asking = ana.post(STREAM, json={"user_query": "What moves water through a membrane?", "doc_id": document})
        request = asyncio.create_task(asking)
        call = await here.provider.next_call()
        prompt = call.request
        assert prompt.passages is not None
        assert {passage.document_id for passage in prompt.passages} == {document}
        assert "learner's own documents" in prompt.messages[0].content
        assert prompt.temperature == 0.3
        number = prompt.passages[-1].number
        call.say("Osmosis, ", f'"moves water through a membrane" [{number}', "].", " Nobody [9].")
        call.finish()
        response = await request
    assert response.headers["content-type"].startswith("text/event-stream")
    *tokens, done, end = events(response.text)
    assert end == "[DONE]"
    assert "".join(token["content"] for token in tokens) == ('Osmosis, "moves water through a membrane" [1]. Nobody .')
    assert {token["type"] for token in tokens} == {"token"}
    [citation], [reference] = done["citations"], done["chunkReferences"]
    assert (citation["number"], citation["documentId"]) == (1, document)
    assert (reference["documentId"], reference["displayNumber"]) == (document, 1)
    assert reference["chunkId"].startswith(document)
    assert [quotation["text"] for quotation in done["quotations"]] == ["moves water through a membrane"]
    assert (await here.services.store.sessions("ana", limit=5)) == [], "the client keeps its conversation itself"


async def test_the_same_in_one_piece(here: Site) -> None:
    async with here.http() as ana:
        await added(ana)
        body = {
            "user_query": "And salt?",
            "chat_history": [{"role": "user", "content": "What is diffusion?"}, {"role": "assistant", "content": "x"}],
        }
        request = asyncio.create_task(ana.post(SEARCH, json=body))
        call = await here.provider.next_call()
        assert call.request.passages, "a follow-up is looked for with what it goes on from"
        assert [message.role for message in call.request.messages] == ["system", "user", "assistant", "user"]
        call.say("Salt too [1].")
        call.finish()
        answer = (await request).json()
    assert answer["content"] == "Salt too [1]."
    assert [citation["number"] for citation in answer["citations"]] == [1]
    assert answer["cancelled"] is False


async def test_what_is_nobodys_or_somebody_elses_is_never_searched(here: Site) -> None:
    async with here.http() as ana, here.http(BEN) as ben:
        document = await added(ben, "Ben keeps bees in Millrace.", "Bees")
        refused = await ana.post(STREAM, json={"user_query": "Bees?", "doc_id": document})
        assert (refused.status_code, refused.json()["code"]) == (404, "NOT_FOUND")
        request = asyncio.create_task(ana.post(STREAM, json={"user_query": "Where does Ben keep bees in Millrace?"}))
        call = await here.provider.next_call()
        assert call.request.passages == (), "neither Ben's texts nor Millrace's own documentation"
        call.say("The documents do not say.")
        call.finish()
        done = events((await request).text)[-2]
        assert (done["citations"], done["chunkReferences"]) == ([], [])


@pytest.mark.parametrize("path", [STREAM, SEARCH, COMPLETE])
async def test_bad_input(here: Site, path: str) -> None:
    field = "message" if path == COMPLETE else "user_query"
    async with here.http() as ana, httpx2.AsyncClient(base_url=here.url) as nobody:
        assert (await nobody.post(path, json={field: "Hi"})).status_code == 401
        for body, status in (
            (b"", 400),
            (b"{", 400),
            (b"[]", 400),
            (b"\xff", 400),
            (json.dumps({field: 5}).encode(), 400),
            (json.dumps({field: " "}).encode(), 400),
            (json.dumps({field: "Hi", "user_id": "ben"}).encode(), 400),
            (json.dumps({field: "x" * 40_000}).encode(), 413),
            (json.dumps({field: "Hi", "model": "nobody/x"}).encode(), 400),
            (json.dumps({field: "Hi", "doc_id": "gone", "docId": "gone"}).encode(), 404),
            (json.dumps({field: "Hi", "doc_id": "d" * 201, "docId": "d" * 201}).encode(), 400),
        ):
            response = await ana.post(path, content=body)
            told = response.json()
            assert response.status_code == status, (body[:50], told)
            assert told["message"] == told["detail"]
    assert here.provider.calls == []


async def test_a_failure_before_the_first_piece_has_its_status_and_one_in_the_middle_its_event(here: Site) -> None:
    async with here.http() as ana:
        request = asyncio.create_task(ana.post(STREAM, json={"user_query": "Hi"}))
        (await here.provider.next_call()).fail(RateLimited("Wait.", retry_after=7))
        response = await request
        assert (response.status_code, response.headers["retry-after"]) == (429, "7")
        request = asyncio.create_task(ana.post(STREAM, json={"user_query": "Hi"}))
        call = await here.provider.next_call()
        call.say("Half")
        call.fail(ProviderFailure())
        token, error = events((await request).text)
        assert token == {"type": "token", "content": "Half"}
        assert (error["type"], error["code"]) == ("error", "PROVIDER_FAILURE")


async def test_a_stream_says_that_it_is_alive_and_goes_on_after_a_lost_connection(tmp_path: Path) -> None:
    async with site(tmp_path, study={"stream_keepalive_ms": 100}) as here, here.http() as ana:
        async with ana.stream("POST", STREAM, json={"user_query": "Hi"}) as response:
            call = await here.provider.next_call()
            lines = response.aiter_lines()
            while await anext(lines) != 'data: {"type":"keepalive"}':
                pass
            call.say("One ")
            while not (line := await anext(lines)).startswith("id: "):
                pass
            turn = response.headers["x-turn-id"]
        call.say("two")
        call.finish()
        again = await ana.get(f"{STREAM}/{turn}", headers={"Last-Event-ID": line.removeprefix("id: ")})
        said = [event for event in events(again.text)[:-1] if event["type"] == "token"]
        assert "".join(token["content"] for token in said) == "two"
        async with here.http(BEN) as ben:
            assert (await ben.get(f"{STREAM}/{turn}")).status_code == 404


# --- rooms ------------------------------------------------------------------------------------------------


async def tab_of(here: Site, user: Principal = ANA) -> Any:
    return socketio_client(here.url, auth={"token": here.token(user)})


async def test_an_answer_goes_to_all_tabs_and_the_conversation_to_who_asked(here: Site) -> None:
    async with here.http() as ana, await tab_of(here) as one, await tab_of(here) as two, await tab_of(here, BEN) as ben:
        document = await added(ana)
        body = {"message": "What is osmosis?", "class_name": "Biology", "docId": document}
        whole = (await answered(here, ana.post(COMPLETE, json=body), "Water ", "moves [1].")).json()
        assert (whole["assignedClass"], whole["assignedDocument"]) == ("Biology", document)
        question, answer = whole["messages"]
        assert (question["role"], question["content"]) == ("user", "What is osmosis?")
        assert (answer["role"], answer["content"], answer["currentVersion"]) == ("assistant", "Water moves [1].", 0)
        assert len(answer["versions"]) == 1
        for tab in (one, two):
            end = await tab.first("chat-stream-complete")
            assert tab.text("chat-stream-token") == "Water moves [1]."
            assert end["sessionId"] == whole["chatSessionId"]
            assert end["citations"] == answer["citation"]
            assert end["chunkReferences"] == answer["chunkReferences"]
        assert ben.events == []


async def test_a_retry_is_a_new_version_of_the_last_answer(here: Site) -> None:
    async with here.http() as ana, here.http(BEN) as ben:
        first = (await answered(here, ana.post(COMPLETE, json={"message": "Why?"}), "One.")).json()
        again = {"chatSessionId": first["chatSessionId"], "retry": True}
        second = (await answered(here, ana.post(COMPLETE, json=again), "Two.")).json()
        question, answer = second["messages"]
        assert (question["content"], answer["content"], answer["currentVersion"]) == ("Why?", "Two.", 1)
        assert [version["content"] for version in answer["versions"]] == ["One.", "Two."]
        third = (
            await answered(here, ana.post(COMPLETE, json={**again, "retry": False, "message": "And?"}), "3")
        ).json()
        assert [message["content"] for message in third["messages"]] == ["Why?", "Two.", "And?", "3"]
        assert len(here.provider.calls[1].request.messages) == 2, "an answer knows nothing of the one it replaces"
        assert (await ben.post(COMPLETE, json=again)).status_code == 404
        assert (await ana.post(COMPLETE, json={"chatSessionId": "gone", "retry": True})).status_code == 404
        empty = (await ana.post("/api/sessions")).json()["id"]
        assert (await ana.post(COMPLETE, json={"chatSessionId": empty, "retry": True})).status_code == 400


async def test_an_ephemeral_answer_leaves_nothing_behind(here: Site) -> None:
    async with here.http() as ana, await tab_of(here) as tab:
        whole = (await answered(here, ana.post(COMPLETE, json={"message": "Psst?", "ephemeral": True}), "Sh.")).json()
        assert [message["content"] for message in whole["messages"]] == ["Psst?", "Sh."]
        assert (await tab.first("chat-stream-complete"))["sessionId"] == whole["chatSessionId"]
        assert (await ana.get("/api/sessions")).json()["sessions"] == []
        assert (await ana.get(f"/api/sessions/{whole['chatSessionId']}")).status_code == 404
        assert (await ana.get("/api/search", params={"q": "Psst"})).json()["results"] == []


async def test_a_stop_and_a_failure_are_told_in_the_rooms_and_to_who_asked(here: Site) -> None:
    async with here.http() as ana, await tab_of(here) as tab:
        request = asyncio.create_task(ana.post(COMPLETE, json={"message": "Why?"}))
        call = await here.provider.next_call()
        call.say("Half")
        token = await tab.first("chat-stream-token")
        assert (await tab.ask("chat-stream-stop", {"sessionId": token["sessionId"]}))["ok"]
        assert (await tab.first("chat-stream-complete"))["cancelled"] == "user"
        assert (await request).json()["messages"][1]["status"] == "cancelled"
        request = asyncio.create_task(ana.post(COMPLETE, json={"message": "Why?"}))
        (await here.provider.next_call()).fail(ProviderFailure())
        assert (await tab.first("chat-stream-error"))["code"] == "PROVIDER_FAILURE"
        assert (await request).status_code == 502


# --- limits -------------------------------------------------------------------------------------------------


async def test_the_26th_answer_of_a_month_is_refused(tmp_path: Path) -> None:
    clock = ManualClock(time.time_ns() // 1_000_000)
    values: dict[str, Any] = {"study": {"free_chats_per_month": 3}, "limits": {"turns_per_minute": 1000}}
    async with site(tmp_path, clock=clock, **values) as here, here.http() as ana:
        for path, body in (
            (SEARCH, {"user_query": "One?"}),
            (COMPLETE, {"message": "Two?", "ephemeral": True}),
        ):
            assert (await answered(here, ana.post(path, json=body), "Yes.")).status_code == 200
        request = asyncio.create_task(ana.post(SEARCH, json={"user_query": "Three?"}))
        (await here.provider.next_call()).fail(ProviderFailure())
        assert (await request).status_code == 502, "what failed does not count"
        assert (await answered(here, ana.post(STREAM, json={"user_query": "Three?"}), "Yes.")).status_code == 200
        for path in (STREAM, SEARCH, COMPLETE):
            refused = await ana.post(path, json={"user_query": "Four?", "message": "Four?"})
            assert (refused.status_code, refused.json()["code"]) == (403, "QUOTA_EXCEEDED")
        assert (await answered(here, ana.post("/api/v1/chat", json={"message": "Hi"}), "Yes.")).status_code == 200
        async with here.http(BEN) as ben:
            assert (await answered(here, ben.post(SEARCH, json={"user_query": "One?"}), "Yes.")).status_code == 200
        clock.jump(32 * 86_400)
        assert (await answered(here, ana.post(SEARCH, json={"user_query": "Four?"}), "Yes.")).status_code == 200


async def test_whose_token_says_so_pays_and_is_not_counted(tmp_path: Path) -> None:
    secret = "a-secret-of-at-least-thirty-two-bytes!"
    values: dict[str, Any] = {"study": {"free_chats_per_month": 1}, "auth": {"mode": "jwt"}, "jwt_secret": secret}
    async with site(tmp_path, **values) as here:
        import jwt  # noqa: PLC0415 - one test signs as an outside issuer does

        claims = {"sub": "payer", "exp": 4_000_000_000, "plan": "pro"}
        token = jwt.encode(claims, secret, algorithm="HS256")
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(base_url=here.url, headers=headers, timeout=10) as payer:
            for _ in range(2):
                assert (await answered(here, payer.post(SEARCH, json={"user_query": "Hi"}), "Yes.")).status_code == 200


async def test_tokens_are_reserved_and_refused(tmp_path: Path) -> None:
    async with site(tmp_path, limits={"tokens_per_minute": 1200}) as here, here.http() as ana:
        request = asyncio.create_task(ana.post(SEARCH, json={"user_query": "One?"}))
        call = await here.provider.next_call()
        refused = await ana.post(SEARCH, json={"user_query": "Two?"})
        assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMIT")
        assert int(refused.headers["retry-after"]) > 0
        call.say("Yes.")
        call.finish()
        assert (await request).status_code == 200
        settled = await answered(here, ana.post(SEARCH, json={"user_query": "Two?"}), "Yes.")
        assert settled.status_code == 200


async def test_without_streaming_an_answer_comes_whole(tmp_path: Path) -> None:
    async with site(tmp_path, study={"enable_streaming": False}) as here, here.http() as ana, await tab_of(here) as tab:
        response = await answered(here, ana.post(STREAM, json={"user_query": "Hi"}), "One ", "two.")
        assert [event["content"] for event in events(response.text)[:-2]] == ["One two."]
        await answered(here, ana.post(COMPLETE, json={"message": "Hi"}), "One ", "two.")
        await tab.first("chat-stream-complete")
        assert [data["token"] for name, data in tab.events if name == "chat-stream-token"] == ["One two."]


async def test_a_silent_provider_is_given_up_after_the_protocols_own_time(tmp_path: Path) -> None:
    async with site(tmp_path, study={"stream_timeout_ms": 50}) as here, here.http() as ana:
        response = await ana.post(STREAM, json={"user_query": "Hi"})
        assert (response.status_code, response.json()["code"]) == (504, "PROVIDER_TIMEOUT")


# --- documents --------------------------------------------------------------------------------------------------


async def test_tabs_are_told_what_becomes_of_a_document(here: Site) -> None:
    async with here.http() as ana, await tab_of(here) as tab, await tab_of(here, BEN) as ben:
        document = await added(ana, "One page.\fAnother page.", "Pages")
        ready = await tab.first("document-ready")
        assert ready == {"documentId": document, "title": "Pages", "pages": 2, "chunks": 1}
        assert stages(tab) == [("received", 0.0), ("indexing", 0.5), ("ready", 1.0)]
        assert (await ana.post("/api/documents", json={"text": " "})).status_code == 400
        await tab.got(lambda name, data: data.get("stage") == "failed")
        assert ben.events == []


def stages(tab: SocketIoClient) -> list[tuple[str, float]]:
    return [(data["stage"], data["progress"]) for name, data in tab.events if name == "processing-status"]
