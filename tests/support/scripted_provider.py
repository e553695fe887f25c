"""A provider that says what a test tells it to, when the test tells it to."""

import asyncio
from collections import deque
from collections.abc import Sequence

from millrace.model.errors import InvalidRequest
from millrace.model.events import FinishReason, Usage
from millrace.model.generation import (
    Capabilities,
    Delta,
    Finished,
    GenerationRequest,
    ModelAlias,
    ModelInfo,
    ReasoningPiece,
    TextPiece,
    UsageReported,
)
from millrace.ports import DeltaSink, ResolvedModel


class Call:
    """One call of the provider: the request it got, and the test's hand on what it answers."""

    def __init__(self, request: GenerationRequest) -> None:
        self.request = request
        self.closed = asyncio.Event()
        self._script: asyncio.Queue[Sequence[Delta] | Exception | None] = asyncio.Queue()

    def say(self, *pieces: str) -> None:
        """Pieces of text that arrive together."""
        self._script.put_nowait([TextPiece(piece) for piece in pieces])

    def think(self, *pieces: str) -> None:
        """Pieces of reasoning that arrive together."""
        self._script.put_nowait([ReasoningPiece(piece) for piece in pieces])

    def deltas(self, *deltas: Delta) -> None:
        """Anything."""
        self._script.put_nowait(deltas)

    def finish(self, reason: FinishReason = "stop", usage: Usage | None = None) -> None:
        """The end of a whole answer."""
        reported = [UsageReported(usage)] if usage is not None else []
        self._script.put_nowait([*reported, Finished(reason)])
        self._script.put_nowait(None)

    def fail(self, error: Exception) -> None:
        """The provider raises."""
        self._script.put_nowait(error)

    def cut(self) -> None:
        """The stream ends without its finish."""
        self._script.put_nowait(None)

    async def play(self, sink: DeltaSink) -> None:
        """What the provider does."""
        try:
            while (item := await self._script.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                sink(item)
        finally:
            self.closed.set()


class ScriptedProvider:
    """Implements `Provider` and, as `Directory`, is all models there are.

    Without `autoplay` each call waits for what the test says; with it each call answers by itself.
    """

    name = "scripted"

    def __init__(self, *, autoplay: Sequence[str] | None = None) -> None:
        self._autoplay = autoplay
        self.calls: list[Call] = []
        self._unseen: deque[Call] = deque()
        self._news = asyncio.Event()

    async def generate(self, request: GenerationRequest, sink: DeltaSink) -> None:
        call = Call(request)
        if self._autoplay is not None:
            for piece in self._autoplay:
                call.say(piece)
            call.finish(usage=Usage(input_tokens=1, output_tokens=len(self._autoplay)))
        self.calls.append(call)
        self._unseen.append(call)
        self._news.set()
        await call.play(sink)

    async def next_call(self) -> Call:
        """The next call that was made, waited for."""
        async with asyncio.timeout(5):
            while not self._unseen:
                self._news.clear()
                await self._news.wait()
        return self._unseen.popleft()

    async def models(self) -> Sequence[ModelInfo]:
        return ()

    async def close(self) -> None:
        pass


class ScriptedDirectory:
    """Implements `ModelDirectory`: `scripted/model`, and others that bear the name of what is special about them.

    With `then`, `second/model` takes over where the default model fails.
    """

    default = "scripted/model"

    def __init__(self, provider: ScriptedProvider, *, then: ScriptedProvider | None = None) -> None:
        self._provider = provider
        self._then = then

    def models(self) -> Sequence[ModelInfo]:
        return [self.resolve(name).info for name in ("scripted/model", "scripted/prefill")]

    def aliases(self) -> Sequence[ModelAlias]:
        return (ModelAlias("both", ("scripted/model", "second/model")),) if self._then is not None else ()

    def resolve(self, model: str | None) -> ResolvedModel:
        provider, _, name = (model or self.default).partition("/")
        if provider != "scripted":
            raise InvalidRequest(f"There is no provider {provider!r}.")
        capabilities = Capabilities(
            reasoning=name == "reasoning",
            prefill=name == "prefill",
            streaming=name != "whole",
            instructions=name != "quoting",
        )
        info = ModelInfo(f"scripted/{name}", "scripted", name, capabilities)
        if self._then is None or name != "model":
            return ResolvedModel(info, self._provider)
        second = ResolvedModel(ModelInfo("second/model", "second", "model"), self._then)
        return ResolvedModel(info, self._provider, (second,))

    def cost(self, model_id: str, usage: Usage) -> float | None:
        return (usage.input_tokens + usage.output_tokens) / 1000 if model_id == "scripted/model" else None
