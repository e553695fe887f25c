"""API keys."""

import pytest
from msgspec.structs import replace
from tests.contract.store.values import ADA, BOB

from millrace.model.errors import Conflict, NotFound
from millrace.model.keys import ApiKey
from millrace.ports import Store

KEY = ApiKey(id="k1", user_id="ada", name="Notebook 🦊", scopes=("read", "chat"), created_at=10, expires_at=2**40)


class KeysContract:
    async def test_a_key_is_found_with_its_user_and_digest(self, store: Store) -> None:
        await store.create_user(ADA)
        await store.create_key(KEY, "digest-1")
        assert await store.key("k1") == (KEY, ADA, "digest-1")
        assert await store.key("k2") is None

    async def test_a_key_needs_a_user_and_an_id_of_its_own(self, store: Store) -> None:
        with pytest.raises(NotFound):
            await store.create_key(KEY, "digest")
        await store.create_user(ADA)
        await store.create_key(KEY, "digest")
        with pytest.raises(Conflict):
            await store.create_key(KEY, "other")
        found = await store.key("k1")
        assert found is not None
        assert found[2] == "digest"

    async def test_keys_are_listed_newest_first_and_the_revoked_ones_last(self, store: Store) -> None:
        await store.create_user(ADA)
        await store.create_user(BOB)
        for number, user_id in enumerate(("ada", "bob", "ada", "ada")):
            await store.create_key(
                ApiKey(id=f"k{number}", user_id=user_id, name="", scopes=("read",), created_at=number), "d"
            )
        await store.revoke_key("k3", 50)
        assert [key.id for key in await store.keys("ada")] == ["k2", "k0", "k3"]
        assert [key.id for key in await store.keys(None)] == ["k2", "k1", "k0", "k3"]
        assert list(await store.keys("nobody")) == []

    async def test_use_and_revocation_are_remembered_and_the_first_revocation_stays(self, store: Store) -> None:
        await store.create_user(ADA)
        await store.create_key(KEY, "d")
        await store.use_key("k1", 20)
        await store.use_key("k1", 30)
        await store.revoke_key("k1", 40)
        await store.revoke_key("k1", 50)
        await store.revoke_key("nothing", 50)
        assert list(await store.keys("ada")) == [replace(KEY, last_used_at=30, revoked_at=40)]
