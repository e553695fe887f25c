from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.clock import ManualClock

from millrace.model.errors import Conflict, NotFound, StoreUnavailable, Unauthorized
from millrace.model.messages import User
from millrace.server import keys as keys_module
from millrace.server.keys import NOTED_EVERY_MS, ApiKeys, is_api_key, key_id_of
from millrace.stores.sql import SqlStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await SqlStore.open(f"sqlite:///{tmp_path / 'database.db'}")
    for user_id in ("ada", "bob"):
        await opened.create_user(User(user_id, "account", user_id.title(), 1))
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def keys(store: SqlStore, clock: ManualClock) -> ApiKeys:
    return ApiKeys(store, clock)


async def test_a_key_speaks_for_its_user_and_for_no_more(keys: ApiKeys, store: SqlStore) -> None:
    key, text = await keys.create("ada", name="n", scopes=("read", "read"), lifetime_s=90)
    assert text.startswith(f"{key.prefix}_")
    assert is_api_key(text)
    principal = await keys.verify(text)
    assert (principal.user_id, principal.kind, principal.name) == ("ada", "account", "Ada")
    assert principal.scopes == ("read",)
    assert principal.expires_at == 1_700_000_090
    assert (principal.may("read"), principal.may("chat")) == (True, False)
    found = await store.key(key.id)
    assert found is not None
    assert text.rpartition("_")[2] not in repr(found), "the secret is kept nowhere"


async def test_two_keys_share_nothing(keys: ApiKeys) -> None:
    texts = {(await keys.create("ada", name="", scopes=("chat",), lifetime_s=None))[1] for _ in range(3)}
    assert len({text[3:15] for text in texts}) == len({text[16:] for text in texts}) == 3
    one, two = sorted(texts)[:2]
    with pytest.raises(Unauthorized):
        await keys.verify(one[:16] + two[16:])


@pytest.mark.parametrize("change", ["", "x", "mr_", "last", "\0", " ", "id", "é", "unknown"])
async def test_what_is_no_key_is_refused(keys: ApiKeys, change: str) -> None:
    _, text = await keys.create("ada", name="", scopes=("chat",), lifetime_s=None)
    wrong = {
        "": "",
        "last": text[:-1] + ("A" if text[-1] != "A" else "B"),
        "id": text[:10] + ("0" if text[10] != "0" else "1") + text[11:],
        "unknown": "mr_000000000000_" + "A" * 43,
    }.get(change, text + change)
    with pytest.raises(Unauthorized, match="not valid"):
        await keys.verify(wrong)


async def test_a_key_ends_by_time_or_by_hand(keys: ApiKeys, clock: ManualClock) -> None:
    short, first = await keys.create("ada", name="", scopes=("chat",), lifetime_s=60)
    revoked, second = await keys.create("ada", name="", scopes=("chat",), lifetime_s=None)
    clock.advance(59.9)
    await keys.verify(first)
    clock.advance(0.1)
    with pytest.raises(Unauthorized, match=f"{short.prefix} has expired"):
        await keys.verify(first)
    with pytest.raises(NotFound):
        await keys.revoke(revoked.id, "bob")
    await keys.verify(second)
    for _ in range(2):
        await keys.revoke(revoked.id, "ada")
    with pytest.raises(Unauthorized, match=f"{revoked.prefix} was revoked"):
        await keys.verify(second)
    with pytest.raises(NotFound):
        await keys.revoke("nothing")


async def test_its_last_use_is_known_to_the_minute(keys: ApiKeys, clock: ManualClock) -> None:
    _, text = await keys.create("ada", name="", scopes=("chat",), lifetime_s=None)
    used = []
    for seconds in (1, NOTED_EVERY_MS / 1000 - 1, 1):
        clock.advance(seconds)
        await keys.verify(text)
        used.append((await keys.list("ada"))[0].last_used_at)
    begin = 1_700_000_001_000
    assert used == [begin, begin, begin + NOTED_EVERY_MS]


async def test_a_use_that_cannot_be_noted_is_no_reason_to_refuse(
    keys: ApiKeys, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(key_id: str, now_ms: int) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(store, "use_key", busy)
    _, text = await keys.create("ada", name="", scopes=("chat",), lifetime_s=None)
    assert (await keys.verify(text)).user_id == "ada"


async def test_there_is_a_most_and_who_revokes_has_room(keys: ApiKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "MOST_KEYS", 2)
    first, _ = await keys.create("ada", name="", scopes=("chat",), lifetime_s=None)
    await keys.create("ada", name="", scopes=("chat",), lifetime_s=None)
    with pytest.raises(Conflict, match="2 API keys already"):
        await keys.create("ada", name="", scopes=("chat",), lifetime_s=None)
    await keys.create("bob", name="", scopes=("chat",), lifetime_s=None)
    await keys.revoke(first.id)
    await keys.create("ada", name="", scopes=("chat",), lifetime_s=None)


def test_a_key_is_named_by_any_of_its_beginnings() -> None:
    assert {key_id_of(text) for text in ("0123456789ab", "mr_0123456789ab", "mr_0123456789ab_secret_x")} == {
        "0123456789ab"
    }
