"""Finished turns: what is kept of them, in which order, once."""

import asyncio

import msgspec
import pytest
from tests.contract.store.values import METADATA, ids, make_outcome, must_message, must_session, open_session

from millrace.model.errors import NotFound
from millrace.model.events import Usage
from millrace.model.generation import PromptMessage
from millrace.model.messages import Message, MessageError, Version
from millrace.model.turns import SideUsage
from millrace.ports import Store


class TurnsContract:
    async def test_a_finished_turn_is_found_whole(self, store: Store) -> None:
        await open_session(store)
        outcome = make_outcome("1", "s", question="Why is the sea salt?", answer="Rivers.", at=5_000)
        answer = msgspec.structs.replace(
            outcome.answer,
            reasoning="Think of rivers.",
            metadata=METADATA,
            status="failed",
            error=MessageError("PROVIDER_FAILURE", "It broke."),
        )
        await store.finish_turn(msgspec.structs.replace(outcome, answer=answer))
        question = Version(
            number=1, content="Why is the sea salt?", status="complete", created_at=5_000, turn_id="turn-1"
        )
        messages = await store.messages("s", limit=100)
        assert list(messages) == [
            Message(id="question-1", session_id="s", role="user", created_at=5_000, version=question),
            Message(id="answer-1", session_id="s", role="assistant", created_at=5_500, version=answer),
        ]
        assert await store.message("question-1") == messages[0]
        assert await store.message("answer-1") == messages[1]
        assert await store.versions("answer-1") == [answer]
        session = await must_session(store, "s")
        assert (session.updated_at, session.message_count) == (5_500, 2)

    async def test_an_ephemeral_turn_leaves_its_usage_and_nothing_else(self, store: Store) -> None:
        await open_session(store)
        outcome = make_outcome("1", "s", question="Whisper?", answer="Hush.", at=5_000)
        command = msgspec.structs.replace(outcome.turn.command, ephemeral=True, origin="study")
        turn = msgspec.structs.replace(outcome.turn, command=command)
        for _ in range(2):
            await store.finish_turn(msgspec.structs.replace(outcome, turn=turn))
        assert list(await store.messages("s", limit=10)) == []
        assert (await must_session(store, "s")).message_count == 0
        assert list(await store.search(turn.user_id, "Whisper", limit=5)) == []
        assert await store.completed_turns(turn.user_id, origin="study", since_ms=0) == 1

    async def test_completed_turns_are_counted_by_user_origin_and_time(self, store: Store) -> None:
        await open_session(store)
        for name, origin, status, at in (
            ("1", "study", "complete", 1_000),
            ("2", "study", "complete", 9_000),
            ("3", "study", "failed", 9_000),
            ("4", "study", "cancelled", 9_000),
            ("5", "", "complete", 9_000),
        ):
            outcome = make_outcome(name, "s", question="Q", answer="A", at=at)
            command = msgspec.structs.replace(outcome.turn.command, origin=origin)
            answer = msgspec.structs.replace(outcome.answer, status=status)
            turn = msgspec.structs.replace(outcome.turn, command=command)
            await store.finish_turn(msgspec.structs.replace(outcome, turn=turn, answer=answer))
        user = outcome.turn.user_id
        assert await store.completed_turns(user, origin="study", since_ms=0) == 2
        assert await store.completed_turns(user, origin="study", since_ms=5_000) == 1
        assert await store.completed_turns("nobody", origin="study", since_ms=0) == 0

    async def test_what_was_told_before_begins_a_session_that_is_new(self, store: Store) -> None:
        await open_session(store)
        told = (PromptMessage("user", "One?"), PromptMessage("assistant", "1\0"), PromptMessage("user", "Hm."))
        for name in ("1", "2"):
            outcome = msgspec.structs.replace(make_outcome(name, "s", question="Two?", answer="2"), told=told)
            for _ in range(2):
                await store.finish_turn(outcome)
        messages = await store.messages("s", limit=100)
        assert [(message.role, message.version.content) for message in messages] == [
            ("user", "One?"),
            ("assistant", "1\ufffd"),
            ("user", "Hm."),
            *[("user", "Two?"), ("assistant", "2")] * 2,
        ]
        session = await must_session(store, "s")
        assert (session.message_count, session.title) == (7, "Two?")
        found = await store.answer("turn-1")
        assert found is not None
        assert found.id == "answer-1"

    async def test_the_same_turn_twice_changes_nothing(self, store: Store) -> None:
        await open_session(store)
        await store.finish_turn(make_outcome("1", "s"))
        before = (await store.session("s"), await store.messages("s", limit=10))
        await store.finish_turn(make_outcome("1", "s", answer="Something else.", at=9_000))
        assert (await store.session("s"), await store.messages("s", limit=10)) == before

    async def test_the_same_turn_many_times_at_once_is_stored_once(self, store: Store) -> None:
        await open_session(store)
        outcome = make_outcome("1", "s", answer="walrus")
        await asyncio.gather(*(store.finish_turn(outcome) for _ in range(12)))
        assert ids(await store.messages("s", limit=100)) == ["question-1", "answer-1"]
        assert (await must_session(store, "s")).message_count == 2
        assert len(await store.search("ada", "walrus", limit=10)) == 1

    async def test_turns_that_finish_at_once_are_all_stored(self, store: Store) -> None:
        await open_session(store, "a")
        await open_session(store, "b")
        outcomes = [make_outcome(str(n), "ab"[n % 2], at=1_000) for n in range(20)]
        await asyncio.gather(*(store.finish_turn(outcome) for outcome in outcomes))
        for session_id in "ab":
            messages = await store.messages(session_id, limit=100)
            assert len(messages) == 20
            assert [m.role for m in messages] == ["user", "assistant"] * 10
            for question, answer in zip(messages[::2], messages[1::2], strict=True):
                assert question.version.turn_id == answer.version.turn_id

    async def test_question_and_answer_of_one_instant_keep_their_order(self, store: Store) -> None:
        await open_session(store)
        for name in ("z", "a", "m"):
            outcome = make_outcome(name, "s", at=1_000)
            answer = msgspec.structs.replace(outcome.answer, created_at=1_000)
            await store.finish_turn(msgspec.structs.replace(outcome, answer=answer))
        expected = ["question-z", "answer-z", "question-a", "answer-a", "question-m", "answer-m"]
        assert ids(await store.messages("s", limit=100)) == expected

    async def test_what_was_used_beside_an_answer_is_taken_with_or_without_its_session(self, store: Store) -> None:
        await open_session(store)
        used = SideUsage(
            turn_id="turn-1",
            user_id="ada",
            session_id="s",
            purpose="suggestions",
            model="quick/model",
            usage=Usage(30, 4, reasoning_tokens=1, cached_tokens=2),
            cost=0.001,
            created_at=300,
        )
        await store.add_side_usage(used)
        await store.delete_session("s")
        await store.add_side_usage(used)
        with pytest.raises(NotFound):
            await store.add_side_usage(msgspec.structs.replace(used, user_id="nobody"))

    async def test_activity_never_goes_back(self, store: Store) -> None:
        await open_session(store, at=50_000)
        await store.finish_turn(make_outcome("1", "s", at=1_000))
        assert (await must_session(store, "s")).updated_at == 50_000

    async def test_pages_of_messages(self, store: Store) -> None:
        await open_session(store)
        await open_session(store, "other")
        for n in range(25):
            await store.finish_turn(make_outcome(f"{n:02}", "s"))
        await store.finish_turn(make_outcome("x", "other"))
        pages: list[Message] = []
        before = None
        while page := await store.messages("s", limit=7, before=before):
            pages = [*page, *pages]
            before = page[0].id
        assert ids(pages) == [f"{role}-{n:02}" for n in range(25) for role in ("question", "answer")]
        assert list(await store.messages("s", limit=10, before="nothing")) == []
        assert list(await store.messages("s", limit=10, before="answer-x")) == []
        assert list(await store.messages("nothing", limit=10)) == []

    async def test_nothing_is_kept_of_a_turn_whose_session_was_deleted(self, store: Store) -> None:
        await open_session(store)
        await store.delete_session("s")
        await store.finish_turn(make_outcome("1", "s", answer="walrus"))
        assert await store.session("s") is None
        assert await store.message("question-1") is None
        assert await store.message("answer-1") is None
        assert list(await store.search("ada", "walrus", limit=10)) == []

    async def test_delete_and_finish_at_once_leave_no_half(self, store: Store) -> None:
        for n in range(10):
            await open_session(store, f"s{n}")
        await asyncio.gather(
            *(store.finish_turn(make_outcome(str(n), f"s{n}")) for n in range(10)),
            *(store.delete_session(f"s{n}") for n in range(10)),
        )
        for n in range(10):
            assert await store.message(f"answer-{n}") is None

    async def test_cancelled_and_empty_answers_are_kept(self, store: Store) -> None:
        await open_session(store)
        await store.finish_turn(make_outcome("1", "s", answer="", status="cancelled"))
        message = await must_message(store, "answer-1")
        assert (message.version.content, message.version.status) == ("", "cancelled")

    async def test_a_turn_that_its_owner_stops_waiting_for_is_whole_or_absent(self, store: Store) -> None:
        await open_session(store)
        tasks = [asyncio.ensure_future(store.finish_turn(make_outcome(str(n), "s"))) for n in range(10)]
        await tasks[0]
        for task in tasks[1:]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await store.finish_turn(make_outcome("last", "s"))
        messages = await store.messages("s", limit=100)
        assert len(messages) == (await must_session(store, "s")).message_count
        assert [m.role for m in messages] == ["user", "assistant"] * (len(messages) // 2)
        assert ids(messages)[-1] == "answer-last"


class TitlesContract:
    @pytest.mark.parametrize(
        ("question", "title"),
        [
            ("Why is the sea salt?", "Why is the sea salt?"),
            ("  \n\n  First   line \t here\r\nsecond line", "First line here"),
            ("a" * 75, "a" * 60),
            ("word " * 20, "word word word word word word word word word word word word"),
            ("x" * 59 + " and more", "x" * 59),
            ("x" * 60 + " and more", "x" * 60),
            ("x" * 30 + " " + "y" * 40, "x" * 30),
            (" \n ", ""),
        ],
    )
    async def test_a_session_without_one_takes_the_first_line(self, store: Store, question: str, title: str) -> None:
        await open_session(store)
        await store.finish_turn(make_outcome("1", "s", question=question))
        assert (await must_session(store, "s")).title == title

    async def test_a_title_stays(self, store: Store) -> None:
        await open_session(store, title="Mine")
        await open_session(store, "t")
        await store.finish_turn(make_outcome("1", "s"))
        await store.finish_turn(make_outcome("2", "t", question="First"))
        await store.finish_turn(make_outcome("3", "t", question="Second"))
        assert (await must_session(store, "s")).title == "Mine"
        assert (await must_session(store, "t")).title == "First"
