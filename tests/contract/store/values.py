"""Turns, outcomes and what else the store's suite is fed with."""

from collections.abc import Sequence

import msgspec

from millrace.model.commands import StartTurn
from millrace.model.events import Usage
from millrace.model.messages import Message, MessageStatus, Session, Turn, User, Version
from millrace.model.turns import TurnOutcome
from millrace.ports import Store

ADA = User("ada", "guest", "Ada", 1)
BOB = User("bob", "guest", "Bob", 2)
METADATA = {"model": "test/model", "cost": 0.25, "citations": [{"title": "Ö", "number": 1}], "nothing": None}


def make_turn(name: str, session_id: str, question: str, *, user_id: str = "ada", at: int = 1_000) -> Turn:
    return Turn(
        id=f"turn-{name}",
        session_id=session_id,
        user_id=user_id,
        user_message_id=f"question-{name}",
        message_id=f"answer-{name}",
        command=StartTurn(message=question, session_id=session_id),
        model="test/model",
        created_at=at,
    )


def make_outcome(
    name: str,
    session_id: str,
    *,
    question: str = "Why?",
    answer: str = "Because.",
    user_id: str = "ada",
    at: int = 1_000,
    status: MessageStatus = "complete",
    regenerates: str | None = None,
) -> TurnOutcome:
    turn = make_turn(name, session_id, question, user_id=user_id, at=at)
    if regenerates is not None:
        turn = msgspec.structs.replace(
            turn,
            user_message_id=f"question-{regenerates}",
            message_id=f"answer-{regenerates}",
            command=StartTurn(regenerate=f"answer-{regenerates}"),
        )
    return TurnOutcome(
        turn=turn,
        answer=Version(number=1, content=answer, status=status, created_at=at + 500, turn_id=turn.id),
        new_user_message=regenerates is None,
        usage=Usage(3, 5),
        model="test/model",
        cost=0.5,
    )


def ids(items: Sequence[Message] | Sequence[Session]) -> list[str]:
    return [item.id for item in items]


def contents(messages: Sequence[Message]) -> list[str]:
    return [message.version.content for message in messages]


async def open_session(store: Store, session_id: str = "s", *, user: User = ADA, title: str = "", at: int = 100) -> str:
    await store.create_user(user)
    await store.create_session(Session(session_id, user.id, title, at, at))
    return session_id


async def must_session(store: Store, session_id: str) -> Session:
    session = await store.session(session_id)
    assert session is not None
    return session


async def must_message(store: Store, message_id: str) -> Message:
    message = await store.message(message_id)
    assert message is not None
    return message
