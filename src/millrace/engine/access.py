"""Ownership, checked in one place: what is another user's does not exist."""

import uuid

from millrace.model.errors import NoActiveStream, NotFound
from millrace.model.messages import Message, Session, Version
from millrace.model.principal import Principal
from millrace.model.turns import TurnRecord
from millrace.ports import Store, TurnRegistry

_NO_TURN = "This answer is no longer in progress. Load the conversation to see it."
_NO_SESSION = "This conversation does not exist or is not yours."
_NO_SHARE = "This link leads nowhere. It was revoked, or the conversation was deleted."
_NO_MESSAGE = "This message does not exist or is not yours."
_NAMES = uuid.UUID("5b6d6f0a-5f0e-5c0f-9a4c-2f6f0f3c7d11")


class Access:
    """Gives callers what is theirs; everything else is `NotFound`, whether it exists or not."""

    def __init__(self, store: Store, registry: TurnRegistry) -> None:
        self._store = store
        self._registry = registry

    async def session(self, session_id: str, caller: Principal) -> Session:
        """The caller's session.

        Raises:
            NotFound: It does not exist or is another user's.
        """
        session = await self._store.session(session_id)
        if session is None or session.user_id != caller.user_id:
            raise NotFound(_NO_SESSION)
        return session

    async def shared(self, digest: str) -> Session:
        """The session that its user lets everybody read who has the link whose secret has this digest.

        Raises:
            NotFound: There is no such link.
        """
        share = await self._store.share(digest)
        session = await self._store.session(share.session_id) if share is not None else None
        if session is None:
            raise NotFound(_NO_SHARE)
        return session

    async def named(self, name: str, caller: Principal) -> tuple[str, Session | None]:
        """The session that a client calls `name`: its id, and itself where it has begun.

        A name that is the id of a session means that one. Every other name is the user's own: it leads to an id that
        is made of user and name, so that nobody can take, or ask about, the name that somebody else uses.

        Raises:
            InvalidRequest: It is no text that can be stored.
            NotFound: It is the id of another user's session.
        """
        session = await self._store.session(name)
        if session is None:
            name = str(uuid.uuid5(uuid.uuid5(_NAMES, caller.user_id), name))
            session = await self._store.session(name)
        if session is not None and session.user_id != caller.user_id:
            raise NotFound(_NO_SESSION)
        return name, session

    async def message(self, message_id: str, caller: Principal) -> Message:
        """A message in one of the caller's sessions.

        Raises:
            NotFound: It does not exist or is in another user's session.
        """
        message = await self._own(await self._store.message(message_id), caller)
        if message is None:
            raise NotFound(_NO_MESSAGE)
        return message

    async def answer(self, turn_id: str, caller: Principal) -> tuple[Message, Version]:
        """The stored answer of one of the caller's turns, and the version that the turn wrote.

        Raises:
            NotFound: There is none (yet), or it is in another user's session.
        """
        message = await self._own(await self._store.answer(turn_id), caller)
        versions = await self._store.versions(message.id) if message is not None else ()
        written = next((version for version in versions if version.turn_id == turn_id), None)
        if message is None or written is None:
            raise NotFound(_NO_MESSAGE)
        return message, written

    async def requested(self, request_id: str, caller: Principal) -> TurnRecord:
        """The turn that a request of the caller's started.

        Raises:
            NoActiveStream: There is none, or it was long ago.
        """
        record = await self._registry.requested(caller.user_id, request_id)
        if record is None:
            raise NoActiveStream(_NO_TURN)
        return record

    async def turn(self, turn_id: str, caller: Principal) -> TurnRecord:
        """One of the caller's turns.

        Raises:
            NoActiveStream: It is unknown, or another user's; with what it wrote, where that is the caller's.
        """
        record = await self._registry.find(turn_id)
        if record is None or record.turn.user_id != caller.user_id:
            raise NoActiveStream(_NO_TURN, answer=await self._own(await self._store.answer(turn_id), caller))
        return record

    async def _own(self, message: Message | None, caller: Principal) -> Message | None:
        """The message, if it is in one of the caller's sessions."""
        session = await self._store.session(message.session_id) if message is not None else None
        return message if session is not None and session.user_id == caller.user_id else None
