import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import jwt
import pytest
from tests.support.clock import ManualClock

from millrace.model.errors import Unauthorized
from millrace.server.refresh import REUSE_GRACE_MS, Families, MemoryFamilies, RefreshTokens, SqlFamilies
from millrace.server.tokens import LocalTokens
from millrace.stores.database import open_database

SECRET = b"0123456789abcdef0123456789abcdef"


@pytest.fixture(params=["memory", "sqlite"])
async def families(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Families]:
    if request.param == "memory":
        yield MemoryFamilies()
        return
    kept = SqlFamilies(open_database(f"sqlite:///{tmp_path / 'database.db'}"))
    await kept.open()
    yield kept
    await kept.close()


def future_clock() -> ManualClock:
    """PyJWT reads the real time: tokens of this clock are not expired for it."""
    return ManualClock(now_ms=3_000_000_000_000)


def refresh_tokens(families: Families, clock: ManualClock) -> RefreshTokens:
    class Undated(LocalTokens):
        def _sign(self, claims: dict[str, object], lifetime_s: int) -> str:  # without iat, which would lie ahead
            return jwt.encode({**claims, "exp": clock.now_ms() // 1000 + lifetime_s}, SECRET, algorithm="HS256")

    return RefreshTokens(Undated(SECRET, clock), families, clock, 3600)


async def test_each_token_is_exchanged_for_the_next(families: Families) -> None:
    tokens = refresh_tokens(families, future_clock())
    token = await tokens.begin("ada")
    for _ in range(3):
        user_id, following = await tokens.exchange(token)
        assert user_id == "ada"
        assert following != token
        token = following


async def test_a_token_that_comes_again_ends_the_sign_in(families: Families) -> None:
    clock = future_clock()
    tokens = refresh_tokens(families, clock)
    stolen = await tokens.begin("ada")
    _, newest = await tokens.exchange(stolen)
    clock.advance(REUSE_GRACE_MS / 1000 + 1)
    with pytest.raises(Unauthorized):
        await tokens.exchange(stolen)
    with pytest.raises(Unauthorized):
        await tokens.exchange(newest)


async def test_an_older_token_ends_it_at_once(families: Families) -> None:
    tokens = refresh_tokens(families, future_clock())
    first = await tokens.begin("ada")
    _, second = await tokens.exchange(first)
    _, third = await tokens.exchange(second)
    with pytest.raises(Unauthorized):
        await tokens.exchange(first)
    with pytest.raises(Unauthorized):
        await tokens.exchange(third)


async def test_two_tabs_may_refresh_at_the_same_moment(families: Families) -> None:
    clock = future_clock()
    tokens = refresh_tokens(families, clock)
    token = await tokens.begin("ada")
    answers = await asyncio.gather(*(tokens.exchange(token) for _ in range(4)))
    following = {each for _, each in answers}
    assert len(following) == 1, "all get the same successor, so whichever cookie is set last is good"
    clock.advance(60)
    await tokens.exchange(following.pop())


async def test_other_sign_ins_go_on(families: Families) -> None:
    tokens = refresh_tokens(families, future_clock())
    phone, laptop = await tokens.begin("ada"), await tokens.begin("ada")
    await tokens.revoke(phone)
    await tokens.revoke("nonsense")
    with pytest.raises(Unauthorized):
        await tokens.exchange(phone)
    await tokens.exchange(laptop)


async def test_sign_ins_outlive_the_process(tmp_path: Path) -> None:
    clock = future_clock()
    url = f"sqlite:///{tmp_path / 'database.db'}"
    before = SqlFamilies(open_database(url))
    await before.open()
    token = await refresh_tokens(before, clock).begin("ada")
    await before.close()
    after = SqlFamilies(open_database(url))
    await after.open()
    assert (await refresh_tokens(after, clock).exchange(token))[0] == "ada"
    await after.close()
