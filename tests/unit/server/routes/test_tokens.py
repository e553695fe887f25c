"""The protocol `tokens` over real sockets: who may ask, how often, how a client comes back, and what is refused."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.support.scripted_provider import Call
from tests.support.site import ANA, BEN, LIMIT_S, Site, site

from millrace.model.errors import ProviderFailure, RateLimited
from millrace.server.cookies import SESSION_COOKIE

PATH = "/api/chat/stream"
EVENT_SOURCE = {"Accept": "text/event-stream"}
Record = dict[str, Any]


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, generation={"emotion_enabled": False}) as running:
        yield running


def records_of(body: bytes) -> list[Record]:
    """The records of an event stream, each with its id; LF ends every line, and comments are left out."""
    assert b"\r" not in body
    found: list[Record] = []
    for block in body.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if fields:
            found.append({"id": fields.get("id"), **json.loads(fields["data"])})
    return found


class Reading:
    """An answer that is being read. Its headers come with its first record, so asking is a task."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self.turn_id = response.headers.get("x-turn-id", "")
        self._body = b""
        self._more = response.aiter_bytes()

    async def until(self, count: int) -> list[Record]:
        """Read until so many records are there."""
        async with asyncio.timeout(LIMIT_S):
            while self._body.count(b"data: ") < count:
                self._body += await anext(self._more)
        return records_of(self._body)

    async def rest(self) -> list[Record]:
        """Read to the end."""
        async with asyncio.timeout(LIMIT_S):
            async for part in self._more:
                self._body += part
        return records_of(self._body)


async def send(http: httpx2.AsyncClient, request: httpx2.Request) -> Reading:
    return Reading(await http.send(request, stream=True))


def ask(http: httpx2.AsyncClient, **fields: Any) -> "asyncio.Task[Reading]":
    return asyncio.create_task(send(http, http.build_request("POST", PATH, json={"message": "Hi", **fields})))


async def resume(http: httpx2.AsyncClient, turn_id: str, last: str = "", **headers: str) -> Reading:
    more = {"Last-Event-ID": last} if last else {}
    return await send(http, http.build_request("GET", f"{PATH}/{turn_id}", headers={**more, **headers}))


async def answered(http: httpx2.AsyncClient, here: Site, *pieces: str, **fields: Any) -> list[Record]:
    """Ask, let the provider say the pieces, and read it all."""
    asking = ask(http, **fields)
    call = await here.provider.next_call()
    call.say(*pieces)
    call.finish()
    return await (await asking).rest()


async def stopped(call: Call) -> None:
    async with asyncio.timeout(LIMIT_S):
        await call.closed.wait()


async def test_an_answer_comes_token_by_token_and_is_there_afterwards(here: Site) -> None:
    async with here.http() as http:
        asking = ask(http, message="Why?")
        call = await here.provider.next_call()
        call.say("Hello", " there\n\n🦊")
        reading = await asking
        headers = reading.response.headers
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["cache-control"].startswith("no-cache")
        assert headers["x-accel-buffering"] == "no"
        assert "content-length" not in headers
        first, second = await reading.until(2)
        assert (first["token"], first["count"], first["partial"]) == ("Hello", 1, "Hello")
        assert (second["token"], second["count"], second["partial"]) == (" there\n\n🦊", 2, "Hello there\n\n🦊")
        assert first["id"] == f"{reading.turn_id}:1"
        call.finish()
        *_, end = await reading.rest()
        assert (end["done"], end["tokens"], end["turn_id"]) == (True, 2, reading.turn_id)
        assert end["session_id"] == headers["x-session-id"]
        stored = (await http.get(f"/api/chat/sessions/{end['session_id']}")).json()
    assert (stored["session_id"], stored["message_count"], stored["running"]) == (end["session_id"], 2, [])
    assert [message["content"] for message in stored["messages"]] == ["Why?", "Hello there\n\n🦊"]
    assert stored["messages"][1]["id"] == end["message_id"]
    assert {"created_at", "updated_at", "title"} <= stored.keys()


async def test_all_text_so_far_comes_while_it_is_short_or_wanted(tmp_path: Path) -> None:
    async with site(tmp_path, generation={"partial_chars": 4}) as here, here.http() as http:
        for partial, expected in [(None, ["a", None]), (True, ["a", "abcde"]), (False, [None, None])]:
            *tokens, _ = await answered(http, here, "a", "bcde", partial=partial)
            assert [token.get("partial") for token in tokens] == expected


