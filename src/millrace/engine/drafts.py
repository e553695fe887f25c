"""Turns as they are to be admitted: what was asked for is checked, completed and freed of secrets."""

import re
import uuid

import msgspec
from msgspec import Struct

from millrace.engine.access import Access
from millrace.engine.options import EngineOptions
from millrace.engine.prompt import estimate_tokens
from millrace.engine.thinking import decided
from millrace.model.commands import StartTurn
from millrace.model.errors import Forbidden, InvalidRequest, MessageTooLong
from millrace.model.messages import Turn
from millrace.model.principal import Principal
from millrace.ports import Clock, ModelDirectory, Store, ThinkingChooser

_KEY = re.compile(r"[\x21-\x7e]{1,1000}")
"""What fits into a header of HTTP, which is where it goes."""
_USUAL_ANSWER = 1024
"""Tokens that are reserved for an answer; what it took is settled at its end."""


class Draft(Struct, frozen=True):
    """A turn that may be admitted.

    `new_session` says that its session is still to be made. `api_key` is the caller's own key for this turn: it is no
    part of the turn, which is written down. `tokens` is what it will take, about.
    """

    turn: Turn
    new_session: bool
    api_key: str | None = None
    tokens: int = 0


class Drafts:
    """Makes drafts out of commands, for verified callers."""

    def __init__(
        self,
        *,
        access: Access,
        store: Store,
        models: ModelDirectory,
        clock: Clock,
        options: EngineOptions,
        thinking: ThinkingChooser | None = None,
    ) -> None:
        self._access = access
        self._store = store
        self._models = models
        self._clock = clock
        self._options = options
        self._thinking = thinking

    async def draft(self, command: StartTurn, caller: Principal) -> Draft:
        """The turn that a command asks for.

        Raises:
            InvalidRequest: The message is empty or too long, or the model is not known.
            Forbidden: It brings a key of the caller's own, and the server takes none.
            NotFound: The session or message is not the caller's.
        """
        info = self._models.resolve(command.model).info
        api_key, command = self._without_keys(command, info.provider)
        message_id, user_message_id = str(uuid.uuid4()), str(uuid.uuid4())
        session_id, session = command.session_id, None
        if command.regenerate is not None:
            session_id, user_message_id, question = await self._question(command, command.regenerate, caller)
            message_id = command.regenerate
            command = msgspec.structs.replace(command, message=question, session_id=session_id)
        self._check_message(command.message)
        if session_id is not None:
            session = await self._access.session(session_id, caller)
        elif command.session_name is not None:
            session_id, session = await self._access.named(command.session_name, caller)
        turn = Turn(
            id=str(uuid.uuid4()),
            session_id=session_id or str(uuid.uuid4()),
            user_id=caller.user_id,
            user_message_id=user_message_id,
            message_id=message_id,
            command=command,
            model=info.id,
            created_at=self._clock.now_ms(),
            thinking=decided(command, info.capabilities, self._thinking, steps=self._options.steps_enabled),
        )
        return Draft(turn, session is None and not command.ephemeral, api_key, self._about(command))

    def _about(self, command: StartTurn) -> int:
        """How many tokens a turn will take: what is told, and as much as most answers have."""
        told = sum(estimate_tokens(message.content) for message in command.history or ())
        answer = min(command.max_tokens or self._options.max_tokens, self._options.max_tokens, _USUAL_ANSWER)
        return estimate_tokens(command.message) + told + answer

    def _without_keys(self, command: StartTurn, provider: str) -> tuple[str | None, StartTurn]:
        """The caller's own key for `provider`, and the command without any: it is written into the log."""
        if command.api_key is None and not command.api_keys:
            return None, command
        if not self._options.caller_api_keys:
            raise Forbidden("This server does not take callers' own provider keys.")
        key = (command.api_keys or {}).get(provider, command.api_key)
        if key is not None and not _KEY.fullmatch(key):
            raise InvalidRequest("The provider key is none: keys are up to 1,000 printable characters without spaces.")
        return key, msgspec.structs.replace(command, api_key=None, api_keys=None, own_key=key is not None)

    def _check_message(self, message: str) -> None:
        if not message.strip():
            raise InvalidRequest("The message is empty. Write something and send it again.")
        if len(message) > self._options.message_chars:
            raise MessageTooLong(
                f"The message has {len(message):,} characters; {self._options.message_chars:,} are allowed. Shorten it."
            )

    async def _question(self, command: StartTurn, message_id: str, caller: Principal) -> tuple[str, str, str]:
        """Session, id and text of the user's message that an answer belongs to."""
        answer = await self._access.message(message_id, caller)
        if command.session_id not in {None, answer.session_id}:
            raise InvalidRequest("That answer is in another conversation: session_id and message_id do not match.")
        if answer.role != "assistant":
            raise InvalidRequest("Only an answer can be written again; message_id names a question.")
        earlier = await self._store.messages(answer.session_id, limit=1, before=message_id)
        if not earlier or earlier[0].role != "user":
            raise InvalidRequest("The question of this answer is gone, so it cannot be written again.")
        return answer.session_id, earlier[0].id, earlier[0].version.content
