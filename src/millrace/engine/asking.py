"""What is asked of the model for a turn: the conversation, what retrieval found, how the learner fares."""

import asyncio
from collections.abc import Sequence

from millrace.engine.observer import Observer
from millrace.engine.options import EngineOptions
from millrace.engine.prompt import aimed_difficulty, build_prompt, conversation, estimate_tokens, observed
from millrace.engine.transcript import Transcript
from millrace.model.commands import Lookup
from millrace.model.errors import InvalidRequest, StoreUnavailable
from millrace.model.events import Passage, PassagesRetrieved
from millrace.model.generation import GenerationRequest, PromptMessage
from millrace.model.messages import Message, Turn
from millrace.ports import Retriever, Store

_PATIENCE_S, _AGAIN_S = 15.0, 0.5


class Asking:
    """Puts the request of one turn together; what it finds on the way is written into the turn's log."""

    def __init__(
        self, turn: Turn, *, store: Store, retriever: Retriever | None, observer: Observer, options: EngineOptions
    ) -> None:
        self._turn = turn
        self._store = store
        self._retriever = retriever
        self._observer = observer
        self._options = options
        self.said: tuple[PromptMessage, ...] = ()
        """What was said before the question, known once `request` was called."""

    @property
    def max_tokens(self) -> int:
        """The longest answer that is asked for: what the caller wishes, within what the server allows."""
        return min(self._turn.command.max_tokens or self._options.max_tokens, self._options.max_tokens)

    async def request(self, transcript: Transcript, api_key: str | None) -> GenerationRequest:
        """The request, for whatever model it goes to.

        Raises:
            InvalidRequest: The answer that is to be written again is too far back.
            MillraceError: The store does not answer.
        """
        command = self._turn.command
        history = await self._history()
        self.said = conversation(self._turn, history)
        if await self._observer.wanted():
            await self._observer.begin(transcript, observed(self._turn, history))
        passages = await self._retrieve(transcript)
        learner = await self._observer.learner()
        self._gather(transcript, passages, aimed_difficulty(command.context, learner))
        prompt = build_prompt(
            self._turn,
            self.said,
            system_prompt=self._options.system_prompt,
            passages=transcript.passages,
            learner=learner,
        )
        transcript.spending.asked(sum(estimate_tokens(message.content) for message in prompt))
        return GenerationRequest(
            model="",
            messages=prompt,
            max_tokens=self.max_tokens,
            temperature=command.temperature,
            reasoning=self._turn.thinking.mode == "system2",
            steps=tuple(transcript.steps),
            api_key=api_key,
            document_ids=command.context.document_ids,
            user_id=self._turn.user_id,
            passages=tuple(transcript.passages) if command.context.enable_rag else None,
        )

    async def _history(self) -> Sequence[Message]:
        """The session's messages, where the caller does not tell the conversation itself."""
        command = self._turn.command
        if command.history is not None:
            return ()
        history = await self._messages()
        if command.regenerate is not None and all(message.id != self._turn.message_id for message in history):
            raise InvalidRequest("That answer is too far back in the conversation to be written again.")
        return history

    async def _messages(self) -> Sequence[Message]:
        """The newest messages. The question is taken already, so a database that is restarting is waited for."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _PATIENCE_S
        while True:
            try:
                return await self._store.messages(self._turn.session_id, limit=self._options.history_messages)
            except StoreUnavailable as error:
                if not error.recoverable or loop.time() >= end:
                    raise
                await asyncio.sleep(_AGAIN_S)

    async def _retrieve(self, transcript: Transcript) -> Sequence[Passage]:
        command = self._turn.command
        if transcript.gathered or not command.context.enable_rag or self._retriever is None:
            return transcript.passages
        lookup = command.context.lookup or Lookup()
        return await self._retriever.retrieve(
            lookup.query or command.message,
            user_id=self._turn.user_id,
            document_ids=command.context.document_ids,
            limit=lookup.limit,
            own=lookup.own,
        )

    def _gather(self, transcript: Transcript, passages: Sequence[Passage], difficulty: float | None) -> None:
        """Say once what the answer is built on: passages, where they are asked for, how hard it aims to be, history."""
        asked = self._turn.command.context.enable_rag
        if not transcript.gathered and (passages or difficulty is not None or self.said or asked):
            transcript.write(PassagesRetrieved(tuple(passages), difficulty, len(self.said)))
            transcript.passages, transcript.difficulty = passages, difficulty
