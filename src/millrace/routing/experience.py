"""What we know of providers and models from our own calls: whether they work, how busy they are, how fast."""

from millrace.ports import Clock, ResolvedModel
from millrace.routing.attempt import Attempt
from millrace.routing.gates import Gates
from millrace.routing.timings import Timings

_FIRST_TOKENS = 100


class Experience:
    """One for all calls of a process.

    Args:
        clock: The time.
        gates: The providers' breakers and ceilings.
        least_first_tokens: How many first tokens of a model must be known before one can be late.
    """

    def __init__(self, clock: Clock, gates: Gates, *, least_first_tokens: int) -> None:
        self.gates = gates
        self._clock = clock
        self._first_tokens = Timings(keep=_FIRST_TOKENS)
        self._least_first_tokens = least_first_tokens

    def attempt(self, link: ResolvedModel) -> Attempt:
        """A call of a model that is about to be; how it goes is added to what we know."""
        return Attempt(link, self.gates.of(link.info.provider), self._clock, self._first_tokens)

    def is_ready(self, link: ResolvedModel) -> bool:
        """Whether the model's provider is worth asking."""
        return self.gates.of(link.info.provider).breaker.ready(self._clock.monotonic())

    def late_after_s(self, link: ResolvedModel) -> float | None:
        """After how many seconds the model's first token is late; none where that is not known yet."""
        slow = self._first_tokens.slow_ms(link.info.id, least=self._least_first_tokens)
        return None if slow is None else slow / 1000
