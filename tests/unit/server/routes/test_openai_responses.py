"""`/v1/responses`: in the background, followed from anywhere, cancelled, gone on from."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.support.app import guest_of
from tests.support.openai_app import HELLO, OpenAIApp, error_of, events_of, openai_app

from millrace.model.errors import RateLimited
from millrace.model.events import Usage

URL = "/v1/responses"
PLAIN = {"guidance_enabled": False}


async def create(bench: OpenAIApp, **body: Any) -> dict[str, Any]:
    answer = await bench.client.post(URL, json={"input": "Hello?", **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def text_of(response: dict[str, Any]) -> str:
    return "".join(part["text"] for item in response["output"] if item["type"] == "message" for part in item["content"])


async def test_a_response_in_the_background_is_followed_from_any_place(tmp_path: Path) -> None:
    async with openai_app(tmp_path) as bench:
        response = await create(bench, background=True, metadata={"a": "b"})
        assert response["status"] in {"queued", "in_progress"}
        url = f"{URL}/{response['id']}"
        call = await bench.provider.next_call()
        call.say("a", "b")
        following = asyncio.create_task(bench.client.get(url, params={"stream": "true"}))
        assert (await bench.client.get(url)).json() == {**response, "status": "in_progress"}
        call.say("c ☀")
        call.finish(usage=Usage(1, 3))
        events = events_of(await following)
        assert [event["sequence_number"] for event in events] == list(range(len(events)))
        assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
        whole = events[-1]["response"]
        assert (whole["status"], text_of(whole), whole["metadata"]) == ("completed", "abc ☀", {"a": "b"})
        for seen in range(len(events)):
            later = await bench.client.get(url, params={"stream": "true", "starting_after": seen})
            if seen < len(events) - 1:
                assert events_of(later) == events[seen + 1 :]
        beyond = await bench.client.get(url, params={"stream": "true", "starting_after": len(events)})
        assert (beyond.status_code, error_of(beyond)["code"]) == (400, "invalid_value")
        assert (await bench.client.get(url)).json() == whole


async def test_what_is_streamed_at_once(tmp_path: Path) -> None:
    async with openai_app(tmp_path) as bench:
        asking = asyncio.create_task(bench.client.post(URL, json={"input": "Hello?", "stream": True}))
        call = await bench.provider.next_call()
        call.fail(RateLimited(retry_after=3))
        refused = await asking
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
        error_of(refused)
        asking = asyncio.create_task(bench.client.post(URL, json={"input": "Hello?", "stream": True}))
        call = await bench.provider.next_call()
        call.say("a")
        call.cut()
        events = events_of(await asking)
        assert [event["type"] for event in events[-2:]] == ["error", "response.failed"]
        failed = events[-1]["response"]
        assert (await bench.client.get(f"{URL}/{failed['id']}")).json() == failed
        assert text_of(failed) == "a"


async def test_a_response_is_cancelled_once_and_stays_so(tmp_path: Path) -> None:
    async with openai_app(tmp_path) as bench:
        response = await create(bench, background=True)
        call = await bench.provider.next_call()
        call.say("a")
        for _ in range(2):
            answer = await bench.client.post(f"{URL}/{response['id']}/cancel")
            assert answer.json()["status"] == "cancelled"
            assert call.closed.is_set()
        events = events_of(await bench.client.get(f"{URL}/{response['id']}?stream=true"))
        assert (events[-1]["type"], events[-1]["response"]) == ("response.incomplete", answer.json())
        async with guest_of(bench.app) as stranger:
            for method, path in (("GET", ""), ("GET", "?stream=true"), ("POST", "/cancel")):
                refused = await stranger.request(method, f"{URL}/{response['id']}{path}")
                assert refused.status_code == 404
                error_of(refused)


async def test_one_goes_on_from_another_and_branches_where_that_went_on(tmp_path: Path) -> None:
    async with openai_app(tmp_path, autoplay=("Yes.",), generation=PLAIN) as bench:
        first = await create(bench, instructions="Rhyme.", input="One?")
        second = await create(bench, input="Two?", previous_response_id=first["id"])
        branch = await create(bench, input="Three?", previous_response_id=first["id"], instructions="Sing.")
        after_branch = await create(bench, input="Four?", previous_response_id=branch["id"])
        assert second["previous_response_id"] == first["id"]
        prompts = [[message.content for message in call.request.messages] for call in bench.provider.calls]
        assert prompts == [
            ["Rhyme.", "One?"],
            ["One?", "Yes.", "Two?"],
            ["Sing.", "One?", "Yes.", "Three?"],
            ["One?", "Yes.", "Three?", "Yes.", "Four?"],
        ]
        sessions = (await bench.browser.get("/api/sessions")).json()["sessions"]
        assert sorted(session["message_count"] for session in sessions) == [4, 6]
        assert after_branch["status"] == "completed"


async def test_who_saw_the_end_finds_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with openai_app(tmp_path, autoplay=("Yes.",)) as bench:
        registry, go_on = bench.app.state.services.access._registry, asyncio.Event()
        release = registry.release

        async def late(*arguments: object) -> None:
            await go_on.wait()
            await release(*arguments)

        monkeypatch.setattr(registry, "release", late)
        first = await bench.client.post(URL, json={"input": "One?"})
        kept = await bench.client.get(f"{URL}/{first.json()['id']}")
        assert kept.json() == first.json(), "the registry does not know yet that the turn is over"
        body = {"input": "Two?", "background": True, "previous_response_id": first.json()["id"]}
        second = await bench.client.post(URL, json=body)
        assert second.headers["x-session-id"] == first.headers["x-session-id"]
        assert second.json()["status"] == "queued"
        go_on.set()


async def test_what_cannot_be_gone_on_from_is_refused(tmp_path: Path) -> None:
    async with openai_app(tmp_path) as bench:
        running = await create(bench, background=True)
        await bench.provider.next_call()
        for previous, code in ((running["id"], "invalid_value"), ("resp_nothing", "previous_response_not_found")):
            refused = await bench.client.post(URL, json={"input": "x", "previous_response_id": previous})
            error = error_of(refused)
            assert (refused.status_code, error["code"], error["param"]) == (400, code, "previous_response_id")


async def test_a_turn_of_another_protocol_is_a_response_too(tmp_path: Path) -> None:
    async with openai_app(tmp_path, autoplay=("Yes.",)) as bench:
        chat = await bench.browser.post("/api/v1/chat", json={"message": "Hello?"})
        response = (await bench.client.get(f"{URL}/resp_{chat.json()['turn_id']}")).json()
        assert (response["status"], text_of(response)) == ("completed", "Yes.")
        completed = await bench.client.post("/v1/chat/completions", json=HELLO)
        again = await bench.client.get(f"{URL}/resp_{completed.headers['x-turn-id']}")
        assert text_of(again.json()) == "Yes."


async def test_what_is_not_to_be_stored_cannot_be_fetched(tmp_path: Path) -> None:
    async with openai_app(tmp_path, autoplay=("Yes.",)) as bench:
        response = await create(bench, store=False)
        assert response["store"] is False
        for path in ("", "?stream=true"):
            assert (await bench.client.get(f"{URL}/{response['id']}{path}")).status_code == 404


async def test_once_the_log_is_gone_the_response_is_there_and_its_events_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with openai_app(tmp_path, autoplay=("Yes.",)) as bench:
        response = await create(bench)
        services = bench.app.state.services
        registry = services.access._registry  # what pruning does, without the hour that it waits

        async def nothing(_: str) -> None:
            return None

        monkeypatch.setattr(registry, "find", nothing)
        kept = (await bench.client.get(f"{URL}/{response['id']}")).json()
        assert (kept["status"], text_of(kept), kept["usage"]) == ("completed", "Yes.", response["usage"])
        gone = await bench.client.get(f"{URL}/{response['id']}?stream=true")
        assert gone.status_code == 404
        assert "without 'stream'" in error_of(gone)["message"]
