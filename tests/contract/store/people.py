"""Users and sessions."""

import asyncio

import pytest
from tests.contract.store.values import ADA, BOB, contents, ids, make_outcome, must_session, open_session

from millrace.model.errors import Conflict, NotFound
from millrace.model.messages import Session, User
from millrace.model.preferences import Preferences
from millrace.ports import Store


class UsersContract:
    async def test_a_user_is_found_as_it_was_created(self, store: Store) -> None:
        account = User("carol", "account", "Carol Ünal 🦊", 7, "Carol@Example.org")
        await store.create_user(account, "hash-of-carol")
        await store.create_user(ADA)
        assert await store.user("carol") == account
        assert await store.user("ada") == ADA
        assert await store.user("nobody") is None

    async def test_credentials_are_found_whatever_the_case(self, store: Store) -> None:
        account = User("carol", "account", "Carol", 7, "Carol@Example.org")
        await store.create_user(account, "hash-of-carol")
        for address in ("Carol@Example.org", "carol@example.org", "CAROL@EXAMPLE.ORG", " carol@example.org "):
            assert await store.credentials(address) == (account, "hash-of-carol")
        assert await store.credentials("dave@example.org") is None
        assert await store.credentials("") is None

    async def test_an_address_belongs_to_one_account(self, store: Store) -> None:
        await store.create_user(User("carol", "account", "Carol", 7, "carol@example.org"), "first")
        with pytest.raises(Conflict, match="address belongs to an account already"):
            await store.create_user(User("eve", "account", "Eve", 8, "CAROL@example.org"), "second")
        assert await store.user("eve") is None
        found = await store.credentials("carol@example.org")
        assert found is not None
        assert found[1] == "first"

    async def test_of_two_who_register_an_address_at_once_one_gets_it(self, store: Store) -> None:
        users = [User(f"user-{n}", "account", "N", n, "same@example.org") for n in range(6)]
        results = await asyncio.gather(*(store.create_user(user, "h") for user in users), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 5 + ["NoneType"]

    async def test_the_same_user_twice_changes_nothing(self, store: Store) -> None:
        await store.create_user(ADA)
        await store.create_user(User("ada", "guest", "Somebody else", 99))
        assert await store.user("ada") == ADA
        account = User("carol", "account", "Carol", 7, "carol@example.org")
        await store.create_user(account, "first")
        await store.create_user(account, "second")
        assert await store.credentials("carol@example.org") == (account, "first")


class PreferencesContract:
    async def test_what_was_not_chosen_is_as_usual(self, store: Store) -> None:
        await store.create_user(ADA)
        assert await store.preferences("ada") == await store.preferences("nobody") == Preferences()

    async def test_a_choice_is_kept_for_one_user(self, store: Store) -> None:
        await store.create_user(ADA)
        await store.create_user(BOB)
        await store.set_preferences("ada", Preferences(emotion_enabled=False))
        assert await store.preferences("ada") == Preferences(emotion_enabled=False)
        assert await store.preferences("bob") == Preferences()
        assert await store.user("ada") == ADA
        await store.set_preferences("ada", Preferences())
        assert await store.preferences("ada") == Preferences()

    async def test_nobody_chooses_nothing(self, store: Store) -> None:
        with pytest.raises(NotFound):
            await store.set_preferences("nobody", Preferences(emotion_enabled=False))


class SessionsContract:
    async def test_a_session_is_found_as_it_was_created(self, store: Store) -> None:
        await store.create_user(ADA)
        session = Session("s", "ada", "On tides", 100, 200)
        await store.create_session(session)
        assert await store.session("s") == session
        assert await store.session("t") is None

    async def test_messages_are_counted_by_the_store_alone(self, store: Store) -> None:
        await store.create_user(ADA)
        await store.create_session(Session("s", "ada", "", 1, 1, message_count=7))
        assert (await must_session(store, "s")).message_count == 0

    async def test_a_session_needs_its_user(self, store: Store) -> None:
        with pytest.raises(NotFound):
            await store.create_session(Session("s", "nobody", "", 1, 1))

    async def test_a_session_id_is_taken_once(self, store: Store) -> None:
        await open_session(store)
        with pytest.raises(Conflict):
            await store.create_session(Session("s", "ada", "", 1, 1))

    async def test_pages_hold_every_session_once_newest_activity_first(self, store: Store) -> None:
        await store.create_user(ADA)
        await store.create_user(BOB)
        # Seven share each time, so that pages are cut among equals.
        made = [Session(f"s{n * 37 % 300:03}", "ada", f"Title {n}", 1, 1_000 + n // 7) for n in range(300)]
        for session in made:
            await store.create_session(session)
        await store.create_session(Session("bobs", "bob", "", 1, 1_001))
        seen: list[Session] = []
        before = None
        while page := await store.sessions("ada", limit=32, before=before):
            assert len(page) <= 32
            seen += page
            before = (page[-1].updated_at, page[-1].id)
        assert seen == sorted(made, key=lambda s: (s.updated_at, s.id), reverse=True)
        assert ids(await store.sessions("bob", limit=32)) == ["bobs"]
        assert list(await store.sessions("nobody", limit=32)) == []
        assert list(await store.sessions("ada", limit=0)) == []

    async def test_a_session_that_moves_up_disturbs_no_later_page(self, store: Store) -> None:
        await store.create_user(ADA)
        for n in range(6):
            await store.create_session(Session(f"s{n}", "ada", "", 1, 10 + n))
        first = await store.sessions("ada", limit=3)
        await store.finish_turn(make_outcome("1", "s1"))
        second = await store.sessions("ada", limit=3, before=(first[-1].updated_at, first[-1].id))
        assert ids(first) + ids(second) == ["s5", "s4", "s3", "s2", "s0"]
        assert ids(await store.sessions("ada", limit=1)) == ["s1"]

    async def test_rename(self, store: Store) -> None:
        await open_session(store, title="Old", at=100)
        await store.rename_session("s", "New 🌊", 300)
        assert await store.session("s") == Session("s", "ada", "New 🌊", 100, 300)
        await store.rename_session("s", "", 200)
        assert await store.session("s") == Session("s", "ada", "", 100, 300)
        await store.rename_session("nothing", "New", 400)

    async def test_pinning_is_kept_and_is_no_activity(self, store: Store) -> None:
        await open_session(store, "old", at=100)
        await open_session(store, "new", at=200)
        await open_session(store, "bobs", user=BOB)
        await store.pin_session("bobs", pinned=True)
        await store.pin_session("old", pinned=True)
        await store.pin_session("nothing", pinned=True)
        assert await store.session("old") == Session("old", "ada", "", 100, 100, pinned=True)
        assert ids(await store.pinned_sessions("ada")) == ["old"]
        assert ids(await store.sessions("ada", limit=9)) == ["new", "old"]
        await store.finish_turn(make_outcome("1", "old"))
        assert (await must_session(store, "old")).pinned
        await store.pin_session("old", pinned=False)
        assert list(await store.pinned_sessions("ada")) == []

    async def test_a_branch_has_what_was_said_up_to_a_message(self, store: Store) -> None:
        await open_session(store, "s", title="Tides")
        await store.finish_turn(make_outcome("1", "s", question="First?", answer="One."))
        await store.finish_turn(make_outcome("1b", "s", answer="Uno.", regenerates="1"))
        await store.finish_turn(make_outcome("2", "s", question="Second?", answer="Two."))
        await store.branch_session("s", "answer-1", Session("b", "ada", "Tides", 900, 900))
        copies = await store.messages("b", limit=9)
        assert contents(copies) == ["First?", "Uno."]
        assert [(copy.role, copy.version_count) for copy in copies] == [("user", 1), ("assistant", 1)]
        assert not {*ids(copies)} & {*ids(await store.messages("s", limit=9))}
        await store.finish_turn(make_outcome("3", "b", question="Otherwise?"))
        assert contents(await store.messages("b", limit=9)) == ["First?", "Uno.", "Otherwise?", "Because."]
        assert (await must_session(store, "b")).message_count == 4
        assert contents(await store.messages("s", limit=9)) == ["First?", "Uno.", "Second?", "Two."]
        hits = await store.search("ada", "First", limit=9)
        assert {hit.session_id for hit in hits} == {"s", "b"}

    async def test_branching_off_where_nothing_is_creates_nothing(self, store: Store) -> None:
        await open_session(store, "s")
        await open_session(store, "other")
        await store.finish_turn(make_outcome("1", "other"))
        for nowhere in ("nothing", "answer-1"):
            with pytest.raises(NotFound):
                await store.branch_session("s", nowhere, Session("b", "ada", "", 1, 1))
        assert await store.session("b") is None

    async def test_delete_takes_everything_of_the_session_and_nothing_else(self, store: Store) -> None:
        await open_session(store, "s")
        await open_session(store, "other")
        await store.finish_turn(make_outcome("1", "s", question="walrus"))
        await store.finish_turn(make_outcome("2", "other", question="walrus"))
        await store.set_reaction("answer-1", "up", present=True)
        await store.delete_session("s")
        await store.delete_session("s")
        assert await store.session("s") is None
        assert list(await store.messages("s", limit=10)) == []
        assert await store.message("answer-1") is None
        assert list(await store.versions("answer-1")) == []
        assert [hit.message_id for hit in await store.search("ada", "walrus", limit=10)] == ["question-2"]
        assert (await must_session(store, "other")).message_count == 2
