"""Servers on one Redis and one PostgreSQL: any serves any turn, and what one leaves another goes on with."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass

import httpx2
import pytest
from tests.support.chat_client import Chat, Visitor, WatchedTurn, digest, text_of
from tests.support.postgresql import postgresql_program, postgresql_server
from tests.support.redis import RedisServer, redis_program, redis_server
from tests.support.server import RunningServer, running_server
from websockets.exceptions import ConnectionClosed

pytestmark = pytest.mark.skipif(
    redis_program() is None or postgresql_program("postgres") is None, reason="no Redis or PostgreSQL is installed"
)
LEASE_S = 1.0
OUTAGE_S = 2.0
SLOW = "sim/sim?tokens=400&interval_ms=10&text=mixed"
ENDLESS = "sim/sim?tokens=10000&interval_ms=40&text=mixed"
RESTART_S = 100.0
"""Within which all workers must have been replaced; it takes five on an idle machine."""


@dataclass
class Site:
    """Two servers that share everything but their processes, of which the first has two."""

    redis: RedisServer
    servers: list[RunningServer]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Site]:
    with redis_server(durable=True) as redis, postgresql_server() as database_url:
        data = tmp_path_factory.mktemp("site")
        shared = {
            **environment,
            "MILLRACE_REDIS_URL": redis.url,
            "MILLRACE_DATABASE_URL": database_url,
            "MILLRACE_LEASE_S": str(LEASE_S),
            "MILLRACE_REDIS_OUTAGE_S": str(OUTAGE_S),
        }
        with ExitStack() as stack:

            def start(*options: str) -> RunningServer:
                return stack.enter_context(running_server(data, environment=shared, options=options))

            yield Site(redis, [start("--workers", "2"), start()])


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def connected(stack: AsyncExitStack, visitor: Visitor) -> Chat:
    """A connection that may have been cut when it is left."""
    connection = visitor.connect()

    async def leave() -> None:
        with suppress(ConnectionClosed):
            await connection.__aexit__(None, None, None)

    chat = await connection.__aenter__()
    stack.push_async_callback(leave)
    return chat


async def both(stack: AsyncExitStack, site: Site) -> tuple[Visitor, Visitor]:
    """One visitor at both servers: at the one that does not outlive the tests, and at the one with two workers."""
    here = await stack.enter_async_context(Visitor.guest(site.servers[1].url))
    there = here.at(site.servers[0].url)
    stack.push_async_callback(there.http.aclose)
    return here, there


@dataclass
class Scene:
    """An answer that is being written by one process, and watched through both."""

    here: Visitor
    there: Visitor
    asking: Chat
    turn: WatchedTurn
    watched: WatchedTurn


async def under_way(stack: AsyncExitStack, site: Site, model: str, *, pieces: int) -> Scene:
    """Ask at the one server and watch at the other, until each has shown some of it."""
    here, there = await both(stack, site)
    asking, watching = await connected(stack, here), await connected(stack, there)
    turn = await asking.ask("Talk.", model=model)
    await turn.until(pieces)
    watched = await watching.resume(turn.turn_id)
    await watched.until(pieces)
    return Scene(here, there, asking, turn, watched)


def whole(*seen: WatchedTurn, kind: str = "chat_complete") -> str:
    """The text of what was seen of a turn over several connections, one after the other; it is what was sent."""
    end = seen[-1].over
    assert end is not None
    assert end["type"] == kind, end
    text = text_of([frame for turn in seen for frame in turn.frames])
    assert text == end["data"]["full_message" if kind == "chat_complete" else "partial_message"]
    assert digest(text) == end["data"]["digest"]
    return text


async def test_any_process_serves_any_follower_of_any_turn(site: Site, stack: AsyncExitStack) -> None:
    here, there = await both(stack, site)
    asking, watching = await connected(stack, here), await connected(stack, there)
    turn = await asking.ask("Talk.", model="sim/sim?tokens=100&interval_ms=5")
    await turn.until(10)
    begun = time.monotonic()
    from_the_start = await watching.resume(turn.turn_id)
    await from_the_start.until(11)
    assert time.monotonic() - begun < 5, "it is there while it is written"
    await from_the_start.end()
    await turn.end()
    assert whole(from_the_start) == whole(turn)
    messages = (await there.conversation(turn.session_id))["messages"]
    assert messages[-1]["content"] == turn.text


async def test_a_turn_is_stopped_from_the_other_process(site: Site, stack: AsyncExitStack) -> None:
    here, there = await both(stack, site)
    asking, stopping = await connected(stack, here), await connected(stack, there)
    turn = await asking.ask("Talk.", model=SLOW)
    await turn.until(5)
    watched = await stopping.resume(turn.turn_id)
    await watched.until(5)
    await stopping.send("chat_stop", session_id=turn.session_id)
    for each in (turn, watched):
        assert (await each.end())["cancelled_by"] == "user"
    assert turn.over == watched.over


async def test_a_queued_turn_starts_when_the_other_processs_ends(site: Site, stack: AsyncExitStack) -> None:
    here, there = await both(stack, site)
    first_chat, second_chat = await connected(stack, here), await connected(stack, there)
    first = await first_chat.ask("One.", model="sim/sim?tokens=40&interval_ms=10")
    await first.until(3)
    second = await second_chat.ask("Two.", session_id=first.session_id, model="sim/sim?tokens=3")
    await second.end()
    assert first.over is not None, "one after the other"
    assert [m["content"] for m in (await here.conversation(first.session_id))["messages"]][::2] == ["One.", "Two."]


async def test_a_process_that_slept_longer_than_its_lease_writes_nothing(site: Site, stack: AsyncExitStack) -> None:
    scene = await under_way(stack, site, SLOW, pieces=20)
    turn, watched = scene.turn, scene.watched
    pid = site.servers[1].process.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(0.2)
        seen = len(watched.frames)
        async with asyncio.timeout(10):
            while len(watched.frames) <= seen + 5:
                await asyncio.sleep(0.01)
    finally:
        os.kill(pid, signal.SIGCONT)
    await asyncio.gather(watched.end(), turn.end())
    assert whole(turn) == whole(watched), "who was connected to the sleeper sees what the other wrote"
    messages = (await scene.there.conversation(turn.session_id))["messages"]
    assert [message["content"] for message in messages] == ["Talk.", turn.text]


async def test_a_short_outage_of_redis_is_bridged(site: Site, stack: AsyncExitStack) -> None:
    scene = await under_way(stack, site, "sim/sim?tokens=150&interval_ms=10", pieces=10)
    turn, watched = scene.turn, scene.watched
    site.redis.pause()
    await asyncio.sleep(OUTAGE_S / 4)
    site.redis.go_on()
    await asyncio.gather(turn.end(), watched.end())
    assert whole(turn) == whole(watched)


async def test_a_redis_that_is_killed_and_comes_back_costs_nothing(site: Site, stack: AsyncExitStack) -> None:
    scene = await under_way(stack, site, "sim/sim?tokens=150&interval_ms=10", pieces=10)
    turn, watched = scene.turn, scene.watched
    site.redis.stop()
    site.redis.start()
    await asyncio.gather(turn.end(), watched.end())
    assert whole(turn) == whole(watched)


async def test_a_redis_that_is_killed_and_comes_back_empty_ends_turns_honestly(
    site: Site, stack: AsyncExitStack
) -> None:
    scene = await under_way(stack, site, "sim/sim?tokens=3000&interval_ms=10", pieces=10)
    turn, watched = scene.turn, scene.watched
    site.redis.stop()
    site.redis.forget()
    site.redis.start()
    for each in (turn, watched):
        assert (await each.end())["error"]["code"] == "STREAM_ERROR"
    messages = (await scene.there.conversation(turn.session_id))["messages"]
    assert messages[-1]["status"] == "failed"
    assert messages[-1]["content"].startswith(turn.text)
    async with asyncio.timeout(15):
        while (await scene.here.http.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.05)
    again = await scene.asking.ask("Now?", session_id=turn.session_id, model="sim/sim?tokens=3")
    assert (await again.end())["full_message"] == again.text


async def test_a_long_outage_ends_turns_with_a_clear_error(site: Site, stack: AsyncExitStack) -> None:
    here, there = await both(stack, site)
    asking = await connected(stack, here)
    turn = await asking.ask("Talk.", model="sim/sim?tokens=3000&interval_ms=10")
    await turn.until(10)
    site.redis.pause()
    paused = time.monotonic()
    try:
        end = await turn.end()
        assert time.monotonic() - paused < OUTAGE_S + 6
        assert end["error"]["code"] == "STREAM_ERROR"
        assert end["error"]["recoverable"] is True
        refused = await here.http.get("/readyz")
        assert (refused.status_code, refused.json()["code"]) == (503, "STREAM_ERROR")
        assert int(refused.headers["Retry-After"]) > 0
        asked = await here.http.post("/api/v1/chat", json={"message": "Hi", "model": "sim/sim?tokens=3"})
        assert (asked.status_code, asked.json()["code"]) == (503, "STREAM_ERROR")
        assert "Retry-After" in asked.headers
        assert (await here.http.get("/healthz")).status_code == 200
    finally:
        site.redis.go_on()
    messages = (await there.conversation(turn.session_id))["messages"]
    assert messages[-1]["status"] == "failed"
    assert messages[-1]["content"].startswith(turn.text)
    async with asyncio.timeout(15):
        while (await here.http.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.05)
        while (await there.conversation(turn.session_id))["running"]:
            await asyncio.sleep(0.05)
    again = await (await connected(stack, there)).ask("Now?", session_id=turn.session_id, model="sim/sim?tokens=3")
    assert (await again.end())["full_message"] == again.text


async def test_a_redis_that_lost_its_data_ends_turns_honestly(site: Site, stack: AsyncExitStack) -> None:
    scene = await under_way(stack, site, "sim/sim?tokens=3000&interval_ms=10", pieces=10)
    turn, watched = scene.turn, scene.watched
    assert site.redis.command("FLUSHALL").startswith(b"+OK")
    for each in (turn, watched):
        assert (await each.end())["error"]["code"] == "STREAM_ERROR"
    messages = (await scene.there.conversation(turn.session_id))["messages"]
    assert messages[-1]["status"] == "failed"
    assert messages[-1]["content"].startswith(turn.text)
    again = await scene.asking.ask("Now?", session_id=turn.session_id, model="sim/sim?tokens=3")
    assert (await again.end())["full_message"] == again.text


async def test_kill_9_of_the_owner_is_continued_by_the_other(site: Site, stack: AsyncExitStack) -> None:
    here, there = await both(stack, site)
    asking, watching = await connected(stack, here), await connected(stack, there)
    turns = [await asking.ask(f"Number {n}.", model=f"{SLOW}&seed={n}") for n in range(8)]
    for turn in turns:
        await turn.until(20)
    watched = [await watching.resume(turn.turn_id) for turn in turns]
    for turn in watched:
        await turn.until(20)
    killed = time.monotonic()
    site.servers[1].kill()
    seen = [len(turn.frames) for turn in watched]
    while any(len(turn.frames) <= was + 5 for turn, was in zip(watched, seen, strict=True)):
        await asyncio.sleep(0.01)
        assert time.monotonic() - killed < LEASE_S + 2.0, "each goes on within 2 s of the lease's end"
    returning = await connected(stack, there)
    resumed = [await returning.resume(turn.turn_id, turn.last_seq) for turn in turns]
    for old, new, other in zip(turns, resumed, watched, strict=True):
        await asyncio.gather(new.end(), other.end())
        assert whole(old, new) == whole(other)


async def test_a_rolling_restart_loses_nothing(site: Site, stack: AsyncExitStack) -> None:
    """Each worker hands its turns over and closes its connections with 1012; clients come back to whoever is there."""
    there = await stack.enter_async_context(Visitor.guest(site.servers[0].url))
    chats = [await connected(stack, there) for _ in range(6)]
    turns = [[await chat.ask(f"{n}.", model=f"{ENDLESS}&seed={n}")] for n, chat in enumerate(chats)]
    for (turn,) in turns:
        await turn.until(5)
    site.servers[0].process.send_signal(signal.SIGHUP)

    async def watch(seen: list[WatchedTurn]) -> None:
        while not await over(seen[-1]):
            last = max(turn.last_seq for turn in seen)
            seen.append(await (await connected(stack, there)).resume(seen[0].turn_id, last))

    async with asyncio.timeout(RESTART_S), asyncio.TaskGroup() as group:
        for seen in turns:
            group.create_task(watch(seen))
        for chat in chats:
            await chat.socket.wait_closed()
        fresh = there.at(there.url)
        stack.push_async_callback(fresh.http.aclose)
        for seen in turns:
            await stop(fresh, seen[0].session_id)
    assert [chat.socket.close_code for chat in chats] == [1012] * len(chats), "all workers were replaced"
    assert all(len(seen) > 1 for seen in turns)
    assert all(whole(*seen, kind="chat_cancelled") for seen in turns)


async def stop(visitor: Visitor, session_id: str) -> None:
    """Stop an answer; a process that is replaced may close a connection that it has just accepted."""
    while True:
        with suppress(httpx2.TransportError):
            (await visitor.http.post("/api/v1/chat/stop", json={"session_id": session_id})).raise_for_status()
            return


async def over(turn: WatchedTurn) -> bool:
    """Wait until it has ended or its connection is lost; says which."""
    while turn.over is None and not turn.lost:
        turn.news.clear()
        await turn.news.wait()
    return turn.over is not None