async def test_a_client_that_comes_back_goes_on_where_it_was(here: Site) -> None:
    async with here.http() as http:
        asking = ask(http)
        call = await here.provider.next_call()
        call.say("a", "b")
        first = await asking
        seen = await first.until(2)
        await first.response.aclose()
        call.say("c")
        # As often as it likes, by header or query, by whole ids or numbers, and from the beginning.
        again = await resume(http, first.turn_id, seen[-1]["id"])
        assert [record["token"] for record in await again.until(1)] == ["c"]
        other = await send(http, http.build_request("GET", f"{PATH}/{first.turn_id}?seen=1&partial=true"))
        call.say("d")
        call.finish()
        rest = await again.rest()
        assert [record.get("token") for record in rest] == ["c", "d", None]
        assert [record.get("partial") for record in await other.rest()] == ["ab", "abc", "abcd", None]
        whole = await (await resume(http, first.turn_id)).rest()
        assert [record["id"] for record in whole] == [f"{first.turn_id}:{seq}" for seq in range(1, 6)]
        assert whole[:2] + rest == whole
        # Nothing follows the end: an EventSource that asks again after it is told to stop asking.
        nothing = await http.get(f"{PATH}/{first.turn_id}", headers={"Last-Event-ID": whole[-1]["id"]})
        assert (nothing.status_code, nothing.content) == (204, b"")
        beyond = await http.get(f"{PATH}/{first.turn_id}", headers={"Last-Event-ID": f"{first.turn_id}:99"})
        assert (beyond.status_code, beyond.json()["code"]) == (400, "INVALID_REQUEST")
    async with asyncio.timeout(LIMIT_S):
        while here.services.connections.total or here.services.engine.status().followers:
            await asyncio.sleep(0.001)


async def test_whoever_comes_back_too_late_is_told_what_is_stored(here: Site) -> None:
    async with here.http() as http:
        *_, end = await answered(http, here, "All of ", "it.")
        turn_id = end["turn_id"]
        here.services.engine._hub._turns.clear()
        await here.services.engine._log.prune(here.services.clock.now_ms() + 60_000)
        gone = await http.get(f"{PATH}/{turn_id}", headers={"Last-Event-ID": f"{turn_id}:1"})
        told = gone.json()
        assert (gone.status_code, told["code"], told["turn_id"]) == (404, "NO_ACTIVE_STREAM", turn_id)
        assert (told["session_id"], told["message_id"]) == (end["session_id"], end["message_id"])
        assert (told["answer"], told["error"]) == ("All of it.", told["detail"])
        # An EventSource reads no bodies of errors: it is told by a record, and not to come again by a 204.
        [record] = await (await resume(http, turn_id, f"{turn_id}:1", **EVENT_SOURCE)).rest()
        assert (record["code"], record["answer"]) == ("NO_ACTIVE_STREAM", "All of it.")
        assert (await http.get(f"{PATH}/{turn_id}", headers={"Last-Event-ID": record["id"]})).status_code == 204
    async with here.http(BEN) as other:
        for headers in ({}, EVENT_SOURCE):
            theirs = await other.get(f"{PATH}/{turn_id}", headers=headers)
            assert (theirs.status_code, theirs.json().get("answer")) == (404, None)


async def test_a_provider_that_fails_before_and_after_the_first_token(here: Site) -> None:
    async with here.http() as http:
        asking = ask(http)
        (await here.provider.next_call()).fail(RateLimited("Busy.", retry_after=7))
        refused = (await asking).response
        await refused.aread()
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
        assert (refused.json()["error"], refused.json()["code"]) == ("Busy.", "RATE_LIMIT")
        asking = ask(http)
        call = await here.provider.next_call()
        call.say("Half")
        call.fail(ProviderFailure("It broke."))
        token, failure = await (await asking).rest()
        assert token["token"] == "Half"
        assert (failure["error"], failure["code"]) == ("It broke.", "PROVIDER_FAILURE")
        stored = (await http.get(f"/api/chat/sessions/{failure['session_id']}")).json()["messages"][1]
        assert (stored["content"], stored["status"]) == ("Half", "failed")


