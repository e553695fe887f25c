"""The database fails under a running server: answers go on, and reach it when it is back."""

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from chaos.disk import SmallDisk, small_disk
from tests.support.chat_client import Visitor, WatchedTurn, digest
from tests.support.postgresql import PostgresqlServer, postgresql_process, postgresql_program
from tests.support.server import RunningServer, running_server, start_server

LIMIT_S = 40.0
QUESTION = {"message": "Hi", "model": "sim/sim?tokens=3"}


def assert_whole(turn: WatchedTurn, end: dict[str, Any]) -> None:
    assert turn.types[-1] == "chat_complete", end
    assert end["full_message"] == turn.text
    assert end["digest"] == digest(turn.text)


async def stored(visitor: Visitor, turn: WatchedTurn) -> list[str]:
    """What was said in a conversation, once the answer is stored."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            answer = await visitor.http.get(f"/api/sessions/{turn.session_id}")
            if answer.status_code == 200 and len(messages := answer.json()["messages"]) == 2:
                return [message["content"] for message in messages]
            await asyncio.sleep(0.05)


async def ready(visitor: Visitor) -> None:
    async with asyncio.timeout(LIMIT_S):
        while (await visitor.http.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.05)


def assert_refused(answer: httpx2.Response, sentence: str = "database does not answer") -> None:
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["recoverable"]) == (503, "STREAM_ERROR", True)
    assert int(answer.headers["Retry-After"]) > 0
    assert sentence in problem["detail"]
    assert not re.search(r"127\.0\.0\.1|sqlite|psycopg|asyncpg", answer.text, re.IGNORECASE)


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresqlServer]:
    if postgresql_program("postgres") is None:
        pytest.skip("no PostgreSQL server is installed")
    with postgresql_process() as database:
        yield database


@dataclass(frozen=True)
class SmallServer:
    """A server with SQLite alone, on a disk that is soon full."""

    server: RunningServer
    disk: SmallDisk


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[SmallServer]:
    data = tmp_path_factory.mktemp("small")
    with small_disk(data) as disk:
        with running_server(data, environment=environment) as server:
            yield SmallServer(server, disk)
        for name in ("millrace.db", "log.db"):
            with closing(sqlite3.connect(data / name)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_stopped_database_costs_no_answer(
    database: PostgresqlServer, tmp_path: Path, environment: dict[str, str]
) -> None:
    environment = {**environment, "MILLRACE_DATABASE_URL": database.url}
    server = start_server(tmp_path / "data", environment=environment)
    try:
        async with Visitor.guest(server.url) as visitor:
            async with visitor.connect() as chat:
                turn = await chat.ask("Talk.", model="sim/sim?tokens=60&interval_ms=10")
                await turn.until(5)
                database.stop()
                assert_whole(turn, await turn.end())
                assert_refused(await visitor.http.get(f"/api/sessions/{turn.session_id}"))
                assert_refused(await visitor.http.get("/readyz"))
                assert_refused(await visitor.http.post("/api/v1/chat", json=QUESTION))
                again = await chat.ask("And?", session_id=turn.session_id, model="sim/sim?tokens=3")
                assert "database does not answer" in (await again.end())["error"]["message"]
                assert (await visitor.http.get("/healthz")).status_code == 200
                status = (await visitor.http.get("/api/status")).json()
                assert (status["active_streams"], status["turns"]["concluding"]) == (0, 1)
                async with visitor.connect() as other:
                    resumed = await other.resume(turn.turn_id)
                    assert_whole(resumed, await resumed.end())

            server.kill()
            database.start()
            server = start_server(tmp_path / "data", environment=environment)
            back = visitor.at(server.url)
            assert await stored(back, turn) == ["Talk.", turn.text], "by who came after"
            await ready(back)
            await back.http.aclose()
    finally:
        if server.process.poll() is None:
            server.stop()


async def test_a_locked_file_costs_no_answer(small: SmallServer) -> None:
    async with Visitor.guest(small.server.url) as visitor, visitor.connect() as chat:
        turn = await chat.ask("Talk.", model="sim/sim?tokens=20&interval_ms=10")
        await turn.until(2)
        with closing(sqlite3.connect(small.server.data_dir / "millrace.db", isolation_level=None)) as backup:
            backup.execute("BEGIN IMMEDIATE")
            assert_whole(turn, await turn.end())
            while (answer := await visitor.http.get("/readyz")).status_code == 200:
                await asyncio.sleep(0.05)
            assert_refused(answer)
            found = await visitor.conversation(turn.session_id)
            assert [running["turn_id"] for running in found["running"]] == [turn.turn_id], "it can be read again"
            backup.execute("ROLLBACK")
        assert await stored(visitor, turn) == ["Talk.", turn.text]
        await ready(visitor)


async def test_a_full_disk_is_told_and_breaks_nothing(small: SmallServer) -> None:
    full = "disk is full" if small.disk.mounted else "could not store"
    async with Visitor.guest(small.server.url) as visitor, visitor.connect() as chat:
        before = await chat.ask("First.", model="sim/sim?tokens=20")
        await before.end()
        turn = await chat.ask("Talk.", model="sim/sim?tokens=3000&interval_ms=5")
        await turn.until(20)
        small.disk.fill(small.server.process.pid)
        end = await turn.end()
        assert turn.types[-1] == "chat_error"
        assert (end["error"]["code"], end["error"]["recoverable"]) == ("STREAM_ERROR", True)
        assert full in end["error"]["message"]
        assert_refused(await visitor.http.get("/readyz"), full)
        assert_refused(await visitor.http.post("/api/v1/chat", json=QUESTION), full)
        found = await visitor.conversation(before.session_id)
        assert found["messages"][1]["content"] == before.text, "what is there can be read"
        small.disk.free(small.server.process.pid)
        said = await stored(visitor, turn)
        assert said[0] == "Talk."
        assert said[1].startswith(turn.text)
        await ready(visitor)
        again = await chat.ask("And?", session_id=turn.session_id, model="sim/sim?tokens=3")
        assert_whole(again, await again.end())
