"""Conversations by the names that clients give them: what was said, what is being answered, and how it is stopped."""

from collections.abc import Sequence
from contextlib import suppress

from msgspec import Struct

from millrace.engine.engine import Engine
from millrace.model.commands import CancelTurn
from millrace.model.errors import NoActiveStream
from millrace.model.messages import Message, Turn
from millrace.model.principal import Principal
from millrace.ports import Store

MOST_MESSAGES = 200
"""How many of a conversation's messages are read, from the newest on."""


class Conversation(Struct, frozen=True):
    """The newest messages, oldest first, and the turn that is being answered: its question is not among them."""

    messages: Sequence[Message] = ()
    running: Turn | None = None


class Conversations:
    """What is theirs, for verified callers. A conversation that has not begun is empty and idle."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._store = store

    async def read(self, name: str, caller: Principal) -> Conversation:
        """What was said and what is being answered.

        Raises:
            NotFound: The conversation is another user's.
        """
        session_id, session = await self._engine.access.named(name, caller)
        if session is None:
            return Conversation()
        # In this order: a turn that ends in between is then in both, and never in neither.
        active = await self._engine.active(session_id, caller)
        messages = await self._store.messages(session_id, limit=MOST_MESSAGES)
        ended = {message.version.turn_id for message in messages}
        running = [record.turn for record in active if record.turn.id not in ended]
        return Conversation(messages, running[0] if running else None)

    async def running(self, name: str, caller: Principal) -> Turn | None:
        """The turn that is being answered.

        Raises:
            NotFound: The conversation is another user's.
        """
        session_id, session = await self._engine.access.named(name, caller)
        if session is None:
            return None
        active = await self._engine.active(session_id, caller)
        return active[0].turn if active else None

    async def stop(self, name: str, caller: Principal, turn_id: str | None = None) -> None:
        """Stop what is being answered, if anything is; with `turn_id` that turn and no other.

        Raises:
            NotFound: The conversation is another user's.
        """
        turn = await self.running(name, caller)
        if turn is not None and turn_id in {None, turn.id}:
            with suppress(NoActiveStream):  # it has just ended
                await self._engine.cancel(CancelTurn(turn_id=turn.id), caller)
