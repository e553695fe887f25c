"""What is asked beside an answer: follow-up questions while its last part is written, a title after the first one."""

import asyncio
import logging
from collections.abc import Sequence

from millrace.model.events import Passage
from millrace.model.generation import PromptMessage
from millrace.model.messages import Turn
from millrace.ports import Clock, QuestionSuggester, SessionTitler, Store, UseSink

_logger = logging.getLogger("millrace.engine")

# An answer of this many characters says enough to ask further.
ENOUGH_CHARS = 400
_TITLE_S = 5.0
_LONGEST_S = 20.0  # the end of the answer comes before, or cuts it off


class Afterwords:
    """The follow-ups of one turn.

    `budget_s` is how long an answer's end may wait for them, in seconds; `used` is told what asking for them used.
    """

    def __init__(
        self, turn: Turn, suggester: QuestionSuggester | None, *, budget_s: float, used: UseSink | None = None
    ) -> None:
        self._turn = turn
        self._suggester = suggester
        self._used = used
        self._budget_s = budget_s
        self._asking: asyncio.Task[tuple[str, ...]] | None = None

    @property
    def begun(self) -> bool:
        """Whether there is nothing to begin any more."""
        return self._suggester is None or self._asking is not None

    def begin(self, said: Sequence[PromptMessage], text: str, passages: Sequence[Passage]) -> None:
        """Ask on, once, from what the answer says so far."""
        if self._suggester is None or self._asking is not None:
            return
        question = PromptMessage("user", self._turn.command.message)
        conversation = (*said, question, PromptMessage("assistant", text))
        asking = self._suggester.suggest(
            conversation, passages=passages, seconds=_LONGEST_S, user_id=self._turn.user_id, used=self._used
        )
        self._asking = asyncio.create_task(asking)

    async def questions(self) -> tuple[str, ...]:
        """The questions, if they come within the budget; then or not at all.

        A fault in asking is logged, and is no fault of the answer.
        """
        if self._asking is None:
            return ()
        await asyncio.wait((self._asking,), timeout=self._budget_s)
        if not self._asking.done():
            return ()
        if (error := self._asking.exception()) is not None:
            _logger.error("turn %s got no suggestions", self._turn.id, exc_info=error)
            return ()
        return self._asking.result()

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)


async def give_title(
    titler: SessionTitler, store: Store, clock: Clock, turn: Turn, answer: str, *, used: UseSink | None = None
) -> None:
    """Give a session a title after its first answer, unless somebody gave it one meanwhile."""
    before = await store.session(turn.session_id)
    title = await titler.title(turn.command.message, answer, seconds=_TITLE_S, user_id=turn.user_id, used=used)
    now = await store.session(turn.session_id)
    if title and before is not None and now is not None and now.title == before.title:
        await store.rename_session(turn.session_id, title, clock.now_ms())
