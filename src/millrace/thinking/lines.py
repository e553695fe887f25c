"""The line format in which a model is asked to write down its steps, parsed as it streams. Pure.

A line is a step: its kind, a colon, what is thought, and the confidence in brackets:

    decomposition: The question has two parts, the price and the time. [confidence 0.9]

Models keep to such a format more or less, so the reader is lenient: kinds may stand behind a number, a bullet or
"step 1", in bold or brackets, or in other words of the same sense; the confidence may stand behind the kind or on a
line of its own, as a share, in percent or as a mark; a step may go on over several lines. What stands before the first
step or behind a confidence is left out. Where there is no step at all, the text is cut into steps at its paragraphs: a
model's thinking is not thrown away for its form. A confidence that was not stated is none.
"""

import re
from collections.abc import Sequence

from millrace.model.events import ReasoningKind
from millrace.model.generation import StepFound
from millrace.stream.confidence import confidence_of
from millrace.stream.reasoning import StepCutter

MAX_STEPS = 32
MAX_STEP_CHARS = 2_000

_KINDS: dict[str, ReasoningKind] = {
    "decomposition": "decomposition",
    "decompose": "decomposition",
    "breakdown": "decomposition",
    "exploration": "exploration",
    "explore": "exploration",
    "evaluation": "evaluation",
    "evaluate": "evaluation",
    "verification": "evaluation",
    "synthesis": "synthesis",
    "synthesize": "synthesis",
    "conclusion": "synthesis",
}
_DASH = "\\-\u2013\u2014"
_HEAD = re.compile(
    rf"""(?P<before>[\s>#*_`\u2022(\[{_DASH}]{{0,10}}(?:step\s{{0,2}})?(?:\d{{1,2}}[\s.):{_DASH}]{{0,4}})?[\s*_`(\[]{{0,6}})
    (?P<kind>{"|".join(_KINDS)})(?:\s+step)?(?:\s+\d{{1,2}})?(?P<after>[\s*_`)\]]{{0,6}})
    (?:[(\[](?P<confidence>[^()\[\]]{{1,30}})[)\]])?[\s*_`]{{0,4}}(?P<end>[:{_DASH}]|$)?[\s*_`:]{{0,6}}""",
    re.IGNORECASE | re.VERBOSE,
)
_WORD = re.compile(r"\bconfidence\b\s{0,2}(?:is\s|of\s|[:=~])?", re.IGNORECASE)
_BARE = re.compile(r"\s{0,2}(?:\d{0,3}[.,]\d{1,4}|\d{1,3}\s?%)\s{0,2}")
_ENDING = re.compile(
    rf"""[\s,;({_DASH}\[*_`]{{0,6}}
    (?:\b(?P<worded>confidence\b[^()\[\]]{{1,20}}?)|\[(?P<bare>{_BARE.pattern}))[\s)\].*_`]{{0,6}}$""",
    re.IGNORECASE | re.VERBOSE,
)
_FENCE = re.compile(r"\s*(?:```|~~~)")


class StepLines:
    """Give it the text in any pieces; it gives back the steps, each once it is known to be whole.

    A step is whole at its confidence, where the next one begins, or at the end. Any cut of the text gives the same.
    """

    __slots__ = ("_body", "_confidence", "_count", "_kind", "_line", "_line_scores", "_scores", "_unlabelled")

    def __init__(self) -> None:
        self._line = ""
        self._line_scores: list[float] = []
        self._unlabelled: list[str] = []
        self._count = 0
        self._begin(None)

    def feed(self, text: str, probabilities: Sequence[float] = ()) -> list[StepFound]:
        """The steps that `text` completes.

        Args:
            text: What comes next.
            probabilities: How probable the model found each token of it, where that is known. They count where a step
                states no confidence, and only if the piece lies within one line.
        """
        found: list[StepFound] = []
        if probabilities and "\n" not in text.rstrip("\n"):
            self._line_scores += probabilities
        *lines, rest = (self._line + text).split("\n")
        for line in lines:
            self._take(line, found)
        self._line = rest
        if probabilities and lines and "\n" not in text.lstrip("\n") and rest:
            self._line_scores += probabilities
        return found

    def finish(self) -> list[StepFound]:
        """The step that was still open; the paragraphs of a text without any."""
        found: list[StepFound] = []
        self._take(self._line, found)
        self._line = ""
        self._close(found)
        if self._count or not self._unlabelled:
            return found
        cutter = StepCutter()
        steps = [*cutter.feed("\n".join(self._unlabelled)), *cutter.finish()]
        self._unlabelled = []
        return [StepFound(step.kind, step.content, step.confidence) for step in steps[:MAX_STEPS]]

    def _begin(self, kind: ReasoningKind | None, confidence: float | None = None) -> None:
        self._kind = kind
        self._body: list[str] = []
        self._confidence = confidence
        self._scores: list[float] = []

    def _take(self, line: str, found: list[StepFound]) -> None:
        """Read a whole line."""
        scores, self._line_scores = self._line_scores, []
        if _FENCE.match(line):
            return
        head = _HEAD.match(line)
        if head is not None and _is_label(head):
            self._close(found)
            self._begin(_KINDS[head["kind"].lower()], _confidence(head["confidence"]))
            line = line[head.end() :]
        if self._kind is None:
            if not self._count:
                self._unlabelled.append(line)
            return
        self._scores += scores
        line, confidence, stated = _without_confidence(line)
        self._body.append(line.strip())
        if stated:
            self._confidence = confidence
            self._close(found)

    def _close(self, found: list[StepFound]) -> None:
        """End the step that is open, if it says anything."""
        content = "\n".join(self._body).strip(" \n*_`")[:MAX_STEP_CHARS]
        if self._kind is not None and content and self._count < MAX_STEPS:
            self._count += 1
            found.append(StepFound(self._kind, content, self._judged()))
        self._begin(None)

    def _judged(self) -> float | None:
        if self._confidence is not None or not self._scores:
            return self._confidence
        return sum(self._scores) / len(self._scores)


def _is_label(head: re.Match[str]) -> bool:
    """Whether it is set off from what follows, so that it is no word of a sentence."""
    bracketed = bool({"[", "("} & set(head["before"]) and {"]", ")"} & set(head["after"]))
    return head["end"] is not None or bracketed or _confidence(head["confidence"]) is not None


def _confidence(text: str | None) -> float | None:
    """What stands in brackets behind a kind. A whole number without a word is the step's own number, or a source's."""
    if text is None or not (_WORD.search(text) or _BARE.fullmatch(text)):
        return None
    return confidence_of(_WORD.sub("", text, count=1))


def _without_confidence(line: str) -> tuple[str, float | None, bool]:
    """A line without the confidence at its end, that confidence if it is one, and whether anything was said of it."""
    ending = _ENDING.search(line)
    if ending is None:
        return line, None, False
    said = ending["bare"] or _WORD.sub("", ending["worded"])
    confidence = confidence_of(said)
    if confidence is None and not (ending["worded"] and line.rstrip(" *_`.").endswith(("]", ")"))):
        return line, None, False  # a number, or a word, that belongs to the sentence
    return line[: ending.start()], confidence, True
