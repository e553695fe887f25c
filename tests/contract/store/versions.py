"""Versions and reactions."""

import asyncio

import pytest
from tests.contract.store.values import contents, make_outcome, must_message, must_session, open_session

from millrace.model.errors import NotFound
from millrace.ports import Store


class VersionsContract:
    async def test_a_regeneration_adds_a_version_and_shows_it(self, store: Store) -> None:
        await open_session(store)
        await store.finish_turn(make_outcome("1", "s", answer="One."))
        await store.finish_turn(make_outcome("2", "s", question="More?"))
        again = make_outcome("3", "s", answer="Two.", regenerates="1", at=7_000)
        await asyncio.gather(store.finish_turn(again), store.finish_turn(again))
        assert contents(await store.messages("s", limit=10)) == ["Why?", "Two.", "More?", "Because."]
        message = await must_message(store, "answer-1")
        assert (message.version.number, message.version_count, message.created_at) == (2, 2, 1_500)
        assert message.version.turn_id == "turn-3"
        assert [(v.number, v.content) for v in await store.versions("answer-1")] == [(1, "One."), (2, "Two.")]
        session = await must_session(store, "s")
        assert (session.message_count, session.updated_at) == (4, 7_500)
        for turn_id in ("turn-1", "turn-3"):  # whichever of its versions a turn wrote
            assert await store.answer(turn_id) == message
        assert await store.answer("turn-2") == await store.message("answer-2")
        assert await store.answer("turn-9") is None
        await store.delete_session("s")
        assert await store.answer("turn-1") is None

    async def test_selecting_a_version(self, store: Store) -> None:
        await open_session(store)
        await store.finish_turn(make_outcome("1", "s", answer="One."))
        await store.finish_turn(make_outcome("2", "s", answer="Two.", regenerates="1"))
        await store.select_version("answer-1", 1)
        message = await must_message(store, "answer-1")
        assert (message.version.content, message.version.number, message.version_count) == ("One.", 1, 2)
        await store.finish_turn(make_outcome("3", "s", answer="Three.", regenerates="1"))
        assert (await must_message(store, "answer-1")).version.number == 3

    @pytest.mark.parametrize("number", [0, -1, 2, 2**31, 2**70])
    async def test_selecting_what_is_not_there(self, store: Store, number: int) -> None:
        await open_session(store)
        await store.finish_turn(make_outcome("1", "s"))
        with pytest.raises(NotFound):
            await store.select_version("answer-1", number)
        with pytest.raises(NotFound):
            await store.select_version("nothing", 1)
        assert (await must_message(store, "answer-1")).version.number == 1

    async def test_an_answer_of_another_session_gets_no_version(self, store: Store) -> None:
        await open_session(store)
        await open_session(store, "other")
        await store.finish_turn(make_outcome("1", "s", answer="One."))
        with pytest.raises(NotFound):
            await store.finish_turn(make_outcome("2", "other", answer="Two.", regenerates="1"))
        assert contents(await store.messages("s", limit=10)) == ["Why?", "One."]
        assert (await must_session(store, "other")).updated_at == 100


class ReactionsContract:
    async def test_reactions_come_and_go(self, store: Store) -> None:
        await open_session(store)
        await store.finish_turn(make_outcome("1", "s"))
        for name in ("up", "👍🏽", "heart", "up"):
            await store.set_reaction("answer-1", name, present=True)
        message = await must_message(store, "answer-1")
        assert message.reactions == ("heart", "up", "👍🏽")
        await store.set_reaction("answer-1", "up", present=False)
        await store.set_reaction("answer-1", "up", present=False)
        listed = await store.messages("s", limit=10)
        assert [m.reactions for m in listed] == [(), ("heart", "👍🏽")]

    async def test_reacting_to_what_is_not_there(self, store: Store) -> None:
        await store.set_reaction("nothing", "up", present=False)
        with pytest.raises(NotFound):
            await store.set_reaction("nothing", "up", present=True)
