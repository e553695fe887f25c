"""The shipped model and the fold together: a conversation as a teacher would read it."""

import time

import pytest
from tests.support.hostile import HOSTILE

from millrace.affect.analyzer import LearnerAnalyzer
from millrace.affect.emotions import Emotions, LinearEmotions
from millrace.affect.guidance import DEFAULT_TEMPLATE, checked_template
from millrace.affect.interventions import Intervention
from millrace.model.events import EmotionState
from millrace.model.generation import PromptMessage
from millrace.model.learner import LearnerState

CONVERSATION = (
    ("user", "I'm curious how derivatives work, can you explain the idea behind them?"),
    ("assistant", "A derivative measures how fast a function changes at a point."),
    ("user", "Interesting! And why do people use limits for that?"),
    ("assistant", "Because the slope between two points becomes the slope at one point as they meet."),
    ("user", "I don't understand, why does the distance go to zero but we still divide by it?"),
    ("assistant", "We never divide by zero; we look at what the quotient approaches."),
    ("user", "I'm still confused. How can we divide by the distance when it goes to zero?"),
    ("assistant", "Take h = 0.1, then 0.01, and watch the quotient settle."),
    ("user", "Ugh, this is so annoying, I keep getting the wrong answer and it makes me angry."),
    ("assistant", "That is a hard step for everybody. Let us look at it as a picture."),
    ("user", "Oh! Now I get it, the secant turns into the tangent. Thank you so much!"),
    ("assistant", "Exactly."),
)


@pytest.fixture(scope="module")
def classifier() -> LinearEmotions:
    return LinearEmotions.load()


def states(analyzer: LearnerAnalyzer) -> tuple[list[LearnerState], list[EmotionState]]:
    """The states after each of the learner's messages, and after each answer."""
    history: list[PromptMessage] = []
    learner, answers = [], []
    for role, text in CONVERSATION:
        if role == "user":
            learner.append(analyzer.observe(history, text))
            history.append(PromptMessage("user", text))
        else:
            answers.append(analyzer.observe_answer(history, text))
            history.append(PromptMessage("assistant", text))
    return learner, answers


def test_a_conversation_has_the_states_that_a_teacher_would_expect(classifier: LinearEmotions) -> None:
    learner, _ = states(LearnerAnalyzer(classifier))
    curious, more, confused, still, frustrated, realising = (state.emotion for state in learner)
    assert [state.primary_emotion for state in (curious, more)] == ["curiosity", "curiosity"]
    assert curious.learning_readiness == more.learning_readiness == "optimal"
    assert (curious.interventions, more.interventions) == ((), (Intervention.EXTEND,))
    assert (confused.primary_emotion, confused.interventions) == ("confusion", (Intervention.HINT,))
    assert confused.cognitive_load == "optimal"
    assert (still.primary_emotion, still.cognitive_load) == ("confusion", "high")
    assert still.interventions == (Intervention.WORKED_EXAMPLE,)
    assert frustrated.primary_emotion in {"annoyance", "anger"}
    assert frustrated.learning_readiness == "moderate"
    assert Intervention.ACKNOWLEDGE in frustrated.interventions
    assert realising.primary_emotion in {"realization", "gratitude"}
    assert realising.learning_readiness in {"good", "optimal"}
    assert realising.interventions == (Intervention.EXTEND,)


@pytest.mark.parametrize(
    "text",
    [
        "How do I sort a list in Python?",
        "What is the capital of France?",
        "What should I cook tonight?",
        "Write a poem about rain",
        "Translate 'good morning' into Spanish",
        "hello",
    ],
)
def test_a_plain_request_changes_nothing_in_the_prompt(classifier: LinearEmotions, text: str) -> None:
    analyzer = LearnerAnalyzer(classifier, template=checked_template(DEFAULT_TEMPLATE))
    state = analyzer.observe([], text)
    assert (state.emotion.interventions, state.instruction, state.difficulty) == ((), "", None)


