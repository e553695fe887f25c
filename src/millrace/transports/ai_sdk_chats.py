"""What clients of the AI SDK ask, over HTTP and over a WebSocket alike: an answer, or the same one again."""

from contextlib import suppress

from msgspec import structs

from millrace.dialects.ai_sdk import Ask
from millrace.engine.engine import Engine
from millrace.model.commands import CancelTurn
from millrace.model.errors import NoActiveStream, NotFound
from millrace.model.messages import Turn
from millrace.model.principal import Principal
from millrace.ports import Store
from millrace.transports.conversations import MOST_MESSAGES, Conversations


class Chats:
    """Starts the turns that they ask for, in the `conversations` that they name."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self.conversations = Conversations(engine, store)
        self._engine = engine
        self._store = store

    async def start(self, ask: Ask, caller: Principal) -> Turn:
        """Begin the turn that a client asks for; the same question again gives the turn that it started.

        An answer that is still being written and is to be written again is stopped first. A question that never arrived
        is asked, whatever the client thinks it does.

        Raises:
            NotFound: The conversation or the answer is not the caller's.
            MillraceError: Whatever `engine.start` refuses a question with.
        """
        command = ask.command
        if not ask.again:
            return await self._engine.start(command, caller)
        if command.request_id is not None:
            with suppress(NoActiveStream):
                return (await self._engine.requested(command.request_id, caller)).turn
        session_id, session = await self._engine.access.named(command.session_name or "", caller)
        if session is None and ask.answer_id is not None:
            raise NotFound("The answer that is to be written again does not exist or is not yours.")
        answer_id = ask.answer_id
        if session is not None:
            answer_id = answer_id or await self._answer_to(ask, session_id, caller)
        if answer_id is None:
            return await self._engine.start(structs.replace(command, request_id=ask.question_key), caller)
        await self._stop_writing(answer_id, session_id, caller)
        again = structs.replace(command, session_name=None, session_id=session_id, regenerate=answer_id)
        return await self._engine.start(again, caller)

    async def _answer_to(self, ask: Ask, session_id: str, caller: Principal) -> str | None:
        """The answer of a question: by the client's id of it, by ours, or the latest one that reads the same."""
        if ask.question_key is not None:
            with suppress(NoActiveStream):
                return (await self._engine.requested(ask.question_key, caller)).turn.message_id
        for record in reversed(await self._engine.active(session_id, caller)):
            if record.turn.user_message_id == ask.question_id or record.turn.command.message == ask.command.message:
                return record.turn.message_id
        alike: str | None = None
        messages = await self._store.messages(session_id, limit=MOST_MESSAGES)
        for question, answer in zip(reversed(messages[:-1]), reversed(messages[1:]), strict=True):
            if question.role == "user" and question.id == ask.question_id:
                return answer.id
            if question.role == "user" and alike is None and question.version.content == ask.command.message:
                alike = answer.id
        return alike

    async def _stop_writing(self, answer_id: str, session_id: str, caller: Principal) -> None:
        """See to it that an answer is stored: it can be written again only then."""
        for record in await self._engine.active(session_id, caller):
            if record.turn.message_id == answer_id:
                with suppress(NoActiveStream):
                    await self._engine.cancel(CancelTurn(turn_id=record.turn.id), caller)
                    await self._engine.entries(record.turn.id, caller)
