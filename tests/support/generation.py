"""What providers say, collected; and the two ways of stopping one."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal

from millrace.model.generation import Delta, GenerationRequest
from millrace.ports import Provider

Stop = Literal["error", "cancel"]
STOPS: tuple[Stop, ...] = ("error", "cancel")
"""Ways to stop a provider: its sink raises, or the task that waits for it is cancelled."""


class Enough(Exception):
    """Raised by a sink that wants no more."""


async def batches_of(provider: Provider, request: GenerationRequest) -> list[Sequence[Delta]]:
    """Everything that an answer gives, as it was given."""
    batches: list[Sequence[Delta]] = []
    await provider.generate(request, batches.append)
    return batches


async def stop_when(
    provider: Provider, request: GenerationRequest, enough: Callable[[Sequence[Delta]], bool], how: Stop = "error"
) -> None:
    """Generate until `enough` says so of all deltas so far; returns when the provider has returned."""
    deltas: list[Delta] = []

    def take(batch: Sequence[Delta]) -> None:
        deltas.extend(batch)
        if enough(deltas):
            if how == "error":
                raise Enough
            task.cancel()

    task = asyncio.ensure_future(provider.generate(request, take))
    await asyncio.wait([task])
    assert task.cancelled() if how == "cancel" else isinstance(task.exception(), Enough)
