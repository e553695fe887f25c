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
    Switched,
    TextPiece,
    UsageReported,
)
from millrace.ports import ModelDirectory, UseSink
from millrace.routing.router import Router


class ShortReply(Struct, frozen=True):
    """What came back. `whole` is false where time ran out or the provider broke off: `text` is then its beginning."""

    text: str
    whole: bool


NO_REPLY = ShortReply("", whole=False)


class ShortCall:
    """Calls one model for a few words."""

    def __init__(self, models: ModelDirectory, model: str, router: Router) -> None:
        """Say whom to call.

        Args:
            models: Knows who serves the model.
            model: A fast model or chain. It is looked up at each call, so it may appear later.
            router: Asks it, and who takes over where it fails.
        """
        self._models = models
        self._model = model
        self._router = router

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
        heard = _Heard(request, found.info.id)
        try:
            async with asyncio.timeout(seconds):
                await self._router.generate(found, request, heard.take, said=lambda: heard.text)
        except MillraceError:
            heard.broke_off()  # a suggestion is worth no error: there is none, or what arrived in time
        except TimeoutError:
            heard.whole = False
        finally:
            if used is not None:
                for use in heard.uses():
                    used(use)
        return ShortReply(heard.text, heard.whole)


class _Heard:
    """What was said so far, and by whom."""

    def __init__(self, request: GenerationRequest, model: str) -> None:
        self._request = request
        self._model = model
        self._before: list[ModelUse] = []
        self._told = 0  # texts and thoughts of models before
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._reported: Usage | None = None
        self._refused = False
        self._cost: float | None = None
        self.whole = False

    def take(self, deltas: Sequence[Delta]) -> None:
        for delta in deltas:
            if isinstance(delta, TextPiece):
                self._texts.append(delta.text)
            elif isinstance(delta, ReasoningPiece):
                self._thoughts.append(delta.text)
            elif isinstance(delta, UsageReported):
                self._reported, self._cost = delta.usage, delta.cost
            elif isinstance(delta, Switched):
                self._next(delta.to_model)
            elif isinstance(delta, Finished):
                self.whole = delta.reason == "stop"

    def broke_off(self) -> None:
        self.whole = False
        self._refused = len(self._texts) + len(self._thoughts) == self._told

    @property
    def text(self) -> str:
        return "".join(self._texts)

    def uses(self) -> list[ModelUse]:
        """What each model used; one that refused is not among them."""
        usage = self._usage()
        return self._before if usage is None else [*self._before, ModelUse(self._model, usage, self._cost)]

    def _next(self, model: str) -> None:
        """Another model goes on."""
        self.broke_off()
        self._before = self.uses()
        self._model, self._reported, self._cost, self._refused = model, None, None, False
        self._told = len(self._texts) + len(self._thoughts)

    def _usage(self) -> Usage | None:
        """What the model used; none where it refused."""
        if self._reported is not None or self._refused:
            return self._reported
        return Usage(
            input_tokens=sum(estimate_tokens(message.content) for message in self._request.messages),
            output_tokens=estimate_tokens(self.text) + estimate_tokens("".join(self._thoughts)),
            estimated=True,
        )
