"""The prompt holds the conversation up to the question, and what else the model must know."""

from millrace.engine.prompt import aimed_difficulty, build_prompt, conversation, estimate_tokens
from millrace.model.commands import StartTurn, TurnContext
from millrace.model.events import EmotionState, Passage
from millrace.model.learner import LearnerState
from millrace.model.messages import Message, MessageRole, Turn, Version


def message(id_: str, role: MessageRole, content: str) -> Message:
    version = Version(number=1, content=content, status="complete", created_at=0, turn_id="t0")
    return Message(id=id_, session_id="s", role=role, created_at=0, version=version)


def turn(text: str = "Q2", *, user_message_id: str = "u2", message_id: str = "a2", **context: object) -> Turn:
    command = StartTurn(message=text, context=TurnContext(**context))  # type: ignore[arg-type]  # test shorthand
    return Turn(
        id="t",
        session_id="s",
        user_id="u",
        user_message_id=user_message_id,
        message_id=message_id,
        command=command,
        model="p/m",
        created_at=0,
    )


HISTORY = [message("u1", "user", "Q1"), message("a1", "assistant", "A1")]


def test_history_then_question() -> None:
    prompt = build_prompt(turn(), conversation(turn(), HISTORY), system_prompt=" Be kind. ")
    assert [(m.role, m.content) for m in prompt] == [
        ("system", "Be kind."),
        ("user", "Q1"),
        ("assistant", "A1"),
        ("user", "Q2"),
    ]


def test_no_system_message_where_there_is_nothing_to_say() -> None:
    assert [m.role for m in build_prompt(turn(), conversation(turn(), []))] == ["user"]


def test_an_answer_that_stayed_empty_is_left_out() -> None:
    prompt = build_prompt(turn(), conversation(turn(), [message("u1", "user", "Q1"), message("a1", "assistant", "")]))
    assert [m.content for m in prompt] == ["Q1", "Q2"]


def test_a_regeneration_sees_what_was_before_its_question() -> None:
    later = [*HISTORY, message("u2", "user", "Q2"), message("a2", "assistant", "A2")]
    again = turn("Q1", user_message_id="u1", message_id="a1")
    assert [m.content for m in build_prompt(again, conversation(again, later))] == ["Q1"]


def test_subject_difficulty_and_numbered_passages() -> None:
    system = build_prompt(
        turn(subject="algebra", difficulty=0.3),
        conversation(turn(subject="algebra", difficulty=0.3), []),
        passages=[Passage(1, "T", "snippet", 0.9)],
    )[0]
    assert "algebra" in system.content
    assert "0.30" in system.content
    assert "[1] T\nsnippet" in system.content


def test_tokens_are_estimated_upwards() -> None:
    assert [estimate_tokens("x" * n) for n in (0, 1, 4, 5)] == [0, 1, 1, 2]


def test_the_request_says_how_hard_and_else_the_conversation() -> None:
    emotion = EmotionState("joy", 0.5, "good", "optimal")
    known, unknown = LearnerState(emotion, 0.8, "Go slowly."), LearnerState(emotion)
    assert aimed_difficulty(TurnContext(difficulty=0.2), known) == 0.2
    assert aimed_difficulty(TurnContext(), known) == 0.8
    assert aimed_difficulty(TurnContext(), unknown) is None
    assert aimed_difficulty(TurnContext(), None) is None
    system = build_prompt(turn(), (), learner=known)[0].content
    assert "0.80" in system
    assert "Go slowly." in system
