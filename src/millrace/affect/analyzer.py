"""Follows a learner through a conversation: the `EmotionAnalyzer` of the server."""

from collections.abc import Sequence
from hashlib import blake2b
from string import Template
from threading import Lock

from millrace.affect import state
from millrace.affect.cues import feedback_of
from millrace.affect.emotions import EmotionClassifier
from millrace.affect.guidance import instruction
from millrace.affect.observation import Observation, observe
from millrace.affect.state import Course
from millrace.model.events import EmotionState
from millrace.model.generation import PromptMessage
from millrace.model.learner import LearnerState
from millrace.text.features import SCANNED_CHARS
from millrace.text.words import Stemmer

_REMEMBERED = 2_048


class LearnerAnalyzer:
    """Estimates the learner's state after each message. Keeps digests of texts, and no text; threads may share it."""

    def __init__(
        self, classifier: EmotionClassifier, *, template: Template | None = None, takes_time: bool = False
    ) -> None:
        """Put it together.

        Args:
            classifier: Estimates the emotions of one text.
            template: What `LearnerState.instruction` is made of (`guidance.checked_template`); none: it stays empty.
            takes_time: Whether the classifier does; see `EmotionAnalyzer`.
        """
        self.takes_time = takes_time
        self._classifier = classifier
        self._template = template
        self._stemmer = Stemmer()
        self._seen: dict[bytes, Observation] = {}
        self._lock = Lock()

    def observe(self, history: Sequence[PromptMessage], text: str) -> LearnerState:
        """The learner's state after a message, in well under a millisecond where the history was seen before.

        Args:
            history: The conversation before it, oldest first. System messages do not count.
            text: The learner's message.
        """
        course = state.asked(self._course(history), self._look(text))
        emotion = state.emotion_of(course)
        aim = round(course.skill.difficulty, 3) if course.skill.evidence else None
        told = "" if self._template is None else instruction(emotion, aim, self._template)
        return LearnerState(emotion, aim, told)

    def observe_answer(self, history: Sequence[PromptMessage], text: str) -> EmotionState:
        """The emotion in an answer, beside the learner's readiness and load after it.

        Args:
            history: The conversation before the answer, the learner's message last.
            text: The answer, or the part of it that there is.
        """
        course = state.answered(self._course(history), feedback_of(text))
        return state.emotion_of(course, shown=self._look(text))

    def _course(self, history: Sequence[PromptMessage]) -> Course:
        course = Course()
        for message in history:
            if message.role == "user":
                course = state.asked(course, self._look(message.content))
            elif message.role == "assistant":
                course = state.answered(course, feedback_of(message.content))
        return course

    def _look(self, text: str) -> Observation:
        """What a text shows; worked out once for each of the latest texts."""
        text = text[:SCANNED_CHARS]
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        known = self._seen.get(digest)
        if known is None:
            known = observe(text, self._classifier.estimate(text), self._stemmer)
            with self._lock:
                while len(self._seen) >= _REMEMBERED:
                    del self._seen[next(iter(self._seen))]
                self._seen[digest] = known
        return known
