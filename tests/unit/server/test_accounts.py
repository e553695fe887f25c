import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import ManualClock

from millrace.limits.rates import Rates
from millrace.model.errors import Conflict, Forbidden, InvalidRequest, RateLimited, Unauthorized
from millrace.server.accounts import Accounts
from millrace.server.settings import Settings
from millrace.stores.sql import SqlStore

PASSWORD = "correct horse battery staple"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await SqlStore.open(f"sqlite:///{tmp_path / 'database.db'}")
    yield opened
    await opened.close()


def accounts(store: SqlStore, **settings: Any) -> Accounts:
    return Accounts(store, Settings.model_validate(settings), Rates(), ManualClock())


async def test_whoever_registered_can_sign_in_however_the_address_is_written(store: SqlStore) -> None:
    desk = accounts(store)
    user = await desk.register(" Ada@Example.com ", PASSWORD, None, "10.0.0.1")
    assert (user.kind, user.name, user.email) == ("account", "ada", "ada@example.com")
    found = await desk.sign_in("ADA@example.com", PASSWORD, "10.0.0.1")
    assert found.id == user.id
    assert (await desk.user(user.id)).id == user.id


async def test_the_password_is_kept_as_argon2(store: SqlStore) -> None:
    await accounts(store).register("ada@example.com", PASSWORD, "Ada", "10.0.0.1")
    found = await store.credentials("ada@example.com")
    assert found is not None
    assert found[1].startswith("$argon2id$")


@pytest.mark.parametrize(("email", "password"), [("ada@example.com", "wrong"), ("grace@example.com", PASSWORD)])
async def test_a_wrong_password_and_an_unknown_address_are_refused_alike(
    store: SqlStore, email: str, password: str
) -> None:
    desk = accounts(store)
    await desk.register("ada@example.com", PASSWORD, None, "10.0.0.1")
    with pytest.raises(Unauthorized, match=r"^The address or the password is wrong\.$"):
        await desk.sign_in(email, password, "10.0.0.1")


async def test_an_unknown_address_takes_as_long_as_a_wrong_password(store: SqlStore) -> None:
    desk = accounts(store, limits={"sign_ins_per_minute": 1000})
    await desk.register("ada@example.com", PASSWORD, None, "10.0.0.1")

    async def cpu_seconds(email: str) -> float:
        spent = []
        for _ in range(3):
            began = time.process_time()
            with pytest.raises(Unauthorized):
                await desk.sign_in(email, "wrong", "10.0.0.1")
            spent.append(time.process_time() - began)
        return min(spent)

    await cpu_seconds("nobody@example.com")  # the first one makes the hash that nobody's password is compared with
    known, unknown = await cpu_seconds("ada@example.com"), await cpu_seconds("nobody@example.com")
    assert unknown > known / 2, "an address that has no account is noticed by the time it takes"


@pytest.mark.parametrize(
    "email", ["", "ada", "@example.com", "ada@", "a b@example.com", "ada@example.com\n", "a" * 250 + "@example.com"]
)
async def test_what_is_no_address_is_refused(store: SqlStore, email: str) -> None:
    if email.strip() == "ada@example.com":
        return  # surrounding space is no mistake
    with pytest.raises(InvalidRequest, match="email"):
        await accounts(store).register(email, PASSWORD, None, "10.0.0.1")


async def test_a_short_password_is_refused(store: SqlStore) -> None:
    with pytest.raises(InvalidRequest, match="at least 8"):
        await accounts(store).register("ada@example.com", "1234567", None, "10.0.0.1")


async def test_an_address_has_one_account(store: SqlStore) -> None:
    desk = accounts(store)
    results = await asyncio.gather(
        *(desk.register("ada@example.com", PASSWORD, None, "10.0.0.1") for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(result, Conflict) for result in results) == 2


async def test_registering_can_be_switched_off(store: SqlStore) -> None:
    with pytest.raises(Forbidden):
        await accounts(store, auth={"registration": False}).register("ada@example.com", PASSWORD, None, "10.0.0.1")


async def test_attempts_are_limited_for_one_account_and_for_one_place(store: SqlStore) -> None:
    desk = accounts(store, limits={"sign_ins_per_minute": 2})
    for _ in range(2):
        with pytest.raises(Unauthorized):
            await desk.sign_in("ada@example.com", "wrong", "10.0.0.1")
    with pytest.raises(RateLimited) as refused:
        await desk.sign_in("ADA@example.com", "wrong", "10.0.0.1")
    assert refused.value.retry_after
    with pytest.raises(Unauthorized):
        await desk.sign_in("ada@example.com", "wrong", "10.0.0.2")
    for number in range(7):
        with pytest.raises(Unauthorized):
            await desk.sign_in(f"user-{number}@example.com", "wrong", "10.0.0.1")
    with pytest.raises(RateLimited):
        await desk.sign_in("one-more@example.com", "wrong", "10.0.0.1")
