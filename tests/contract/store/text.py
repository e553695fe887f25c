"""Every text there is, and the life of the store itself."""

from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.store.values import make_outcome, must_message, must_session, open_session

from millrace.model.errors import InvalidRequest, StoreUnavailable
from millrace.model.messages import MessageError, User
from millrace.ports import Store

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
"""Any text; what is replaced has its own test."""

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.just("\0"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


# One store serves all examples, and each backend runs this same test: that is what a contract is.
SHARED = (HealthCheck.function_scoped_fixture, HealthCheck.differing_executors)


class TextContract:
    async def test_what_no_database_holds_is_replaced(self, store: Store) -> None:
        await open_session(store, title="a\0b")
        outcome = make_outcome("1", "s", question="x\0y \ud800", answer="\ud83d\ude00 \udfff end \0 walrus")
        answer = msgspec.structs.replace(
            outcome.answer,
            reasoning="\ud800\0",
            metadata={"a\ud800": ["\ud800\0", {"b": "\udfff"}], "c": "\0"},
            error=MessageError("X", "\ud800"),
        )
        await store.finish_turn(msgspec.structs.replace(outcome, answer=answer))
        question, kept = await store.messages("s", limit=10)
        assert (await must_session(store, "s")).title == "a\ufffdb"
        assert question.version.content == "x\ufffdy \ufffd"
        assert kept.version.content == "\U0001f600 \ufffd end \ufffd walrus"
        assert kept.version.reasoning == "\ufffd\ufffd"
        assert kept.version.metadata is not None
        assert kept.version.metadata["a\ufffd"][1] == {"b": "\ufffd"}
        assert kept.version.error == MessageError("X", "\ufffd")
        assert len(await store.search("ada", "walrus", limit=10)) == 1

    @pytest.mark.parametrize("bad", ["a\0b", "\ud800"])
    async def test_an_id_is_refused_rather_than_repaired(self, store: Store, bad: str) -> None:
        for attempt in (
            store.user(bad),
            store.session(bad),
            store.message(bad),
            store.messages(bad, limit=1),
            store.versions(bad),
            store.delete_session(bad),
            store.search(bad, "walrus", limit=1),
            store.create_user(User(bad, "external", "X", 1)),
            store.set_reaction("m", bad, present=True),
        ):
            with pytest.raises(InvalidRequest):
                await attempt
        assert await store.credentials(bad) is None

    async def test_a_very_long_answer_is_kept_whole(self, store: Store) -> None:
        await open_session(store)
        answer = " ".join(f"wort{n}ü" for n in range(300_000))
        await store.finish_turn(make_outcome("1", "s", answer=answer))
        assert (await must_message(store, "answer-1")).version.content == answer
        assert len(await store.search("ada", "wort17ü", limit=10)) == 1

    @settings(max_examples=40, deadline=None, suppress_health_check=SHARED)
    @given(question=TEXT, answer=TEXT, reasoning=st.none() | TEXT, metadata=st.none() | st.dictionaries(TEXT, JSON))
    async def test_text_and_metadata_come_back_as_they_were(
        self, store: Store, question: str, answer: str, reasoning: str | None, metadata: dict[str, Any] | None
    ) -> None:
        name = uuid4().hex
        await open_session(store, name)
        outcome = make_outcome(name, name, question=question, answer=answer)
        version = msgspec.structs.replace(outcome.answer, reasoning=reasoning, metadata=metadata)
        await store.finish_turn(msgspec.structs.replace(outcome, answer=version))
        asked, answered = await store.messages(name, limit=10)
        assert asked.version.content == question
        assert answered.version == version


class LifeContract:
    async def test_ready_returns(self, store: Store) -> None:
        await store.ready()

    async def test_a_closed_store_says_so(self, store: Store) -> None:
        await store.close()
        await store.close()
        for attempt in (store.ready(), store.session("s"), store.finish_turn(make_outcome("1", "s"))):
            with pytest.raises(StoreUnavailable):
                await attempt
