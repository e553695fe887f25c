"""A late first word: the second model is asked, too, and who speaks first is kept."""

import asyncio

import pytest
from tests.unit.routing.conftest import MakeStage, Stage, chain, link, script, within

from millrace.model.errors import ContentFiltered, ProviderFailure, ProviderTimeout
from millrace.model.events import Usage
from millrace.model.generation import Abandoned, Switched, UsageReported
from millrace.ports import ResolvedModel
from millrace.routing.breaker import BreakerOptions


@pytest.fixture
def stage(make_stage: MakeStage) -> Stage:
    return make_stage(breakers=BreakerOptions(least_calls=100))


async def taught(stage: Stage, *links: ResolvedModel) -> None:
    """Let the models answer once, at once: from then on their first word is late after no time at all."""
    for each in links:
        _, task = stage.route(each)
        call = await script(each).next_call()
        call.say("x")
        call.finish()
        await within(task)
    stage.listener.deltas.clear()
    stage.listener.asked.clear()


async def test_the_second_speaks_first(stage: Stage) -> None:
    one, two = link("one"), link("two")
    await taught(stage, one)
    _, task = stage.route(chain(one, two, hedge=True))
    slow = await script(one).next_call()
    slow.deltas(UsageReported(Usage(7, 1)))
    quick = await script(two).next_call()
    quick.deltas(UsageReported(Usage(8, 1)))
    quick.say("Quick")
    quick.finish()
    await within(task)
    assert slow.closed.is_set()
    assert stage.listener.said() == "Quick"
    assert stage.listener.asked == ["one/m", "two/m"]
    kinds = [type(delta).__name__ for delta in stage.listener.deltas]
    assert kinds == ["UsageReported", "Switched", "UsageReported", "TextPiece", "Finished"], "both are counted"
    assert stage.listener.deltas[1] == Switched("one/m", "two/m", "late")
    assert stage.breakers() == {"one": "closed", "two": "closed"}


async def test_the_first_speaks_first_after_all(stage: Stage) -> None:
    one, two = link("one"), link("two")
    await taught(stage, one)
    _, task = stage.route(chain(one, two, hedge=True))
    first = await script(one).next_call()
    second = await script(two).next_call()
    second.deltas(UsageReported(Usage(8, 1), 0.5))
    async with asyncio.timeout(5):
        while second._script.qsize():
            await asyncio.sleep(0)
    first.say("Here")
    async with asyncio.timeout(5):
        await second.closed.wait()
    first.finish()
    await within(task)
    assert stage.listener.said() == "Here"
    assert stage.listener.switches() == []
    assert Abandoned("two/m", Usage(8, 1), 0.5) in stage.listener.deltas


async def test_a_model_of_which_nothing_is_known_is_never_late(stage: Stage) -> None:
    one, two = link("one"), link("two")
    _, task = stage.route(chain(one, two, hedge=True))
    call = await script(one).next_call()
    for _ in range(20):
        await asyncio.sleep(0)
    assert script(two).calls == []
    call.finish()
    await within(task)


async def test_where_one_fails_the_other_is_waited_for(stage: Stage) -> None:
    one, two = link("one"), link("two")
    await taught(stage, one)
    _, task = stage.route(chain(one, two, hedge=True))
    first = await script(one).next_call()
    second = await script(two).next_call()
    first.fail(ProviderFailure())
    async with asyncio.timeout(5):
        while not stage.listener.switches():
            await asyncio.sleep(0)
    second.say("I am here")
    second.finish()
    await within(task)
    assert stage.listener.switches() == [("one/m", "two/m", "failed")]
    stage.listener.deltas.clear()
    _, task = stage.route(chain(one, two, hedge=True))
    first = await script(one).next_call()
    second = await script(two).next_call()
    second.fail(ProviderFailure())
    async with asyncio.timeout(5):
        await second.closed.wait()
    first.say("Still here")
    first.finish()
    await within(task)
    assert stage.listener.said() == "Still here"
    assert stage.listener.switches() == []


async def test_where_both_fail_the_third_is_asked(stage: Stage) -> None:
    one, two, three = link("one"), link("two"), link("three")
    await taught(stage, one)
    _, task = stage.route(chain(one, two, three, hedge=True))
    first = await script(one).next_call()
    second = await script(two).next_call()
    second.fail(ProviderFailure())
    first.fail(ProviderFailure())
    third = await script(three).next_call()
    third.say("Me")
    third.finish()
    await within(task)
    assert stage.listener.said() == "Me"
    assert stage.listener.switches() == [("one/m", "three/m", "failed")]


async def test_who_was_closed_goes_on_where_the_other_breaks(stage: Stage) -> None:
    one, two = link("one"), link("two")
    await taught(stage, one)
    _, task = stage.route(chain(one, two, hedge=True))
    await script(one).next_call()
    second = await script(two).next_call()
    second.say("The quick brown ")
    second.cut()
    again = await script(one).next_call()
    assert again.request.messages[1].content == "The quick brown "
    again.say("The quick brown fox")
    again.finish()
    await within(task)
    assert stage.listener.said() == "The quick brown fox"
    assert stage.listener.switches() == [("one/m", "two/m", "late"), ("two/m", "one/m", "failed")]


async def test_one_that_fails_before_it_is_late_is_followed_as_ever(stage: Stage) -> None:
    one, two = link("one"), link("two")
    _, task = stage.route(one)
    call = await script(one).next_call()
    stage.clock.advance(3600)
    call.say("x")
    call.finish()
    await within(task)
    _, task = stage.route(chain(one, two, hedge=True))
    (await script(one).next_call()).fail(ProviderFailure())
    call = await script(two).next_call()
    call.finish()
    await within(task)
    assert stage.listener.switches() == [("one/m", "two/m", "failed")]


async def test_what_is_no_fault_of_the_provider_ends_both(stage: Stage) -> None:
    one, two = link("one"), link("two")
    await taught(stage, one)
    _, task = stage.route(chain(one, two, hedge=True))
    first = await script(one).next_call()
    second = await script(two).next_call()
    first.say("I")
    first.fail(ContentFiltered())
    with pytest.raises(ContentFiltered):
        await within(task)
    assert second.closed.is_set()


async def test_what_the_first_declines_is_not_answered_by_the_second(stage: Stage) -> None:
    one, two = link("one"), link("two")
    await taught(stage, one)
    _, task = stage.route(chain(one, two, hedge=True))
    first = await script(one).next_call()
    second = await script(two).next_call()
    first.fail(ContentFiltered())
    with pytest.raises(ContentFiltered):
        await within(task)
    assert second.closed.is_set()
    assert stage.listener.deltas == []


async def test_silence_gives_both_up_and_a_stop_closes_both(stage: Stage) -> None:
    one, two = link("one"), link("two")
    await taught(stage, one)
    route, task = stage.route(chain(one, two, hedge=True))
    first = await script(one).next_call()
    second = await script(two).next_call()
    route.give_up()
    with pytest.raises(ProviderTimeout):
        await within(task)
    assert first.closed.is_set()
    assert second.closed.is_set()
    _, task = stage.route(chain(one, two, hedge=True))
    first = await script(one).next_call()
    second = await script(two).next_call()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await within(task)
    assert first.closed.is_set()
    assert second.closed.is_set()
