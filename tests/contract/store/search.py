"""Searching, by people who type anything."""

import pytest
from tests.contract.store.values import BOB, make_outcome, open_session

from millrace.model.messages import User
from millrace.ports import Store

HOSTILE_QUERIES = [
    '"',
    '""',
    '"walrus',
    "walrus OR zebra",
    "NOT walrus",
    "walrus NEAR(zebra)",
    "content:walrus",
    "owner : walrus",
    "{owner content} : walrus",
    "walrus*zebra",
    "^walrus",
    "walrus AND",
    "(walrus",
    "walrus)",
    "'; DROP TABLE messages; --",
    "walrus' | 'zebra",
    "walrus & !zebra",
    "walrus:*",
    "walrus <-> zebra",
    "\\",
    "walrus\\",
    "\\' | walrus",
    "walrus\0zebra",
    "walrus \ud800",
    "\U0001f9ad",
    "%",
    "walrus " * 5_000,
    "w" * 100_000,
]


class SearchContract:
    async def found(self, store: Store, query: str, *, user_id: str = "ada", limit: int = 10) -> list[str]:
        return [hit.message_id for hit in await store.search(user_id, query, limit=limit)]

    async def test_a_hit_says_where_it_is(self, store: Store) -> None:
        await open_session(store, title="On tides")
        answer = "filler " * 60 + "the walrus sleeps on ice " + "padding " * 60
        await store.finish_turn(make_outcome("1", "s", answer=answer, at=1_000))
        [hit] = await store.search("ada", "WALRUS", limit=10)
        assert (hit.session_id, hit.session_title, hit.message_id, hit.role, hit.created_at) == (
            "s",
            "On tides",
            "answer-1",
            "assistant",
            1_500,
        )
        assert "the walrus sleeps" in hit.snippet
        assert len(hit.snippet) < 300

    async def test_all_words_are_needed_and_the_last_may_be_unfinished(self, store: Store) -> None:
        await open_session(store)
        await store.finish_turn(make_outcome("1", "s", question="grey walrus", answer="white walrus"))
        await store.finish_turn(make_outcome("2", "s", question="Grün wie Gras", answer="x"))
        assert await self.found(store, "walrus grey") == ["question-1"]
        assert set(await self.found(store, "wal")) == {"question-1", "answer-1"}
        assert await self.found(store, "white wal") == ["answer-1"]
        assert await self.found(store, "wal white") == []
        assert await self.found(store, "alrus") == []
        assert await self.found(store, "w") == []
        assert await self.found(store, "x") == ["answer-2"]
        assert await self.found(store, "GRÜN") == ["question-2"]

    async def test_the_best_come_first_and_of_equals_the_newest(self, store: Store) -> None:
        await open_session(store)
        long = "walrus " + "something else entirely " * 30
        for n, answer in enumerate(["walrus here", long, "walrus here"]):
            await store.finish_turn(make_outcome(str(n), "s", answer=answer, at=1_000 * n))
        assert await self.found(store, "walrus") == ["answer-2", "answer-0", "answer-1"]
        assert await self.found(store, "walrus", limit=1) == ["answer-2"]

    async def test_only_the_version_that_is_shown_is_found(self, store: Store) -> None:
        await open_session(store)
        await store.finish_turn(make_outcome("1", "s", answer="walrus"))
        await store.finish_turn(make_outcome("2", "s", answer="zebra", regenerates="1"))
        assert (await self.found(store, "walrus"), await self.found(store, "zebra")) == ([], ["answer-1"])
        await store.select_version("answer-1", 1)
        assert (await self.found(store, "walrus"), await self.found(store, "zebra")) == (["answer-1"], [])

    async def test_users_find_their_own_alone(self, store: Store) -> None:
        strange = User("auth0|x \"OR' ü*", "external", "X", 1)
        await open_session(store, "s")
        await open_session(store, "b", user=BOB)
        await open_session(store, "x", user=strange)
        await store.finish_turn(make_outcome("1", "s", answer="walrus"))
        await store.finish_turn(make_outcome("2", "b", answer="walrus", user_id="bob"))
        await store.finish_turn(make_outcome("3", "x", answer="walrus", user_id=strange.id))
        assert await self.found(store, "walrus") == ["answer-1"]
        assert await self.found(store, "walrus", user_id="bob") == ["answer-2"]
        assert await self.found(store, "walrus", user_id=strange.id) == ["answer-3"]
        assert await self.found(store, "walrus", user_id="nobody") == []
        assert await self.found(store, "bob") == []

    @pytest.mark.parametrize("query", HOSTILE_QUERIES, ids=range(len(HOSTILE_QUERIES)))
    async def test_a_query_is_words_and_nothing_else(self, store: Store, query: str) -> None:
        await open_session(store)
        await store.finish_turn(make_outcome("1", "s", question="only walrus", answer="only zebra"))
        hits = await store.search("ada", query, limit=10)
        # No operator took effect: whoever has no walrus is not found, and neither is a walrus by "zebra".
        assert {hit.message_id for hit in hits} <= {"question-1"}

    @pytest.mark.parametrize("query", ["", " ", "\t\n", "!!! ???", "*", "--", "\0"])
    async def test_a_query_without_a_word_finds_nothing(self, store: Store, query: str) -> None:
        await open_session(store)
        await store.finish_turn(make_outcome("1", "s", question="!!! ??? * --"))
        assert await self.found(store, query) == []
