"""One gate for each provider, whoever asks; those with a ceiling are there from the beginning."""

from tests.support.clock import ManualClock

from millrace.routing.breaker import BreakerOptions
from millrace.routing.gates import Gates, GateStatus


async def test_what_is_told_of_them() -> None:
    clock = ManualClock()
    gates = Gates(clock, BreakerOptions(least_calls=1, open_s=10), {"small": 2})
    assert [status.provider for status in gates.status()] == ["small"]
    big = gates.of("big")
    assert gates.of("big") is big
    await big.ceiling.enter("ana")
    small = gates.of("small").breaker
    small.end(small.begin(clock.monotonic()), failed=True, now=clock.monotonic())
    assert gates.status() == [
        GateStatus("big", "closed", 0, 0, 1, 0, None),
        GateStatus("small", "open", 0, 0, 0, 0, 2),
    ]
    clock.advance(10)
    assert gates.status()[1].breaker == "half-open"
