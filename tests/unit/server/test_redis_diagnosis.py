"""A Redis is judged by what it tells, and by whether it answers at all."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.redis import RedisServer, redis_program, redis_server

from millrace.logs.redis_address import RedisAddress
from millrace.server.check import Check
from millrace.server.redis_diagnosis import check_redis, judged

GOOD: dict[str, Any] = {
    "redis_version": "7.2.4",
    "role": "master",
    "maxmemory": 0,
    "maxmemory_policy": "noeviction",
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
    "rdb_last_bgsave_status": "ok",
}


def states(**told: Any) -> list[str]:
    return [check.state for check in judged({**GOOD, **told}, "it answers")]


def test_one_that_is_well_has_no_remark() -> None:
    assert states() == ["ok"]
    assert states(redis_version="8.0.1") == ["ok"]


@pytest.mark.parametrize(
    ("told", "found", "remedy"),
    [
        ({"redis_version": "6.2.14"}, "problem", "Redis 7"),
        ({"role": "slave"}, "problem", "master"),
        ({"maxmemory_policy": "allkeys-lru", "maxmemory": 1}, "problem", "noeviction"),
        ({"maxmemory_policy": "allkeys-lru"}, "note", "noeviction"),
        ({"aof_last_write_status": "err"}, "problem", "room"),
        ({"rdb_last_bgsave_status": "err"}, "problem", "room"),
        ({"aof_enabled": 0}, "note", "appendonly yes"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(told: dict[str, Any], found: str, remedy: str) -> None:
    remarks = [check for check in judged({**GOOD, **told}, "it answers") if check.state != "ok"]
    assert [check.state for check in remarks] == [found]
    assert remedy in remarks[0].remedy


@pytest.fixture(scope="module", params=[False, True], ids=["server", "cluster"])
def redis(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    if redis_program() is None:
        pytest.skip("no Redis server is installed")
    with redis_server(cluster=request.param) as server:
        yield server


async def looked_at(redis: RedisServer, credentials: str = "") -> list[Check]:
    return await check_redis(RedisAddress.parse(redis.url.replace("://", f"://{credentials}")))


async def test_a_real_one(redis: RedisServer) -> None:
    first, *remarks = await looked_at(redis)
    assert (first.state, first.name) == ("ok", "Redis")
    assert f"127.0.0.1:{redis.port} answers in" in first.finding
    assert [remark.state for remark in remarks] == ["note"], "it keeps nothing on disk"


async def test_one_that_says_nothing_of_itself(redis: RedisServer) -> None:
    redis.command("ACL", "SETUSER", "millrace", "on", ">secret", "~*", "&*", "+ping", "+cluster", "+command")
    (check,) = await looked_at(redis, "millrace:secret@")
    assert (check.state, "+info" in check.remedy) == ("note", True)


async def test_one_that_is_not_there(redis: RedisServer) -> None:
    (check,) = await check_redis(RedisAddress.parse("redis://millrace:secret@127.0.0.1:1"))
    assert check.state == "problem"
    assert "127.0.0.1:1" in check.finding
    assert "redis_url" in check.remedy
    assert "secret" not in f"{check}"
