"""What stands before each provider: its circuit breaker and its ceiling. One for each name, for as long as we run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from millrace.ports import Clock
from millrace.routing.breaker import Breaker, BreakerOptions, BreakerState
from millrace.routing.ceiling import Ceiling


@dataclass(frozen=True, slots=True)
class GateStatus:
    """How one provider is doing. `calls` and `failures` are those that the breaker counts at the moment."""

    provider: str
    breaker: BreakerState
    calls: int
    failures: int
    running: int
    waiting: int
    limit: int | None


class Gate:
    """The way to one provider."""

    def __init__(self, breaker: Breaker, ceiling: Ceiling) -> None:
        self.breaker = breaker
        self.ceiling = ceiling


class Gates:
    """All of them; one is made when its provider is first asked.

    Args:
        clock: The time.
        breakers: When breakers open.
        limits: How many concurrent calls each provider takes, by its name; any number where it is not there.
    """

    def __init__(self, clock: Clock, breakers: BreakerOptions, limits: Mapping[str, int]) -> None:
        self._clock = clock
        self._breakers = breakers
        self._limits = dict(limits)
        self._gates = {name: self._made(name) for name in self._limits}

    def of(self, provider: str) -> Gate:
        """The gate of a provider."""
        gate = self._gates.get(provider)
        if gate is None:
            gate = self._gates[provider] = self._made(provider)
        return gate

    def status(self) -> Sequence[GateStatus]:
        """How the providers are doing that were asked so far or have a ceiling, by name."""
        now = self._clock.monotonic()
        return [_status(name, gate, now) for name, gate in sorted(self._gates.items())]

    def _made(self, provider: str) -> Gate:
        return Gate(Breaker(self._breakers), Ceiling(self._limits.get(provider)))


def _status(name: str, gate: Gate, now: float) -> GateStatus:
    calls, failures = gate.breaker.figures(now)
    ceiling = gate.ceiling
    return GateStatus(name, gate.breaker.state(now), calls, failures, ceiling.running, ceiling.waiting, ceiling.limit)
