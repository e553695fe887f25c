"""One call of one model on behalf of a chain: through its provider's gate, and told apart by how it ends."""

import asyncio
from collections.abc import Sequence

from millrace.model.errors import MillraceError, ProviderFailure, ProviderTimeout
from millrace.model.generation import Delta, Finished, GenerationRequest, ReasoningPiece, StepFound, TextPiece
from millrace.ports import Clock, DeltaSink, ResolvedModel
from millrace.routing.gates import Gate
from millrace.routing.timings import Timings
from millrace.routing.verdicts import is_held_against


class Attempt:
    """Asks one model once. What the provider says goes through, untouched and at once.

    Args:
        link: The model, and who serves it.
        gate: What stands before its provider.
        clock: The time.
        first_tokens: Is told how long the first token took.
    """

    __slots__ = (
        "_asked",
        "_began",
        "_clock",
        "_first_tokens",
        "_gate",
        "_last",
        "_limit",
        "_sink",
        "link",
        "spoke",
    )

    def __init__(self, link: ResolvedModel, gate: Gate, clock: Clock, first_tokens: Timings) -> None:
        self.link = link
        self.spoke = False
        """Whether a word of the answer or of its thinking came."""
        self._gate = gate
        self._clock = clock
        self._first_tokens = first_tokens
        self._limit: asyncio.Timeout | None = None
        self._asked = False
        self._began = 0.0
        self._last: Sequence[Delta] = ()

    async def run(self, request: GenerationRequest, sink: DeltaSink) -> None:
        """Call the model; returns when the answer is whole.

        Raises:
            MillraceError: It failed, was given up, or broke off.
        """
        self._sink = sink
        self._began = self._clock.monotonic()
        breaker = self._gate.breaker
        permit = breaker.begin(self._began)
        failed: bool | None = None
        try:
            await self._call(request)
            failed = False
        except MillraceError as error:
            if self._asked and is_held_against(error, own_key=request.api_key is not None):
                failed = True
            raise
        finally:
            breaker.end(permit, failed=failed, now=self._clock.monotonic())

    def give_up(self) -> None:
        """It has been silent for too long: close it, and let it fail as that."""
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(0)

    def note_slow(self) -> None:
        """Somebody else was faster: remember that the first token took this long at least."""
        self._note_first()

    async def _call(self, request: GenerationRequest) -> None:
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._limit = limit
                await self._call_in_turn(request)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise ProviderTimeout(detail=f"{self.link.info.id} was silent for too long") from error
        finally:
            self._limit = None
        if not (self._last and type(self._last[-1]) is Finished):
            raise ProviderFailure(
                "The connection to the model broke before the answer was complete. Try again.",
                detail=f"the stream of {self.link.info.id} ended without a finish",
            )

    async def _call_in_turn(self, request: GenerationRequest) -> None:
        ceiling = self._gate.ceiling
        await ceiling.enter(request.user_id)
        try:
            self._asked = True
            self._began = self._clock.monotonic()  # the wait for a place says nothing of the model
            await self.link.provider.generate(request, self._take)
        finally:
            ceiling.leave()

    def _take(self, deltas: Sequence[Delta]) -> None:
        if not self.spoke:
            self._listen(deltas)
        self._last = deltas
        sink = self._sink
        sink(deltas)

    def _listen(self, deltas: Sequence[Delta]) -> None:
        self.spoke = any(isinstance(delta, TextPiece | ReasoningPiece | StepFound) for delta in deltas)
        if self.spoke:
            self._note_first()

    def _note_first(self) -> None:
        self._first_tokens.add(self.link.info.id, round((self._clock.monotonic() - self._began) * 1000))