async def test_the_same_request_twice_is_one_answer(here: Site) -> None:
    async with here.http() as http:
        asking = [ask(http, request_id="r1"), ask(http, request_id="r1")]
        call = await here.provider.next_call()
        call.say("once")
        call.finish()
        readings = [await (await each).rest() for each in asking]
        assert readings[0] == readings[1]
        key = {"Idempotency-Key": "r1"}
        again = await http.post(PATH, json={"message": "Hi"}, headers=key)
        assert records_of(again.content) == readings[0]
    assert len(here.provider.calls) == 1


async def test_guests_ask_without_a_token_and_are_known_by_their_cookie(here: Site) -> None:
    async with httpx2.AsyncClient(base_url=here.url, timeout=LIMIT_S) as http:
        *_, end = await answered(http, here, "Hello")
        assert SESSION_COOKIE in http.cookies
        stored = await http.get(f"/api/chat/sessions/{end['session_id']}")
        assert stored.json()["message_count"] == 2
        assert (await http.get(f"{PATH}/{end['turn_id']}")).status_code == 200
        # A cookie that is good no more is none: its owner becomes another guest.
        http.cookies.set(SESSION_COOKIE, "x.y.z", domain=httpx2.URL(here.url).host)
        assert (await answered(http, here, "Hello again"))[0]["token"] == "Hello again"
        # A token in the header is meant: it counts or is refused.
        for token in ("x.y.z", here.token(ANA, lifetime_s=-1)):
            refused = await http.post(PATH, json={"message": "Hi"}, headers={"Authorization": f"Bearer {token}"})
            assert (refused.status_code, refused.json()["code"]) == (401, "UNAUTHORIZED")
            assert refused.json()["error"]


@pytest.mark.parametrize(("allow_guests", "status"), [(False, 401), (True, 200)])
async def test_where_people_sign_in_guests_are_welcome_if_somebody_said_so(
    tmp_path: Path, allow_guests: bool, status: int
) -> None:
    auth = {"mode": "jwt", "allow_guests": allow_guests}
    async with (
        site(tmp_path, auth=auth, jwt_secret="x" * 40, jwt={"audience": "chat"}) as here,
        httpx2.AsyncClient(base_url=here.url, timeout=LIMIT_S) as http,
    ):
        asking = ask(http)
        if allow_guests:
            call = await here.provider.next_call()
            call.say("Hello")
            call.finish()
        reading = await asking
        assert reading.response.status_code == status
        await reading.response.aread()
        if allow_guests:
            session_id = reading.response.headers["x-session-id"]
            assert (await http.get(f"/api/chat/sessions/{session_id}")).status_code == 200


async def test_so_many_requests_a_minute_and_no_more(tmp_path: Path) -> None:
    async with site(tmp_path, limits={"streams_per_minute": 2}) as here, here.http() as http:
        asking = ask(http)
        call = await here.provider.next_call()
        call.say("x")
        call.finish()
        first = (await asking).response
        await first.aread()
        assert (first.headers["ratelimit-limit"], first.headers["ratelimit-remaining"]) == ("2", "1")
        assert (await http.post(PATH, json={})).status_code == 400  # a bad request is one too
        refused = await http.post(PATH, json={"message": "Hi"})
        assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMIT")
        assert refused.json()["error"]
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.headers["ratelimit-reset"] == refused.headers["retry-after"]
        assert (refused.headers["ratelimit-remaining"], refused.headers["ratelimit-policy"]) == ("0", "2;w=60")
        # Guests without a cookie are counted together, by their address; each user alone.
        async with here.http(BEN) as ben, httpx2.AsyncClient(base_url=here.url, timeout=LIMIT_S) as nobody:
            assert (await ben.post(PATH, json={})).status_code == 400
            statuses = [(await nobody.post(PATH, json={}, headers={"Cookie": ""})).status_code for _ in range(3)]
        assert statuses == [400, 400, 429]


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"content": b""}, 400, "INVALID_REQUEST"),
    ({"content": b"message=a"}, 400, "INVALID_REQUEST"),
    ({"content": b"\xff\xfe"}, 400, "INVALID_REQUEST"),
    ({"content": b"[]"}, 400, "INVALID_REQUEST"),
    ({"content": b"[" * 50_000}, 400, "INVALID_REQUEST"),
    ({"content": b'{"message": "\\ud800"}'}, 400, "INVALID_REQUEST"),
    ({"json": {}}, 400, "INVALID_REQUEST"),
    ({"json": {"message": None}}, 400, "INVALID_REQUEST"),
    ({"json": {"message": " "}}, 400, "INVALID_REQUEST"),
    ({"json": {"message": "a", "session_id": ["s"]}}, 400, "INVALID_REQUEST"),
    ({"json": {"message": "a", "session_id": "x" * 500}}, 400, "INVALID_REQUEST"),
    ({"json": {"message": "a", "partial": 1}}, 400, "INVALID_REQUEST"),
    ({"json": {"message": "a", "model": "nobody/nothing"}}, 400, "INVALID_REQUEST"),
    ({"json": {"message": "a", "user_id": "ben"}}, 400, "INVALID_REQUEST"),
    ({"json": {"message": "a", "session_id": "nowhere"}}, 404, "NOT_FOUND"),
    ({"json": {"message": "x" * 32_001}}, 413, "INVALID_REQUEST"),
    ({"content": b'{"message": "' + b"x" * 1_100_000 + b'"}'}, 413, "INVALID_REQUEST"),
    ({"json": {"message": "a"}, "headers": {"Authorization": "Basic eDp5"}}, 401, "UNAUTHORIZED"),
]


