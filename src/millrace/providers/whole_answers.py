"""Models that cannot stream: their answers are fetched whole and given as words, as a model gives them that can."""

import asyncio
from collections.abc import Sequence

import msgspec

from millrace.model.errors import MillraceError
from millrace.model.generation import Delta, GenerationRequest, ModelInfo, TextPiece
from millrace.ports import DeltaSink, Provider
from millrace.text.pieces import pieces

_TOGETHER = 48
_PAUSE_S = 0.01
"""So many words at a time, and so long between them: whoever follows counts as lagging at 64 pieces, and would get them
merged into one. It is 5,000 words a second."""


class WholeAnswers:
    """A `Provider` that asks another one for whole answers."""

    def __init__(self, provider: Provider) -> None:
        self.name = provider.name
        self._provider = provider

    async def generate(self, request: GenerationRequest, sink: DeltaSink) -> None:
        """Fetch the answer. What comes before its text is given at once, the text in words.

        Raises:
            MillraceError: As the provider's; what had come before has been given.
        """
        held: list[Delta] = []

        def take(deltas: Sequence[Delta]) -> None:
            if held or any(isinstance(delta, TextPiece) for delta in deltas):
                held.extend(deltas)
            else:
                sink(deltas)

        try:
            await self._provider.generate(msgspec.structs.replace(request, stream=False), take)
        except MillraceError:
            await _release(held, sink)
            raise
        await _release(held, sink)

    async def models(self) -> Sequence[ModelInfo]:
        """As the provider's."""
        return await self._provider.models()

    async def close(self) -> None:
        """As the provider's."""
        await self._provider.close()


async def _release(held: Sequence[Delta], sink: DeltaSink) -> None:
    words = [word for delta in held for word in _words(delta)]
    for at in range(0, len(words), _TOGETHER):
        if at:
            await asyncio.sleep(_PAUSE_S)
        sink(words[at : at + _TOGETHER])


def _words(delta: Delta) -> Sequence[Delta]:
    return [TextPiece(word) for word in pieces(delta.text)] if isinstance(delta, TextPiece) else (delta,)
