"""Makes a model think that does not think by itself: it is asked for steps, then for the answer with those steps."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from millrace.engine.prompt import estimate_tokens
from millrace.model.events import Usage
from millrace.model.generation import (
    Delta,
    EarlierCall,
    GenerationRequest,
    ModelInfo,
    ReasoningPiece,
    StepFound,
    TextPiece,
    TokensScored,
    UsageReported,
)
from millrace.ports import DeltaSink, Provider
from millrace.thinking.lines import StepLines
from millrace.thinking.prompts import asking_for_steps, with_steps


class Thinkers(Protocol):
    """Which models turned out to think by themselves."""

    def __contains__(self, model: object) -> bool: ...

    def add(self, model: str) -> None:
        """Remember one."""


_CHARS_PER_TOKEN = 16
"""A provider that ignores `max_tokens` is cut here: no tokenizer averages more characters to a token."""


class _ThinksByItself(Exception):
    """The model showed thinking of its own: it needs no steps from us."""


class _ThoughtEnough(Exception):
    """The steps are as long as they may be: their call is to be closed."""


class StepwiseProvider:
    """A `Provider` around another one, for models that are not known to think.

    Where reasoning is asked for, the model is asked twice. A model that shows thinking of its own is remembered as
    one that does, and asked for its answer alone.

    Args:
        provider: Whom to ask.
        max_tokens: The longest that the steps may be, in tokens.
        thinkers: The models that turned out to think.
    """

    def __init__(self, provider: Provider, max_tokens: int, thinkers: Thinkers) -> None:
        self.name = provider.name
        self._provider = provider
        self._max_tokens = max_tokens
        self._thinkers = thinkers

    async def generate(self, request: GenerationRequest, sink: DeltaSink) -> None:
        """Ask for steps where reasoning is asked for, then for the answer; what comes is given at once.

        The steps are given as `StepFound`, and what their call took as `EarlierCall`.

        Raises:
            MillraceError: As the provider's, in either call.
        """
        if not request.reasoning or f"{self.name}/{request.model}" in self._thinkers:
            await self._provider.generate(request, sink)
            return
        steps = request.steps
        if not (_are_whole(steps) or _is_continued(request)):
            try:
                steps = await self._think(request, sink)
            except _ThinksByItself:
                self._thinkers.add(f"{self.name}/{request.model}")
                await self._provider.generate(request, sink)
                return
        messages = with_steps(request.messages, steps)
        await self._provider.generate(msgspec.structs.replace(request, messages=messages, reasoning=False), sink)

    async def models(self) -> Sequence[ModelInfo]:
        """As the provider's."""
        return await self._provider.models()

    async def close(self) -> None:
        """As the provider's."""
        await self._provider.close()

    async def _think(self, request: GenerationRequest, sink: DeltaSink) -> tuple[StepFound, ...]:
        """Ask for steps; returns those that came.

        Raises:
            _ThinksByItself: The model does.
        """
        asked = msgspec.structs.replace(
            request,
            messages=asking_for_steps(request.messages),
            max_tokens=self._max_tokens,
            reasoning=False,
            logprobs=True,
        )
        thought = _Thought()

        def take(deltas: Sequence[Delta]) -> None:
            sink(thought.take(deltas))  # empty as well: it shows that somebody is there
            if thought.chars > self._max_tokens * _CHARS_PER_TOKEN:
                raise _ThoughtEnough

        try:
            await self._provider.generate(asked, take)
        except _ThinksByItself:
            sink((EarlierCall(thought.usage(asked), thought.cost),))
            raise
        except _ThoughtEnough:
            pass
        sink((*thought.end(), EarlierCall(thought.usage(asked), thought.cost)))
        return tuple(thought.steps)


class _Thought:
    """Reads the steps out of what a model says, and counts what it took."""

    def __init__(self) -> None:
        self.steps: list[StepFound] = []
        self.cost: float | None = None
        self._lines = StepLines()
        self._usage: Usage | None = None
        self.chars = 0

    def take(self, deltas: Sequence[Delta]) -> list[StepFound]:
        """The steps that are whole now."""
        found: list[StepFound] = []
        for index, delta in enumerate(deltas):
            match delta:
                case TextPiece(text=text):
                    self.chars += len(text)
                    scored = deltas[index + 1] if index + 1 < len(deltas) else None
                    found += self._lines.feed(text, scored.probabilities if isinstance(scored, TokensScored) else ())
                case ReasoningPiece():
                    raise _ThinksByItself
                case UsageReported(usage=usage, cost=cost):
                    self._usage, self.cost = usage, cost
                case _:
                    pass
        self.steps += found
        return found

    def end(self) -> list[StepFound]:
        """The steps that only the end of the text completes."""
        found = self._lines.finish()
        self.steps += found
        return found

    def usage(self, asked: GenerationRequest) -> Usage:
        """What the call took, all of whose output is reasoning; by estimate where the provider says nothing."""
        if self._usage is not None:
            return msgspec.structs.replace(self._usage, reasoning_tokens=self._usage.output_tokens)
        written = -(-self.chars // 4)
        read = sum(estimate_tokens(message.content) for message in asked.messages)
        return Usage(read, written, reasoning_tokens=written, estimated=True)


def _are_whole(steps: Sequence[StepFound]) -> bool:
    """Whether an earlier owner of the turn had thought to the end."""
    return bool(steps) and steps[-1].kind == "synthesis"


def _is_continued(request: GenerationRequest) -> bool:
    """Whether an answer has begun, so that it is too late to think."""
    return bool(request.messages) and request.messages[-1].role == "assistant"