async def test_bad_input_is_refused_in_the_protocols_own_words_and_nobody_notices(tmp_path: Path) -> None:
    async with site(tmp_path, limits={"streams_per_minute": 1000}) as here, here.http() as http:
        asking = ask(http, message="Talk.")
        call = await here.provider.next_call()
        call.say("a")
        reading = await asking
        await reading.until(1)
        for request, status, code in BAD:
            refused = await http.post(PATH, **request)
            told = refused.json()
            assert (refused.status_code, told["code"]) == (status, code), (str(request)[:80], told)
            assert told["error"] == told["detail"], str(request)[:80]
        async with httpx2.AsyncClient(base_url=here.url, headers={"Origin": "https://evil.example"}) as foreign:
            refused = await foreign.post(PATH, json={"message": "Hi"})
            assert (refused.status_code, refused.json()["code"]) == (403, "UNAUTHORIZED")
            assert refused.json()["error"]
        for last in ("x", "other:1", f"{reading.turn_id}:x", f"{reading.turn_id}:99"):
            refused = await http.get(f"{PATH}/{reading.turn_id}", headers={"Last-Event-ID": last})
            assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_REQUEST"), last
        for path in (f"{PATH}/unknown", f"{PATH}/un%0Aid:%20x", "/api/chat/sessions/nowhere", "/api/chat/else"):
            refused = await http.get(path, headers=EVENT_SOURCE)
            assert refused.status_code == 404, path
            assert refused.json()["error"]
        async with here.http(BEN) as other:
            session = reading.response.headers["x-session-id"]
            for method, path in (
                ("GET", f"{PATH}/{reading.turn_id}"),
                ("GET", f"/api/chat/sessions/{session}"),
                ("DELETE", f"/api/chat/sessions/{session}"),
            ):
                assert (await other.request(method, path)).status_code == 404
            theirs = await other.post(PATH, json={"message": "Hi", "session_id": session})
            assert (theirs.status_code, theirs.json()["code"]) == (404, "NOT_FOUND")
        call.say("b")
        call.finish()
        assert [record.get("token") for record in await reading.rest()] == ["a", "b", None]
        assert len(here.provider.calls) == 1


async def test_a_client_that_goes_away_is_treated_as_the_policy_says(tmp_path: Path) -> None:
    policy = {"on_disconnect": "cancel", "disconnect_grace_s": 0.2}
    async with site(tmp_path, generation=policy) as here, here.http() as http:
        asking = ask(http)
        call = await here.provider.next_call()
        call.say("a")
        reading = await asking
        await reading.until(1)
        await reading.response.aclose()
        await stopped(call)
        *_, end = await (await resume(http, reading.turn_id)).rest()
        assert (end["done"], end["cancelled"]) == (True, "disconnect")


async def test_deleting_a_conversation_stops_what_is_written_in_it(here: Site) -> None:
    async with here.http() as http:
        asking = ask(http)
        call = await here.provider.next_call()
        call.say("a")
        reading = await asking
        session = f"/api/chat/sessions/{reading.response.headers['x-session-id']}"
        assert len((await http.get(session)).json()["running"]) == 1
        status = (await http.get("/api/status")).json()
        assert (status["status"], status["active_streams"], status["providers"]) == ("up", 1, ["scripted"])
        assert (await http.delete(session)).status_code == 204
        await stopped(call)
        assert (await reading.rest())[-1]["cancelled"] == "user"
        assert (await http.get(session)).status_code == 404
