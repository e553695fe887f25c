"""What calls teach: who works, and when a first word is late."""

import asyncio

from tests.support.clock import ManualClock
from tests.unit.routing.conftest import ASKED, link, script, within

from millrace.routing.breaker import BreakerOptions
from millrace.routing.experience import Experience
from millrace.routing.gates import Gates


async def test_late_is_what_took_longer_than_before() -> None:
    clock = ManualClock()
    experience = Experience(clock, Gates(clock, BreakerOptions(), {}), least_first_tokens=2)
    one = link("one")
    for seconds in (0.25, 0.75):
        assert experience.late_after_s(one) is None
        task = asyncio.create_task(experience.attempt(one).run(ASKED, lambda _: None))
        call = await script(one).next_call()
        clock.advance(seconds)
        call.say("x")
        call.finish()
        await within(task)
    assert experience.late_after_s(one) == 0.75
    assert experience.is_ready(one)
