"""A short call of a model beside the answer: bounded in time and length, and never a reason to fail."""

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from millrace.engine.prompt import estimate_tokens
from millrace.model.errors import MillraceError
from millrace.model.events import Usage
from millrace.model.generation import (
    Delta,
    Finished,
    GenerationRequest,
    ModelUse,
    PromptMessage,
    ReasoningPiece,
    TextPiece,
    UsageReported,
)
from millrace.ports import ModelDirectory, UseSink


class ShortReply(Struct, frozen=True):
    """What came back. `whole` is false where time ran out or the provider broke off: `text` is then its beginning."""

    text: str
    whole: bool


NO_REPLY = ShortReply("", whole=False)


class ShortCall:
    """Calls one model for a few words."""

    def __init__(self, models: ModelDirectory, model: str) -> None:
        """Say whom to call.

        Args:
            models: Knows who serves the model.
            model: The id of a fast model. It is looked up at each call, so it may appear later.
        """
        self._models = models
        self._model = model

    async def reply(
        self,
        messages: Sequence[PromptMessage],
        *,
        seconds: float,
        max_tokens: int,
        user_id: str = "",
        used: UseSink | None = None,
    ) -> ShortReply:
        """Ask, and wait no longer than `seconds`; the upstream connection is closed when this returns.

        No error of the model or its provider comes out of this: the reply is then what had arrived. Being cancelled
        does come out. `used` is told what the call used however it ends: as the provider says, else by estimate; of a
        call that was refused, nothing.
        """
        try:
            found = self._models.resolve(self._model)
        except MillraceError:
            return NO_REPLY  # it may appear later
        request = GenerationRequest(
            model=found.info.name, messages=tuple(messages), max_tokens=max_tokens, user_id=user_id
        )
        heard = _Heard(request)
        try:
            async with asyncio.timeout(seconds):
                await found.provider.generate(request, heard.take)
        except MillraceError:
            heard.broke_off()  # a suggestion is worth no error: there is none, or what arrived in time
        except TimeoutError:
            heard.whole = False
        finally:
            usage = heard.usage()
            if usage is not None and used is not None:
                used(ModelUse(found.info.id, usage, heard.cost))
        return ShortReply(heard.text, heard.whole)


class _Heard:
    """What the provider said so far."""

    def __init__(self, request: GenerationRequest) -> None:
        self._request = request
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._reported: Usage | None = None
        self._refused = False
        self.cost: float | None = None
        self.whole = False

    def take(self, deltas: Sequence[Delta]) -> None:
        for delta in deltas:
            if isinstance(delta, TextPiece):
                self._texts.append(delta.text)
            elif isinstance(delta, ReasoningPiece):
                self._thoughts.append(delta.text)
            elif isinstance(delta, UsageReported):
                self._reported, self.cost = delta.usage, delta.cost
            elif isinstance(delta, Finished):
                self.whole = delta.reason == "stop"

    def broke_off(self) -> None:
        self.whole = False
        self._refused = not self._texts and not self._thoughts

    @property
    def text(self) -> str:
        return "".join(self._texts)

    def usage(self) -> Usage | None:
        """What was used; none where the provider refused."""
        if self._reported is not None or self._refused:
            return self._reported
        return Usage(
            input_tokens=sum(estimate_tokens(message.content) for message in self._request.messages),
            output_tokens=estimate_tokens(self.text) + estimate_tokens("".join(self._thoughts)),
            estimated=True,
        )
