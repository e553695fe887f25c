"""What one message of a learner shows, taken alone. Pure, so that it can be kept and need not be worked out again."""

from msgspec import Struct

from millrace.affect.cues import Cues, cues_of
from millrace.affect.emotions import Emotions
from millrace.affect.labels import NEUTRAL
from millrace.affect.levels import Levels, levels_of, noisy_or
from millrace.text.features import MAX_CHARS, feature_hash, without_code
from millrace.text.words import Stemmer, query_words

_CUE = 0.6
"""How far what is said in so many words moves a level, as one more independent sign of it."""
_BORED_CUE = 0.75
_SHOWN = 5
_SHOWN_FROM = 0.05


class Observation(Struct, frozen=True):
    """A message as the fold over the conversation sees it.

    Attributes:
        levels: Of this message alone; `bored` without regard to its length.
        cues: What it says in so many words.
        topic: The hashed stems of the words that say what it is about.
        primary: The name of the strongest emotion.
        intensity: How strong, 0.0 to 1.0.
        scores: The probabilities of the strongest emotions, best first.
    """

    levels: Levels = Levels()
    cues: Cues = Cues()
    topic: frozenset[int] = frozenset()
    primary: str = NEUTRAL
    intensity: float = 0.0
    scores: tuple[tuple[str, float], ...] = ()


def observe(text: str, emotions: Emotions, stemmer: Stemmer) -> Observation:
    """What a message shows.

    Args:
        text: The message.
        emotions: What the classifier says of it.
        stemmer: Tells words of the same stem.
    """
    cues = cues_of(text)
    levels = _with_cues(levels_of(emotions.probabilities), cues)
    cued = _cued_scores(emotions, levels, cues)
    scores = emotions.probabilities | cued
    feelings = {name: value for name, value in scores.items() if name != NEUTRAL}
    top = max(feelings.values(), default=0.0)
    primary = emotions.primary
    if cued:
        name = max(cued, key=cued.__getitem__)
        primary = name if cued[name] >= scores.get(primary, 0.0) or primary == NEUTRAL else primary
    best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN]
    return Observation(
        levels=levels,
        cues=cues,
        topic=frozenset(feature_hash(stemmer.stem(word)) for word in query_words(without_code(text)[:MAX_CHARS])),
        primary=primary,
        intensity=round(0.5 * (1.0 - scores.get(NEUTRAL, 1.0)) + 0.5 * top, 3) if scores else 0.0,
        scores=tuple((name, round(value, 3)) for name, value in best if value >= _SHOWN_FROM),
    )


def _with_cues(levels: Levels, cues: Cues) -> Levels:
    return Levels(
        engaged=levels.engaged,
        confused=noisy_or(levels.confused, _CUE * cues.confused),
        frustrated=noisy_or(levels.frustrated, _CUE * cues.frustrated),
        anxious=noisy_or(levels.anxious, _CUE * cues.anxious),
        low=levels.low,
        resolved=noisy_or(levels.resolved, _CUE * cues.resolved),
        bored=_BORED_CUE * cues.bored,
    )


def _cued_scores(emotions: Emotions, levels: Levels, cues: Cues) -> dict[str, float]:
    """The emotions that were named, under the names that the interface shows, none weaker than the classifier says."""
    named = {
        "confusion": (cues.confused, levels.confused),
        "realization": (cues.resolved, levels.resolved),
        "annoyance": (cues.frustrated, noisy_or(emotions.probabilities.get("annoyance", 0.0), _CUE)),
        "nervousness": (cues.anxious, noisy_or(emotions.probabilities.get("nervousness", 0.0), _CUE)),
        "boredom": (cues.bored, levels.bored),
    }
    return {name: value for name, (said, value) in named.items() if said}