@pytest.mark.parametrize(
    ("text", "emotion", "readiness"),
    [
        ("I have an exam tomorrow and I'm panicking", "nervousness", "low"),
        ("I'm fed up with this, I give up", "annoyance", "moderate"),
        ("this is boring, I already know all of this", "boredom", "low"),
    ],
)
def test_what_is_said_outright_counts(classifier: LinearEmotions, text: str, emotion: str, readiness: str) -> None:
    state = LearnerAnalyzer(classifier).observe([], text).emotion
    assert (state.primary_emotion, state.learning_readiness) == (emotion, readiness)


def test_the_difficulty_follows_the_course(classifier: LinearEmotions) -> None:
    learner, _ = states(LearnerAnalyzer(classifier))
    curious, more, confused, still, frustrated, realising = (state.difficulty for state in learner)
    assert (curious, more) == (None, None), "questions show neither success nor struggle"
    known = [value for value in (confused, still, frustrated, realising) if value is not None]
    assert len(known) == 4
    assert 0.5 > known[0] > known[1] > known[2] > 0.1
    assert known[3] > known[2]


def test_a_replay_gives_the_same_states(classifier: LinearEmotions) -> None:
    one = LearnerAnalyzer(classifier)
    first, again = states(one), states(one)
    assert first == again == states(LearnerAnalyzer(LinearEmotions.load()))


def test_the_answer_has_an_emotion_and_the_learners_state(classifier: LinearEmotions) -> None:
    learner, answers = states(LearnerAnalyzer(classifier))
    assert answers[4].learning_readiness == learner[4].emotion.learning_readiness == "moderate"
    assert all(not answer.interventions for answer in answers)


def test_the_instruction_is_there_where_a_template_is(classifier: LinearEmotions) -> None:
    told, _ = states(LearnerAnalyzer(classifier, template=checked_template(DEFAULT_TEMPLATE)))
    assert Intervention.WORKED_EXAMPLE in told[3].instruction
    untold, _ = states(LearnerAnalyzer(classifier))
    assert not any(state.instruction for state in untold)
    assert [state.emotion for state in told] == [state.emotion for state in untold]


def test_the_systems_words_are_nobodys_feelings(classifier: LinearEmotions) -> None:
    analyzer = LearnerAnalyzer(classifier)
    system = PromptMessage("system", "I am furious and confused")
    assert analyzer.observe([system], "What is a limit?") == analyzer.observe([], "What is a limit?")


def test_a_text_is_estimated_once_and_its_memory_is_bounded() -> None:
    estimated: list[str] = []

    class Counting:
        def estimate(self, text: str) -> Emotions:
            estimated.append(text)
            return Emotions("neutral", {"neutral": 1.0})

    analyzer = LearnerAnalyzer(Counting())
    for _ in range(3):
        analyzer.observe([PromptMessage("user", "one")], "two")
    assert estimated == ["one", "two"]
    for number in range(3_000):
        analyzer.observe([], str(number))
    assert len(analyzer._seen) <= 2_048


def test_hostile_text_is_taken(classifier: LinearEmotions) -> None:
    analyzer = LearnerAnalyzer(classifier)
    for text in ("\ud800" * 100_000, "", "\0" * 100_000, "\U0001f600" * 100_000, "not " * 50_000):
        state = analyzer.observe([PromptMessage("user", text), PromptMessage("assistant", text)], text)
        assert 0.0 <= state.emotion.emotional_intensity <= 1.0


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_costs_little_and_never_raises(classifier: LinearEmotions, kind: str) -> None:
    times = []
    for _ in range(5):
        analyzer = LearnerAnalyzer(classifier)
        began = time.thread_time()
        state = analyzer.observe([PromptMessage("user", "Hello")], HOSTILE[kind])
        times.append(time.thread_time() - began)
        assert state.emotion.primary_emotion
    assert min(times) < 0.005
