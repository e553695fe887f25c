"""One call of one model: what it adds to what we know of its provider."""

import asyncio

import pytest
from tests.support.clock import ManualClock
from tests.unit.routing.conftest import ASKED, link, script, within

from millrace.model.errors import ProviderFailure, ProviderTimeout
from millrace.model.events import Usage
from millrace.model.generation import UsageReported
from millrace.routing.attempt import Attempt
from millrace.routing.breaker import BreakerOptions
from millrace.routing.gates import Gates
from millrace.routing.timings import Timings


async def test_how_it_went_is_remembered() -> None:
    clock, timings = ManualClock(), Timings()
    gate = Gates(clock, BreakerOptions(), {}).of("one")
    one = link("one")
    attempt = Attempt(one, gate, clock, timings)
    heard: list[object] = []
    task = asyncio.create_task(attempt.run(ASKED, heard.extend))
    call = await script(one).next_call()
    clock.advance(0.25)
    call.deltas(UsageReported(Usage(1, 0)))
    async with asyncio.timeout(5):
        while not heard:
            await asyncio.sleep(0)
    assert timings.estimate_ms("one/m") is None
    assert gate.ceiling.running == 1
    clock.advance(0.25)
    call.think("Hm.")
    call.say("Yes.")
    call.finish()
    await within(task)
    assert attempt.spoke
    assert timings.estimate_ms("one/m") == 500, "thinking counts as a first token"
    assert gate.breaker.figures(clock.monotonic()) == (1, 0)
    assert gate.ceiling.running == 0


async def test_an_end_without_a_finish_is_a_failure() -> None:
    clock = ManualClock()
    gate = Gates(clock, BreakerOptions(), {}).of("one")
    one = link("one")
    task = asyncio.create_task(Attempt(one, gate, clock, Timings()).run(ASKED, lambda _: None))
    (await script(one).next_call()).cut()
    with pytest.raises(ProviderFailure, match="broke before"):
        await within(task)
    assert gate.breaker.figures(clock.monotonic()) == (1, 1)


async def test_a_time_out_of_an_adapter_is_no_silence() -> None:
    clock = ManualClock()
    gate = Gates(clock, BreakerOptions(), {}).of("one")
    one = link("one")
    attempt = Attempt(one, gate, clock, Timings())
    attempt.give_up()  # nothing is asked yet
    task = asyncio.create_task(attempt.run(ASKED, lambda _: None))
    (await script(one).next_call()).fail(TimeoutError())
    with pytest.raises(TimeoutError) as raised:
        await within(task)
    assert not isinstance(raised.value, ProviderTimeout)
    assert gate.breaker.figures(clock.monotonic()) == (0, 0), "a fault of ours says nothing of the provider"
