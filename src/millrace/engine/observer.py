"""How the learner of one turn is observed: before the answer, for the prompt, and after it, for whoever watches."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from millrace.engine.options import EngineOptions
from millrace.engine.transcript import Transcript
from millrace.model.errors import MillraceError
from millrace.model.events import EmotionUpdated
from millrace.model.generation import PromptMessage
from millrace.model.learner import LearnerState
from millrace.model.messages import Turn
from millrace.ports import EmotionAnalyzer, Store

_logger = logging.getLogger("millrace.engine")

T = TypeVar("T")

_LONGEST_S = 1.0  # what an analyzer that takes its time has not said by then is not said
_MUCH_CHARS = 20_000  # of the learner's: about ten times a usual conversation, and some milliseconds


class Observer:
    """Asks the analyzer, where nobody switched it off, and writes into the turn's log what it says.

    An estimate is worth no answer: a fault of the analyzer is logged and the turn goes on without one.
    """

    def __init__(self, turn: Turn, analyzer: EmotionAnalyzer | None, store: Store, options: EngineOptions) -> None:
        self._turn = turn
        self._analyzer = analyzer if turn.command.estimate_emotion else None
        self._store = store
        self._options = options
        self._said: Sequence[PromptMessage] | None = None
        self._beside = False
        self._observing: asyncio.Task[None] | None = None
        self._learner: LearnerState | None = None

    async def wanted(self) -> bool:
        """Whether the learner is to be observed: by the server, whoever asks, and the connection that it came over.

        Where it cannot be known what the user wants, it is not wanted.
        """
        if self._analyzer is None:
            return False
        try:
            return (await self._store.preferences(self._turn.user_id)).emotion_enabled
        except MillraceError as error:
            _logger.error("turn %s is not observed: %s", self._turn.id, error.detail or error.message)
            return False

    async def begin(self, transcript: Transcript, said: Sequence[PromptMessage]) -> None:
        """Observe the question; where that takes time, it goes on beside the turn.

        Args:
            transcript: Where the estimate is written, if none stands there yet.
            said: What of the conversation before the question may be looked at. Of a long one its end counts.
        """
        if self._analyzer is None:
            return
        said = said[max(0, len(said) - self._options.history_messages) :]
        self._said = said
        self._beside = self._analyzer.takes_time or _is_much(said)
        observing = self._observe(self._analyzer, transcript, said)
        if self._beside:
            self._observing = asyncio.create_task(observing)
        else:
            await observing

    async def learner(self) -> LearnerState | None:
        """How the learner is doing, if that is to change the answer and is known in time."""
        if not self._options.guidance_enabled:
            return None
        if self._observing is not None:
            await asyncio.wait((self._observing,), timeout=self._options.guidance_budget_s)
        return self._learner

    async def answer(self, transcript: Transcript) -> None:
        """Write the emotion in the answer, where the question was observed."""
        if self._analyzer is None or self._said is None:
            return
        if self._observing is not None:
            await asyncio.wait((self._observing,))  # no longer than `_LONGEST_S`
        conversation = (*self._said, PromptMessage("user", self._turn.command.message))
        emotion = await self._estimate(self._analyzer.observe_answer, conversation, transcript.text)
        if emotion is not None:
            transcript.answer_emotion = emotion
            transcript.write(EmotionUpdated("answer", emotion))

    async def close(self) -> None:
        """Observe no more."""
        if self._observing is not None:
            self._observing.cancel()
            await asyncio.gather(self._observing, return_exceptions=True)

    async def _observe(self, analyzer: EmotionAnalyzer, transcript: Transcript, said: Sequence[PromptMessage]) -> None:
        self._learner = await self._estimate(analyzer.observe, said, self._turn.command.message)
        if self._learner is not None and transcript.emotion is None:
            transcript.emotion = self._learner.emotion
            transcript.write(EmotionUpdated("user", self._learner.emotion))

    async def _estimate(
        self, verb: Callable[[Sequence[PromptMessage], str], T], conversation: Sequence[PromptMessage], text: str
    ) -> T | None:
        """What the analyzer says; in a thread, and for so long, where it takes time."""
        try:
            if not self._beside:
                return verb(conversation, text)
            return await asyncio.wait_for(asyncio.to_thread(verb, conversation, text), _LONGEST_S)
        except TimeoutError:
            _logger.warning("turn %s: the estimate of emotion took longer than %g s", self._turn.id, _LONGEST_S)
        except Exception:
            # Whatever an analyzer fails with, the answer is worth more.
            _logger.exception("turn %s: the estimate of emotion failed", self._turn.id)
        return None


def _is_much(said: Sequence[PromptMessage]) -> bool:
    """Whether reading a conversation for the first time would hold up the event loop."""
    return sum(len(message.content) for message in said if message.role == "user") > _MUCH_CHARS
