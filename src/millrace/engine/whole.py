"""Answers of models that cannot stream: fetched whole, released as words, as fast as they are accepted."""

from collections.abc import Awaitable, Callable, Sequence

from millrace.model.errors import MillraceError
from millrace.model.generation import Delta, GenerationRequest, TextPiece
from millrace.ports import DeltaSink, Provider
from millrace.text.pieces import pieces

_TOGETHER = 48
"""Words that are released at a time: fewer than what makes a follower one that lags, for whom they would be merged."""


async def generate_whole(
    provider: Provider, request: GenerationRequest, sink: DeltaSink, flush: Callable[[], Awaitable[None]]
) -> None:
    """Fetch an answer; give `sink` what comes before its text at once, then the text in words.

    Args:
        provider: Whom to ask.
        request: What is asked, without `stream`.
        sink: Takes what is said.
        flush: Waits until readers can have what was given.

    Raises:
        MillraceError: As the provider's; what had come before has been given.
    """
    held: list[Delta] = []

    def take(deltas: Sequence[Delta]) -> None:
        if held or any(isinstance(delta, TextPiece) for delta in deltas):
            held.extend(deltas)
            deltas = ()
        sink(deltas)

    try:
        await provider.generate(request, take)
    except MillraceError:
        await _release(held, sink, flush)
        raise
    await _release(held, sink, flush)


async def _release(held: Sequence[Delta], sink: DeltaSink, flush: Callable[[], Awaitable[None]]) -> None:
    words = [word for delta in held for word in _words(delta)]
    for at in range(0, len(words), _TOGETHER):
        sink(words[at : at + _TOGETHER])
        await flush()


def _words(delta: Delta) -> Sequence[Delta]:
    return [TextPiece(word) for word in pieces(delta.text)] if isinstance(delta, TextPiece) else (delta,)
