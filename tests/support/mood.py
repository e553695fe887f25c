"""An analyzer that always sees joy, and wants a hint given."""

from collections.abc import Sequence

from millrace.model.events import EmotionState
from millrace.model.generation import PromptMessage
from millrace.model.learner import LearnerState

JOY = EmotionState("joy", 0.9, "optimal", "optimal")


class Mood:
    """Implements `EmotionAnalyzer`, and remembers what it was shown."""

    takes_time = False

    def __init__(self) -> None:
        self.seen: list[tuple[list[str], str]] = []

    def observe(self, history: Sequence[PromptMessage], text: str) -> LearnerState:
        self.seen.append(([message.content for message in history], text))
        return LearnerState(JOY, 0.7, "Give a hint.")

    def observe_answer(self, history: Sequence[PromptMessage], text: str) -> EmotionState:
        self.seen.append(([message.content for message in history], text))
        return JOY
