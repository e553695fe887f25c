"""The fold: what each message adds, and that it is monotone over whole conversations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from millrace.affect.cues import Cues
from millrace.affect.levels import Levels
from millrace.affect.mapping import Streaks, load_score, readiness_of
from millrace.affect.observation import Observation
from millrace.affect.state import Course, answered, asked, emotion_of

READINESS = ("low", "moderate", "good", "optimal")
SHARE = st.floats(0.0, 1.0)
CUES = st.builds(
    Cues,
    words=st.integers(0, 40),
    question=st.booleans(),
    overload=st.sampled_from([0.0, 0.5, 1.0]),
    error=st.booleans(),
    hedging=SHARE,
)
SEEN = st.builds(
    Observation,
    levels=st.builds(Levels, SHARE, SHARE, SHARE, SHARE, SHARE, SHARE, SHARE),
    cues=CUES,
    topic=st.frozensets(st.integers(0, 9), max_size=5),
)
CONVERSATION = st.lists(SEEN, min_size=1, max_size=8)


def after(conversation: list[Observation]) -> Course:
    course = Course()
    for seen in conversation:
        course = asked(course, seen)
    return course


def feeling(**levels: float) -> Observation:
    return Observation(levels=Levels(**levels), cues=Cues(words=10))


def saying(words: int = 10, *, topic: str = "", **cues: bool | float) -> Observation:
    found = structs.replace(Cues(words=words), **cues)
    return Observation(cues=found, topic=frozenset(map(hash, topic.split())))


def test_the_first_message_counts_whole_and_later_ones_four_tenths() -> None:
    assert after([feeling(confused=0.8)]).levels.confused == pytest.approx(0.8)
    assert after([feeling(), feeling(confused=0.8)]).levels.confused == pytest.approx(0.32)
    assert after([feeling(confused=0.8), feeling()]).levels.confused == pytest.approx(0.48)


def test_frustration_must_last_to_be_low() -> None:
    upset = feeling(frustrated=0.9)
    assert emotion_of(after([upset])).learning_readiness == "moderate"
    assert emotion_of(after([upset, upset])).learning_readiness == "low"
    assert emotion_of(after([upset, upset, *[feeling()] * 5])).learning_readiness == "good"


def test_confusion_must_last_longer_and_is_ended_by_insight() -> None:
    puzzled = feeling(confused=0.9)
    assert after([puzzled] * 3).streaks == Streaks(confused=3, puzzled=3)
    assert emotion_of(after([puzzled] * 2)).learning_readiness == "good"
    assert emotion_of(after([puzzled] * 3)).learning_readiness == "moderate"
    insight = feeling(resolved=1.0, confused=0.5)
    assert after([puzzled, puzzled, insight, insight]).streaks.confused == 0


def test_a_reply_is_short_against_the_learners_own() -> None:
    talkative = [saying(20)] * 3
    assert after([*talkative, saying(1)]).now.bored == pytest.approx(0.3 * 0.9)
    assert after([*talkative, saying(12)]).now.bored == 0.0
    assert after([*talkative, saying(1, question=True)]).now.bored == 0.0
    assert after([*talkative, saying(1, resolved=True)]).now.bored == 0.0
    assert after([*[saying(1)] * 3, saying(1)]).now.bored == 0.0
    assert after([saying(20), saying(20), saying(1)]).now.bored == 0.0


def test_hesitation_is_measured_against_the_learners_own() -> None:
    calm, hesitant = saying(hedging=0.0), saying(hedging=0.25)
    assert after([hesitant]).burden.hedging == pytest.approx(1.0)
    assert after([calm, calm, hesitant]).burden.hedging == 1.0
    assert after([hesitant, hesitant, hesitant]).burden.hedging < 0.6


def test_a_question_asked_again_is_noticed() -> None:
    first = saying(topic="divide distance zero", question=True)
    again = saying(topic="distance zero divide works", question=True)
    other = saying(topic="rain falls down", question=True)
    assert after([first, again]).burden.rephrased == 1.0
    assert after([first, other]).burden.rephrased == 0.0
    assert after([first, other, again]).burden.rephrased == 1.0
    assert after([first, other, other, other, other, again]).burden.rephrased == 0.0
    assert after([saying(topic="zero"), saying(topic="zero")]).burden.rephrased == 0.0


def test_errors_add_up_until_one_message_has_none() -> None:
    failing = saying(error=True)
    assert [after([failing] * count).burden.errors for count in range(5)] == [
        0.0,
        *map(pytest.approx, (1 / 3, 2 / 3, 1.0, 1.0)),
    ]
    assert after([failing, saying()]).burden.errors == 0.0


def test_an_answer_judges_an_attempt_and_no_question() -> None:
    attempt, question = after([saying()]), after([saying(question=True)])
    assert answered(attempt, 1).skill.difficulty > attempt.skill.difficulty
    assert answered(attempt, -1).skill.difficulty < attempt.skill.difficulty
    assert answered(attempt, -1).streaks.errors == 1
    assert answered(after([saying(error=True)]), 1).streaks.errors == 0
    assert answered(question, -1) == question
    assert answered(attempt, 0) == attempt
    assert answered(Course(), 1) == Course()


def test_questions_alone_show_neither_success_nor_struggle() -> None:
    assert after([feeling(engaged=0.9, confused=0.2)] * 5).skill == Course().skill


def test_the_answers_emotion_stands_beside_the_learners_state() -> None:
    course = after([feeling(frustrated=0.9)] * 2)
    shown = emotion_of(course, shown=Observation(primary="caring", intensity=0.4))
    assert (shown.primary_emotion, shown.learning_readiness, shown.interventions) == ("caring", "low", ())


def test_boredom_has_a_name_though_no_emotion_speaks_of_it() -> None:
    course = structs.replace(after([saying()]), now=Levels(bored=0.6))
    assert emotion_of(course).primary_emotion == "boredom"


@given(CONVERSATION, st.data())
def test_a_message_that_feels_worse_never_leaves_a_better_state(
    conversation: list[Observation], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(conversation) - 1))
    name = data.draw(st.sampled_from(["confused", "frustrated", "anxious", "low", "bored"]))
    levels = conversation[place].levels
    worse = structs.replace(levels, **{name: max(data.draw(SHARE), getattr(levels, name))})
    changed = [*conversation[:place], structs.replace(conversation[place], levels=worse), *conversation[place + 1 :]]
    before, then = after(conversation), after(changed)
    assert READINESS.index(readiness_of(then.levels, then.streaks)) <= READINESS.index(
        readiness_of(before.levels, before.streaks)
    )
    assert load_score(then.levels, then.burden) >= load_score(before.levels, before.burden) - 1e-12
    assert name == "bored" or then.skill.value <= before.skill.value + 1e-12


@given(CONVERSATION, st.sampled_from(["error", "overload", "hedging"]))
def test_a_newest_message_with_more_trouble_never_weighs_less(conversation: list[Observation], name: str) -> None:
    *earlier, newest = conversation
    heavier = structs.replace(newest, cues=structs.replace(newest.cues, **{name: True if name == "error" else 1.0}))
    before, then = after(conversation), after([*earlier, heavier])
    assert load_score(then.levels, then.burden) >= load_score(before.levels, before.burden) - 1e-12


@given(CONVERSATION)
def test_states_stay_in_their_ranges(conversation: list[Observation]) -> None:
    course = after(conversation)
    values = [getattr(course.levels, name) for name in Levels.__struct_fields__]
    assert all(-1e-9 <= value <= 1.0 + 1e-9 for value in values)
    assert 0.0 < course.skill.difficulty < 1.0
    assert max(len(course.lengths), len(course.hedging)) <= 20
