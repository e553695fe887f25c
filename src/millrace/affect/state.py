"""A learner's state as a fold over the conversation: messages in order, state after each. Pure.

The same messages give the same states, so a replay shows what was shown. Nothing is known of a learner but what stands
in this conversation: lengths, hesitations and questions are compared with the learner's own earlier ones.
"""

from statistics import fmean, median

from msgspec import Struct, structs

from millrace.affect.difficulty import Skill
from millrace.affect.labels import NEUTRAL
from millrace.affect.levels import Levels, noisy_or
from millrace.affect.mapping import (
    CONFUSED,
    NOTICEABLE,
    PUZZLED,
    STRONG,
    Burden,
    Streaks,
    interventions_of,
    load_of,
    load_score,
    readiness_of,
)
from millrace.affect.observation import Observation
from millrace.model.events import EmotionState

_REMEMBERED = 20
"""How many earlier messages the learner's own habits are taken from."""
_QUESTIONS = 4
"""How many earlier messages a question is compared with."""

_LENGTHS_NEEDED = 3
_SHORT_REPLY = 0.3
"""How bored a one-word reply of a learner who usually writes more seems, 0.0 to 1.0."""
_USUAL_HEDGING = 0.05
_HEDGING_SPAN = 0.2
_ERRORS_SPAN = 3
_SAME_FROM, _SAME_AT = 0.3, 0.7
_TOPIC_WORDS = 2
_PRODUCTIVE = 0.5
"""How much of a struggle confusion is: half of it is what learning looks like."""


class Course(Struct, frozen=True):
    """A conversation so far, as far as the learner's state depends on it. The first is `Course()`.

    Attributes:
        messages: How many the learner has written.
        levels: Smoothed over them.
        now: Of the newest one alone.
        streaks: What has lasted.
        burden: What speaks of load in the newest message.
        skill: The estimate that the adaptive difficulty rests on.
        newest: The newest message.
        lengths: Of the latest messages, in words, oldest first.
        hedging: Of the latest messages, per word.
        topics: What the latest messages were about.
    """

    messages: int = 0
    levels: Levels = Levels()
    now: Levels = Levels()
    streaks: Streaks = Streaks()
    burden: Burden = Burden()
    skill: Skill = Skill()
    newest: Observation = Observation()
    lengths: tuple[int, ...] = ()
    hedging: tuple[float, ...] = ()
    topics: tuple[frozenset[int], ...] = ()


def asked(course: Course, seen: Observation) -> Course:
    """The course after one more message of the learner.

    Args:
        course: The conversation before it.
        seen: What the message shows.
    """
    cues = seen.cues
    now = structs.replace(seen.levels, bored=noisy_or(seen.levels.bored, _shortness(course, seen)))
    levels = course.levels.smoothed(now) if course.messages else now
    streaks = Streaks(
        frustrated=_longer(course.streaks.frustrated, holds=levels.frustrated >= STRONG),
        confused=_longer(course.streaks.confused, holds=levels.confused >= CONFUSED and levels.resolved < STRONG),
        puzzled=_longer(course.streaks.puzzled, holds=now.confused >= PUZZLED and now.resolved < STRONG),
        engaged=_longer(course.streaks.engaged, holds=levels.engaged >= STRONG),
        errors=_longer(course.streaks.errors, holds=cues.error),
    )
    burden = Burden(
        overload=cues.overload,
        hedging=_hedging(course, seen),
        rephrased=_rephrased(course, seen),
        errors=min(streaks.errors, _ERRORS_SPAN) / _ERRORS_SPAN,
    )
    skill = course.skill.updated(
        success=_evidence(now.resolved, seen.levels.bored),
        struggle=max(
            _PRODUCTIVE * _evidence(now.confused, least=PUZZLED),
            _evidence(now.frustrated, burden.overload, burden.errors, burden.rephrased),
        ),
    )
    return Course(
        messages=course.messages + 1,
        levels=levels,
        now=now,
        streaks=streaks,
        burden=burden,
        skill=skill,
        newest=seen,
        lengths=(*course.lengths, cues.words)[-_REMEMBERED:],
        hedging=(*course.hedging, cues.hedging)[-_REMEMBERED:],
        topics=(*course.topics, seen.topic)[-_QUESTIONS:],
    )


def answered(course: Course, feedback: int) -> Course:
    """The course after an answer.

    Args:
        course: The conversation before it.
        feedback: What the answer says of an attempt: 1 right, -1 not yet, 0 neither. An answer to a question says
            nothing of one.
    """
    if not feedback or not course.messages or course.newest.cues.question:
        return course
    errors = 0 if feedback > 0 else course.streaks.errors + (not course.newest.cues.error)
    return structs.replace(
        course,
        streaks=structs.replace(course.streaks, errors=errors),
        skill=course.skill.updated(success=float(feedback > 0), struggle=float(feedback < 0)),
    )


def emotion_of(course: Course, *, shown: Observation | None = None) -> EmotionState:
    """What is shown after the newest message.

    Args:
        course: The conversation.
        shown: Whose emotions to show, where not the learner's own: the answer's. Readiness, load and interventions
            are the learner's in any case.
    """
    seen = course.newest if shown is None else shown
    bored_by_length = shown is None and seen.primary == NEUTRAL and course.now.bored >= STRONG
    readiness = readiness_of(course.levels, course.streaks)
    load = load_of(load_score(course.levels, course.burden), course.burden)
    ways = interventions_of(course.levels, course.now, course.streaks, readiness, load) if shown is None else ()
    return EmotionState(
        primary_emotion="boredom" if bored_by_length else seen.primary,
        emotional_intensity=seen.intensity,
        learning_readiness=readiness,
        cognitive_load=load,
        interventions=tuple(way.value for way in ways),
        detailed_emotions=dict(seen.scores),
    )


def _evidence(*signs: float, least: float = NOTICEABLE) -> float:
    """The clearest of the signs; none of them where all are faint, so that mere questions show nothing."""
    clearest = max(signs)
    return clearest if clearest >= least else 0.0


def _longer(streak: int, *, holds: bool) -> int:
    return streak + 1 if holds else 0


def _shortness(course: Course, seen: Observation) -> float:
    """How much shorter than half the learner's usual message this one is. Questions and insights may be short."""
    if len(course.lengths) < _LENGTHS_NEEDED or seen.cues.question or seen.cues.resolved or seen.cues.confused:
        return 0.0
    half = median(course.lengths) / 2.0
    return _SHORT_REPLY * max(0.0, 1.0 - seen.cues.words / half) if half >= 1.0 else 0.0


def _hedging(course: Course, seen: Observation) -> float:
    usual = fmean((_USUAL_HEDGING, *course.hedging))
    return max(0.0, min(1.0, (seen.cues.hedging - usual) / _HEDGING_SPAN))


def _rephrased(course: Course, seen: Observation) -> float:
    """How much the newest message is about what one of the last ones was about, 0.0 to 1.0."""
    topic = seen.topic
    shares = [
        len(topic & earlier) / min(len(topic), len(earlier))
        for earlier in course.topics
        if min(len(topic), len(earlier)) >= _TOPIC_WORDS
    ]
    return max(0.0, min(1.0, (max(shares, default=0.0) - _SAME_FROM) / (_SAME_AT - _SAME_FROM)))
