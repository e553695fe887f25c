"""From levels to readiness, cognitive load and interventions: the rules of docs/affect.md. Pure and monotone.

Monotone: where a learner seems more confused, frustrated, anxious, low or bored, readiness is never better and load
never lower; where more engaged or resolved, readiness is never worse.
"""

from msgspec import Struct

from millrace.affect.interventions import Intervention
from millrace.affect.levels import Levels
from millrace.model.events import CognitiveLoad, Readiness

STRONG = 0.5
NOTICEABLE = 0.35
CONFUSED = 0.4
CALM = 0.25
PUZZLED = 0.6
"""From where one message alone asks for help with confusion. Plain questions reach `CONFUSED`, and want an answer."""

HIGH_LOAD = 0.35
OVERLOAD = 0.65


class Streaks(Struct, frozen=True, gc=False):
    """For how many messages running something has held, the newest included.

    Attributes:
        frustrated: The smoothed level was strong.
        confused: The smoothed level was at `CONFUSED`, and nothing was resolved.
        puzzled: The message itself was at `PUZZLED`, and resolved nothing.
        engaged: The smoothed level was strong. One question shows little: every question sounds curious.
        errors: The message reported an error, or the answer to it said that it was wrong.
    """

    frustrated: int = 0
    confused: int = 0
    puzzled: int = 0
    engaged: int = 0
    errors: int = 0


class Burden(Struct, frozen=True, gc=False):
    """What speaks of load besides confusion, each 0.0 to 1.0.

    Attributes:
        overload: That the learner says so: 1.0 outright, 0.5 a hint.
        hedging: Negations and hesitations above the learner's own rate.
        rephrased: How much the question is an earlier one again.
        errors: How long the streak of errors is.
    """

    overload: float = 0.0
    hedging: float = 0.0
    rephrased: float = 0.0
    errors: float = 0.0


def readiness_of(levels: Levels, streaks: Streaks) -> Readiness:
    """How ready the learner seems to take something in. Fresh confusion is no obstacle: resolved, it helps."""
    if max(levels.bored, levels.anxious, levels.low) >= STRONG or streaks.frustrated >= 2:
        return "low"
    if max(levels.frustrated, levels.anxious) >= NOTICEABLE or streaks.confused >= 3:
        return "moderate"
    if max(levels.engaged, levels.resolved) >= STRONG and max(levels.frustrated, levels.anxious) < CALM:
        return "optimal"
    return "good"


def load_score(levels: Levels, burden: Burden) -> float:
    """How much the learner seems to carry, 0.0 to 1.0."""
    return (
        0.35 * levels.confused
        + 0.20 * burden.overload
        + 0.15 * burden.hedging
        + 0.15 * burden.rephrased
        + 0.15 * burden.errors
    )


def load_of(score: float, burden: Burden) -> CognitiveLoad:
    """The name of a load; a learner who says outright that it is too much is believed."""
    if score > OVERLOAD or burden.overload >= 1.0:
        return "overloaded"
    return "high" if score >= HIGH_LOAD else "optimal"


def interventions_of(
    levels: Levels, now: Levels, streaks: Streaks, readiness: Readiness, load: CognitiveLoad
) -> tuple[Intervention, ...]:
    """What a teacher would do, most urgent first.

    Args:
        levels: Smoothed over the conversation.
        now: Of the newest message alone: what is strong there counts at once.
        streaks: What has lasted.
        readiness: As `readiness_of` says.
        load: As `load_of` says.
    """
    puzzled = now.confused >= PUZZLED
    lasting = streaks.puzzled >= 2 or streaks.confused >= 3
    # Who says that it has become clear needs no words about the trouble before it, though its trace is there yet.
    eased = now.resolved >= STRONG and max(now.frustrated, now.anxious) < NOTICEABLE
    ways = {
        Intervention.ONE_IDEA: load == "overloaded",
        Intervention.WORKED_EXAMPLE: lasting,
        Intervention.ACKNOWLEDGE: now.frustrated >= STRONG or (levels.frustrated >= NOTICEABLE and not eased),
        Intervention.LOW_STAKES: now.anxious >= STRONG or (levels.anxious >= NOTICEABLE and not eased),
        Intervention.CHALLENGE: levels.bored >= NOTICEABLE or now.bored >= STRONG,
        Intervention.HINT: puzzled and not lasting,
    }
    chosen = tuple(way for way, applies in ways.items() if applies)
    with_it = max(levels.resolved, now.resolved) >= STRONG or streaks.engaged >= 2
    ready = eased or readiness in {"optimal", "good"}
    return chosen or ((Intervention.EXTEND,) if with_it and ready else ())
