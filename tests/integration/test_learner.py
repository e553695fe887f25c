"""A learner's conversation through the real server: the states a teacher would expect, and again on replay."""

import asyncio
from typing import Any

import pytest
from tests.support.chat_client import Chat, Visitor

COURSE = [
    ("I love this! How do fractions work, and why do they have two numbers?", {"optimal", "good"}),
    ("I don't understand. Why is the bottom number called the denominator? I'm confused.", {"good", "moderate"}),
    (
        "Still confused. I don't get why one half is bigger than one third, three is more than two?",
        {"good", "moderate"},
    ),
    ("This makes no sense! I'm so annoyed, I keep getting it wrong and it's stupid!", {"moderate", "low"}),
    (
        "Oh wait, now I get it! More slices means smaller slices. Thanks, that makes sense!",
        {"optimal", "good", "moderate"},
    ),
    ("Great, this is fun! Can we try adding two fractions next?", {"optimal", "good"}),
]


def feelings(frames: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return [(f["data"]["of"], f["data"]["emotion_state"]) for f in frames if f["type"] == "emotion_update"]


async def test_a_learners_course_shows_and_replays(chat: Chat, visitor: Visitor) -> None:
    session_id = None
    for text, expected in COURSE:
        turn = await chat.ask(text, model="sim/sim?tokens=8", **({"session_id": session_id} if session_id else {}))
        await turn.end()
        session_id = turn.session_id
        felt = feelings(turn.frames)
        assert [of for of, _ in felt] == ["user", "answer"]
        assert felt[0][1]["learning_readiness"] in expected, (text, felt[0][1])
        resumed = await chat.resume(turn.turn_id)
        await resumed.end()
        assert feelings(resumed.frames) == felt, "a replay says the same"
        question = next(m for m in (await visitor.conversation(session_id))["messages"] if m["content"] == text)
        assert question["metadata"]["emotion_state"]["primary_emotion"] == felt[0][1]["primary_emotion"]
    frustrated = feelings(chat.turns[6].frames)[0][1]
    assert frustrated["interventions"], "somebody frustrated is met, not lectured"


async def test_the_subject_of_a_question_is_told(chat: Chat) -> None:
    turn = await chat.ask("Write a Python function that reverses a linked list.", model="sim/sim?tokens=3")
    assert (await turn.end())["metadata"]["category_detected"] == "coding"


@pytest.fixture(scope="module")
def environment(environment: dict[str, str]) -> dict[str, str]:
    """A fast model beside the others; the simulator answers it with sentences, which are no questions."""
    return {**environment, "MILLRACE_FAST_MODEL": "sim/sim?tokens=6&text=prose"}


async def test_a_fast_model_titles_a_conversation(chat: Chat, visitor: Visitor) -> None:
    turn = await chat.ask("Why do rivers bend?", model="sim/sim?tokens=5&seed=3")
    await turn.end()
    async with asyncio.timeout(5):
        while (title := (await visitor.conversation(turn.session_id))["session"]["title"]) == "Why do rivers bend?":
            await asyncio.sleep(0.05)
    assert title
