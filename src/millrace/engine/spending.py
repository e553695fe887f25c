"""What the calls of one turn took: of each model that said a part of the answer, and of those asked in vain."""

from collections.abc import Callable
from functools import reduce

import msgspec

from millrace.engine.prompt import estimate_tokens
from millrace.model.events import Part, Usage
from millrace.model.generation import Abandoned, EarlierCall, UsageReported

Price = Callable[[str, Usage], float | None]
"""What tokens of a model cost in US dollars; none where that is not known."""


class Spending:
    """The account of one turn. The part that is being said is the current one; the others are closed.

    What a provider reported counts. Where it reported nothing, or had reported only the beginning when it was cut off,
    the tokens are our own estimate, and marked as that.

    Args:
        model: The id of the model that says the first part.
        price: What tokens cost.
    """

    def __init__(self, model: str, price: Price) -> None:
        self.model = model
        self.closed: list[Part] = []
        self._price = price
        self._prompt = 0
        self._given = 0  # tokens of the answer so far, which a model that goes on with it reads, too
        self._lost: list[int] = []  # closed parts whose prompt was not known when they were closed
        self._reported: UsageReported | None = None
        self._earlier: tuple[EarlierCall, ...] = ()

    def asked(self, tokens: int) -> None:
        """The prompt has so many tokens, by our estimate."""
        self._prompt = tokens
        for index in self._lost:
            part = self.closed[index]
            usage = msgspec.structs.replace(part.usage, input_tokens=tokens)
            self.closed[index] = msgspec.structs.replace(part, usage=usage, cost=self._price(part.model, usage))
        self._lost.clear()

    def hear(self, said: UsageReported | EarlierCall | Abandoned) -> None:
        """What the current part took so far; what was needed before it; who was asked beside it in vain."""
        match said:
            case UsageReported():
                self._reported = said
            case EarlierCall():
                self._earlier = (*self._earlier, said)
            case Abandoned():
                usage = said.usage or Usage(self._prompt, estimated=True)
                self.closed.append(Part(said.model, usage, self._cost(said.model, usage, said.cost)))

    def current(self, text: str, thought: str, pieces: int, *, whole: bool) -> Part:
        """The current part as it stands, given what was said in it; `whole` says that its provider finished."""
        usage, cost = self._counted(text, thought, pieces, whole=whole), None
        if self._reported is not None and usage is self._reported.usage:
            cost = self._reported.cost
        costs = [self._cost(self.model, usage, cost)]
        for call in self._earlier:
            usage = usage.plus(call.usage)
            costs.append(self._cost(self.model, call.usage, call.cost))
        return Part(self.model, usage, _total(costs), len(text))

    def close(self, part: Part | None, to_model: str) -> None:
        """The part is over, `to_model` goes on; no part where its model was not asked at all."""
        if part is not None:
            self.closed.append(part)
            self._given += estimate_tokens(" " * part.chars)
        self.model = to_model
        self._reported = None
        self._earlier = ()

    def lose(self, text: str, thought: str, pieces: int) -> None:
        """The process that read the current part died: what it took is our estimate, its prompt is not known yet."""
        self._lost.append(len(self.closed))
        self.close(self.current(text, thought, pieces, whole=False), self.model)

    def usage(self, current: Part) -> Usage:
        """The tokens of all parts."""
        return reduce(Usage.plus, (part.usage for part in self.closed), current.usage)

    def cost(self, current: Part) -> float | None:
        """US dollars for all parts; none where one is not known."""
        return _total([*(part.cost for part in self.closed), current.cost])

    def parts(self, current: Part) -> tuple[Part, ...]:
        """All parts in their order; none where one model said it all."""
        return (*self.closed, current) if self.closed else ()

    def is_used(self, text: str, thought: str) -> bool:
        """Whether anything came of the current part, so that it was worked on."""
        return bool(text or thought or self._earlier or self._reported is not None)

    def _counted(self, text: str, thought: str, pieces: int, *, whole: bool) -> Usage:
        # What was written down as steps is in the count of the call that wrote them.
        written = max(pieces, estimate_tokens(text if self._earlier else text + thought))
        if self._reported is None:
            return Usage(self._prompt + self._given, written, estimated=True)
        usage = self._reported.usage
        if whole or 2 * usage.output_tokens >= written:
            return usage
        return msgspec.structs.replace(usage, output_tokens=written, estimated=True)

    def _cost(self, model: str, usage: Usage, said: float | None) -> float | None:
        return self._price(model, usage) if said is None else said


def _total(costs: list[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
