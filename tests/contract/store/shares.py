"""Links by which others may read a session."""

import pytest
from tests.contract.store.values import ADA

from millrace.model.errors import Conflict, NotFound
from millrace.model.messages import Session
from millrace.model.shares import Share
from millrace.ports import Store

SESSION = Session("s", "ada", "On tides", 1, 1)


def share(name: str, at: int = 10) -> Share:
    return Share(id=name, session_id=SESSION.id, created_at=at)


class SharesContract:
    async def test_a_link_is_found_by_its_digest_until_it_is_deleted(self, store: Store) -> None:
        with pytest.raises(NotFound):
            await store.create_share(share("s1"), "d1")
        await store.create_user(ADA)
        await store.create_session(SESSION)
        await store.create_share(share("s1"), "d1")
        await store.create_share(share("s2", 20), "d2")
        with pytest.raises(Conflict):
            await store.create_share(share("s3"), "d1")
        assert (await store.share("d1"), await store.share("d3")) == (share("s1"), None)
        assert list(await store.shares(SESSION.id)) == [share("s2", 20), share("s1")]
        assert not await store.delete_share("another", "s1"), "it is not that session's"
        assert await store.delete_share(SESSION.id, "s1")
        assert not await store.delete_share(SESSION.id, "s1")
        assert await store.share("d1") is None
        await store.delete_session(SESSION.id)
        assert await store.share("d2") is None
