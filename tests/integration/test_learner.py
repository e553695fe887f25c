"""A learner's conversation through the real server: the states a teacher would expect, and again on replay."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from tests.support.chat_client import Chat, Visitor, WatchedTurn
from tests.support.server import RunningServer

HINT = "Where it helps, offer a hint or ask what they think so far, in their own words."
WORKED_EXAMPLE = "Show a worked example in smaller steps."
ACKNOWLEDGE = "Acknowledge the frustration briefly and explain it in a different way."
EXTEND = "Where it fits, extend the idea: connect it to something new or apply it elsewhere."
ONE_IDEA = "Give one idea at a time, starting with a short recap."
LOW_STAKES = "Ask a small question that is safe to get wrong."

CURIOUS, CONFUSED, FRUSTRATED = {"curiosity"}, {"confusion"}, {"annoyance", "anger"}
PLEASED, ANXIOUS, REALISING = {"admiration", "joy", "excitement", "love"}, {"fear", "nervousness"}, {"realization"}

COURSE: list[tuple[str, set[str], str, str, list[str]]] = [
    # what is said; the emotion, readiness and load that a teacher would see in it, and what a teacher would do
    ("I'm curious: how do fractions work, and why do they have two numbers?", CURIOUS, "optimal", "optimal", []),
    (
        "Interesting! And what happens if the top number is bigger than the bottom one?",
        *(CURIOUS, "optimal", "optimal", [EXTEND]),
    ),
    (
        "I don't understand. Why is one third smaller than one half when three is more than two?",
        *(CONFUSED, "optimal", "optimal", [HINT]),  # confusion that is fresh is no obstacle
    ),
    (
        "I'm still confused. One third is smaller than one half, but why? Three is more than two!",
        *(CONFUSED, "good", "high", [WORKED_EXAMPLE]),
    ),
    (
        "Ugh, this is so annoying, I keep getting it wrong and it makes me angry.",
        *(FRUSTRATED, "moderate", "optimal", [ACKNOWLEDGE]),
    ),
    (
        "I hate this. I did exactly what you said and it is still wrong, this is so frustrating!",
        *(FRUSTRATED, "moderate", "optimal", [ACKNOWLEDGE]),
    ),
    (
        "Oh wait, now I get it! More slices means each slice is smaller. Thank you so much!",
        *(REALISING, "moderate", "optimal", [EXTEND]),  # the trouble is not forgotten, but it is over
    ),
    (
        "Great, this is fun! How do we add two fractions with different bottom numbers?",
        *(PLEASED, "good", "optimal", []),
    ),
    (
        "That's too much at once, I can't keep track of all these steps.",
        *({"disapproval", "annoyance", "confusion"}, "good", "overloaded", [ONE_IDEA]),
    ),
    (
        "I'm worried, I have a test on this tomorrow and I'm scared that I will fail.",
        *(ANXIOUS, "moderate", "optimal", [LOW_STAKES]),
    ),
    (
        "Ah, that makes sense now! So I only have to make the bottom numbers the same. Thanks!",
        *(REALISING, "good", "optimal", [EXTEND]),
    ),
    ("I love it, that was really interesting! Where else are fractions used?", PLEASED, "good", "optimal", []),
]


def feelings(frames: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return [(f["data"]["of"], f["data"]["emotion_state"]) for f in frames if f["type"] == "emotion_update"]


def difficulty(frames: list[dict[str, Any]]) -> float | None:
    """How hard the answer aimed to be, where that was told."""
    told: list[float] = [f["data"]["difficulty"] for f in frames if f["type"] == "context_info"]
    assert len(told) <= 1
    return told[0] if told else None


async def have(chat: Chat) -> list[WatchedTurn]:
    """Have the whole conversation."""
    session: dict[str, str] = {}
    turns = []
    for text, *_ in COURSE:
        turn = await chat.ask(text, model="sim/sim?tokens=8", **session)
        await turn.end()
        session = {"session_id": turn.session_id}
        turns.append(turn)
    return turns


def beside(turn: WatchedTurn) -> list[Any]:
    """The frames beside the text, whose pieces a replay may join."""
    return [frame for frame in turn.frames if frame["type"] != "content_token" or frame["data"]["is_final"]]


async def test_a_learners_course_shows_and_replays(chat: Chat, visitor: Visitor, server: RunningServer) -> None:
    turns = await have(chat)
    for turn, (text, emotions, readiness, load, interventions) in zip(turns, COURSE, strict=True):
        (of, state), (of_answer, _) = feelings(turn.frames)
        assert (of, of_answer) == ("user", "answer")
        seen = (state["learning_readiness"], state["cognitive_load"], state.get("interventions", []))
        assert seen == (readiness, load, interventions), text
        assert state["primary_emotion"] in emotions, text

    aims = [difficulty(turn.frames) for turn in turns]
    assert aims[:2] == [None, None], "questions alone show neither success nor struggle"
    known = [aim for aim in aims if aim is not None]
    assert len(known) == 10
    assert 0.5 > known[0] > known[1] > known[2] > known[3] > 0.1, "it falls while the learner struggles"
    assert known[4] > known[3], "and rises when it has become clear"

    stored = (await visitor.conversation(turns[0].session_id))["messages"]
    for turn, question, answer in zip(turns, stored[::2], stored[1::2], strict=True):
        kept = [message["metadata"]["emotion_state"] for message in (question, answer)]
        assert kept == [state for _, state in feelings(turn.frames)]
        resumed = await chat.resume(turn.turn_id)
        await resumed.end()
        assert (resumed.text, beside(resumed)) == (turn.text, beside(turn)), "a replay says the same"

    async with Visitor.guest(server.url) as other, other.connect() as elsewhere:
        again = await have(elsewhere)
    assert [feelings(turn.frames)[0] for turn in again] == [feelings(turn.frames)[0] for turn in turns]
    assert [difficulty(turn.frames) for turn in again] == aims, "the same conversation is the same to anybody"


async def test_who_switches_it_off_is_not_looked_at(chat: Chat, visitor: Visitor) -> None:
    await visitor.http.patch("/api/preferences", json={"emotion_enabled": False})
    off = await chat.ask("I'm so confused, I don't get it!", model="sim/sim?tokens=3")
    await off.end()
    assert not {"emotion_update", "context_info"} & {*off.types}
    stored = (await visitor.conversation(off.session_id))["messages"]
    assert not [message for message in stored if "emotion_state" in (message["metadata"] or {})]
    await visitor.http.patch("/api/preferences", json={"emotion_enabled": True})
    on = await chat.ask("I'm so confused, I don't get it!", model="sim/sim?tokens=3", session_id=off.session_id)
    await on.end()
    assert feelings(on.frames)[0][1]["interventions"] == [HINT], "confused for the first time, as far as was looked"


async def test_the_subject_of_a_question_is_told(chat: Chat) -> None:
    turn = await chat.ask("Write a Python function that reverses a linked list.", model="sim/sim?tokens=3")
    assert (await turn.end())["metadata"]["category_detected"] == "coding"


@pytest.fixture(scope="module")
def environment(environment: dict[str, str]) -> dict[str, str]:
    """A fast model beside the others; the simulator answers it with sentences, which are no questions."""
    return {**environment, "MILLRACE_FAST_MODEL": "sim/sim?tokens=6&text=prose"}


async def test_a_fast_model_titles_a_conversation_and_is_booked(
    chat: Chat, visitor: Visitor, server: RunningServer
) -> None:
    turn = await chat.ask("Why do rivers bend?", model="sim/sim?tokens=5&seed=3")
    await turn.end()
    async with asyncio.timeout(5):
        while (title := (await visitor.conversation(turn.session_id))["session"]["title"]) == "Why do rivers bend?":
            await asyncio.sleep(0.05)
    assert title
    query = "SELECT purpose, model, output_tokens > 0 FROM side_usage WHERE turn_id = ? ORDER BY id"
    async with asyncio.timeout(5):
        while len(booked := rows_of(server, query, turn.turn_id)) < 2:
            await asyncio.sleep(0.05)
    model = "sim/sim?tokens=6&text=prose"
    assert booked == [("suggestions", model, 1), ("title", model, 1)]


def rows_of(server: RunningServer, query: str, *values: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(server.data_dir / "millrace.db")) as database:
        return database.execute(query, values).fetchall()
