"""Cuts a model's own thinking, as it streams, into steps at its natural joints: its paragraphs.

The kind of a step is read off what the model says it is doing; where it does not say, the first paragraph
takes the problem apart and later ones explore. A confidence is given only where the text states one.
"""

import re

from millrace.model.events import ReasoningKind, ReasoningStep
from millrace.model.generation import StepFound
from millrace.stream.confidence import stated_confidence

_MAX_STEP = 2_000
_JOINT = re.compile(r"\n[ \t]*\n\s*")
_CUES: tuple[tuple[ReasoningKind, re.Pattern[str]], ...] = (
    (
        "synthesis",
        re.compile(
            r"\b(so the answer|in (?:summary|conclusion)|therefore|to sum up|final answer|putting)\b", re.IGNORECASE
        ),
    ),
    (
        "evaluation",
        re.compile(
            r"\b(wait|check|verify|but|however|actually|compare|is (?:this|that) (?:right|correct))\b", re.IGNORECASE
        ),
    ),
    (
        "decomposition",
        re.compile(
            r"\b(first|break (?:it|this) down|the (?:question|user|problem|task)|we need to|let me)\b", re.IGNORECASE
        ),
    ),
)


class StepCutter:
    """Give it the thinking in any pieces; it gives back steps, numbered from 1, as they become whole."""

    __slots__ = ("_buffer", "count")

    def __init__(self) -> None:
        self._buffer = ""
        self.count = 0

    def feed(self, text: str) -> list[ReasoningStep]:
        """The steps that `text` completes.

        A blank line ends a step once a character follows it, so that any cut of the text gives the same steps.
        """
        self._buffer += text
        steps: list[ReasoningStep] = []
        while (step := self._cut()) is not None:
            steps.append(step)
        return steps

    def finish(self) -> list[ReasoningStep]:
        """The step that was still open, if it says anything."""
        rest, self._buffer = self._buffer.strip(), ""
        return [self._step(rest)] if rest else []

    def _cut(self) -> ReasoningStep | None:
        self._buffer = self._buffer.lstrip()
        joint = _JOINT.search(self._buffer)
        if joint is not None and joint.end() < len(self._buffer) and joint.start() <= _MAX_STEP:
            content, self._buffer = self._buffer[: joint.start()], self._buffer[joint.end() :]
        elif len(self._buffer) > _MAX_STEP and len(self._buffer.rstrip()) > _MAX_STEP:
            content, self._buffer = self._buffer[:_MAX_STEP], self._buffer[_MAX_STEP:]
        else:
            return None
        return self._step(content.strip())

    def number(self, found: StepFound) -> ReasoningStep:
        """A step that came whole, with the next number."""
        self.count += 1
        return ReasoningStep(self.count, found.kind, found.content, found.confidence)

    def _step(self, content: str) -> ReasoningStep:
        kind: ReasoningKind = "exploration" if self.count else "decomposition"
        for name, cue in _CUES:
            if cue.search(content[:200]):
                kind = name
                break
        return self.number(StepFound(kind, content, stated_confidence(content)))
