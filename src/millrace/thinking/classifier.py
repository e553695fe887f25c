"""Chooses whether a question is thought about before it is answered, and says why. Pure."""

import math

from millrace.model.commands import ThinkingDecision
from millrace.thinking.cues import CUES, Cue

_BIAS = -1.3
_SHORT_WORDS = 4
_SHORT = -1.0
_ENOUGH = 0.5
_ENOUGH_IF_WANTED = 0.15
_HEAD_CHARS = 600
_TAIL_CHARS = 400
_NAMED = 3


class CueClassifier:
    """Implements `ThinkingChooser`: a logistic score over the cues that a question shows."""

    def choose(self, question: str, *, wanted: bool) -> ThinkingDecision:
        """Thinking from even odds on; where it is to be seen, for all that nothing speaks against."""
        text = _read(question)
        seen = [cue for cue in CUES if cue.found(text)]
        likely = _likelihood(text, seen)
        if likely >= _ENOUGH:
            return ThinkingDecision("system2", _reason(seen, 1))
        if wanted and likely >= _ENOUGH_IF_WANTED:
            return ThinkingDecision("system2", "the reasoning is to be seen")
        return ThinkingDecision("system1", _reason(seen, -1))


def likelihood(question: str) -> float:
    """How likely a question gains from thinking, 0.0 to 1.0."""
    text = _read(question)
    return _likelihood(text, [cue for cue in CUES if cue.found(text)])


def _read(question: str) -> str:
    """The parts of a question that are looked at: what is asked for stands at its beginning or at its end."""
    if len(question) > _HEAD_CHARS + _TAIL_CHARS:
        question = f"{question[:_HEAD_CHARS]}\n{question[-_TAIL_CHARS:]}"
    return question.lower()


def _likelihood(text: str, seen: list[Cue]) -> float:
    score = _BIAS + sum(cue.weight for cue in seen)
    if len(text.split(None, _SHORT_WORDS)) <= _SHORT_WORDS:
        score += _SHORT
    return 1 / (1 + math.exp(-score))


def _reason(seen: list[Cue], sign: int) -> str:
    """The weightiest cues on one side."""
    for_it = sorted((cue for cue in seen if cue.weight * sign > 0), key=lambda cue: -cue.weight * sign)
    named = ", ".join(cue.reason for cue in for_it[:_NAMED])
    return f"the question {named}" if named else "nothing in the question asks for thinking"
