"""A short call of a model beside the answer: bounded in time and length, and never a reason to fail."""

import asyncio
from collections.abc import Callable, Sequence

from msgspec import Struct

from millrace.model.errors import MillraceError
from millrace.model.events import Usage
from millrace.model.generation import Delta, Finished, GenerationRequest, PromptMessage, TextPiece, UsageReported
from millrace.ports import ModelDirectory

Spending = Callable[[str, Usage], None]
"""Is told the id of the model that was called and what the call used, as far as the provider said."""


class ShortReply(Struct, frozen=True):
    """What came back. `whole` is false where time ran out or the provider broke off: `text` is then its beginning."""

    text: str
    whole: bool


NO_REPLY = ShortReply("", whole=False)


class ShortCall:
    """Calls one model for a few words."""

    def __init__(self, models: ModelDirectory, model: str, *, spending: Spending | None = None) -> None:
        """Say whom to call.

        Args:
            models: Knows who serves the model.
            model: The id of a fast model. It is looked up at each call, so it may appear later.
            spending: Is told what calls use.
        """
        self._models = models
        self._model = model
        self._spending = spending

    async def reply(
        self, messages: Sequence[PromptMessage], *, seconds: float, max_tokens: int, user_id: str = ""
    ) -> ShortReply:
        """Ask, and wait no longer than `seconds`; the upstream connection is closed when this returns.

        No error of the model or its provider comes out of this: the reply is then what had arrived. Being cancelled
        does come out.
        """
        texts: list[str] = []
        usage: Usage | None = None
        whole = False

        def take(deltas: Sequence[Delta]) -> None:
            nonlocal usage, whole
            for delta in deltas:
                if isinstance(delta, TextPiece):
                    texts.append(delta.text)
                elif isinstance(delta, UsageReported):
                    usage = delta.usage
                elif isinstance(delta, Finished):
                    whole = delta.reason == "stop"

        try:
            found = self._models.resolve(self._model)
            request = GenerationRequest(
                model=found.info.name, messages=tuple(messages), max_tokens=max_tokens, user_id=user_id
            )
            async with asyncio.timeout(seconds):
                await found.provider.generate(request, take)
        except (MillraceError, TimeoutError):
            whole = False  # a suggestion is worth no error: there is none, or what arrived in time
        if usage is not None and self._spending is not None:
            self._spending(found.info.id, usage)
        return ShortReply("".join(texts), whole)
