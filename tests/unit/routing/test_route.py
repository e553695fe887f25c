"""Who is asked, who takes over, and what is left of the seam."""

import asyncio

import msgspec
import pytest
from tests.unit.routing.conftest import ASKED, MakeStage, Stage, chain, link, script, within

from millrace.model.errors import (
    ContentFiltered,
    ContextTooLong,
    Interrupted,
    LeaseLost,
    MillraceError,
    ProviderFailure,
    ProviderTimeout,
    RateLimited,
    RequestRefused,
)
from millrace.model.events import Citation
from millrace.model.generation import CitationsFound, Finished, Switched, TextPiece


async def test_a_healthy_first_model_is_passed_through(stage: Stage) -> None:
    one, two = link("one"), link("two")
    _, task = stage.route(chain(one, two))
    call = await script(one).next_call()
    assert (call.request.model, call.request.messages) == ("m", ASKED.messages)
    assert call.request.fail_fast, "another one stands by"
    call.say("Because ", "it is.")
    call.finish()
    await within(task)
    assert stage.listener.said() == "Because it is."
    assert stage.listener.asked == ["one/m"]
    assert stage.listener.switches() == []
    assert script(two).calls == []


async def test_before_the_first_word_the_next_one_is_asked_the_same(stage: Stage) -> None:
    one, two, three = link("one"), link("two"), link("three")
    _, task = stage.route(chain(one, two, three))
    (await script(one).next_call()).fail(ProviderFailure())
    (await script(two).next_call()).fail(RateLimited(retry_after=9))
    call = await script(three).next_call()
    assert call.request.messages == ASKED.messages
    assert not call.request.fail_fast, "nobody is left"
    call.say("Yes.")
    call.finish()
    await within(task)
    assert stage.listener.switches() == [("one/m", "two/m", "failed"), ("two/m", "three/m", "rate-limited")]
    assert stage.listener.said() == "Yes."


async def test_in_the_middle_a_model_that_can_is_given_the_beginning(stage: Stage) -> None:
    one, two = link("one"), link("two", prefill=True)
    _, task = stage.route(chain(one, two))
    call = await script(one).next_call()
    call.say("Because ")
    call.cut()
    call = await script(two).next_call()
    assert [message.role for message in call.request.messages] == ["user", "assistant"]
    assert call.request.messages[-1].content == "Because "
    call.say("Because it is.")  # it continues: what looks like a repetition is none
    call.deltas(CitationsFound((Citation("t", "u", start=0, end=7),)))
    call.finish()
    await within(task)
    assert stage.listener.said() == "Because Because it is."
    assert CitationsFound((Citation("t", "u", start=8, end=15),)) in stage.listener.deltas


async def test_one_that_cannot_is_asked_to_go_on_and_what_it_repeats_is_left_out(stage: Stage) -> None:
    one, two = link("one"), link("two")
    _, task = stage.route(chain(one, two))
    call = await script(one).next_call()
    call.say("The river turns the wheel, and the wh")
    call.fail(ProviderFailure())
    call = await script(two).next_call()
    assert [message.role for message in call.request.messages] == ["user", "assistant", "user"]
    assert "the wheel, and the wh" in call.request.messages[-1].content
    call.say("turns the ", "wheel, and the")
    call.say(" wheel turns the stone.")
    call.deltas(CitationsFound((Citation("t", "u", start=31, end=36),)))
    call.finish()
    await within(task)
    whole = "The river turns the wheel, and the wheel turns the stone."
    assert stage.listener.said() == whole
    found = next(delta for delta in stage.listener.deltas if isinstance(delta, CitationsFound)).citations[0]
    assert whole[found.start : found.end] == "turns"
    assert stage.listener.deltas[-1] == Finished("stop")


async def test_what_a_continuation_holds_back_is_not_lost_at_its_end(stage: Stage) -> None:
    one, two = link("one"), link("two")
    _, task = stage.route(chain(one, two))
    call = await script(one).next_call()
    call.say("A cat and ")
    call.cut()
    call = await script(two).next_call()
    call.say("a c")
    call.finish()
    await within(task)
    assert stage.listener.said() == "A cat and a c"


@pytest.mark.parametrize("error", [ContentFiltered(), RequestRefused(), LeaseLost(), ZeroDivisionError()])
async def test_what_is_no_fault_of_the_provider_ends_it(stage: Stage, error: Exception) -> None:
    one, two = link("one"), link("two")
    _, task = stage.route(chain(one, two))
    (await script(one).next_call()).fail(error)
    with pytest.raises(type(error)):
        await within(task)
    assert script(two).calls == []


async def test_too_long_a_conversation_goes_to_a_longer_context_alone(stage: Stage) -> None:
    one, short, unknown, long = link("one", context=8), link("two", context=8), link("three"), link("four", context=9)
    _, task = stage.route(chain(one, short, unknown, long))
    (await script(one).next_call()).fail(ContextTooLong())
    (await script(unknown).next_call()).fail(ContextTooLong())
    call = await script(long).next_call()
    call.finish()
    await within(task)
    assert script(short).calls == []
    _, task = stage.route(chain(one, short))
    (await script(one).next_call()).fail(ContextTooLong())
    with pytest.raises(ContextTooLong):
        await within(task)


async def test_the_most_hopeful_failure_is_told(stage: Stage) -> None:
    links = [link("one"), link("two"), link("three")]
    errors = [ProviderFailure(recoverable=False), RateLimited(retry_after=3), ProviderFailure(recoverable=False)]
    _, task = stage.route(chain(*links))
    for each, error in zip(links, errors, strict=True):
        (await script(each).next_call()).fail(error)
    with pytest.raises(RateLimited) as told:
        await within(task)
    assert told.value is errors[1]


async def test_a_silent_model_is_given_up_for_the_next(stage: Stage) -> None:
    one, two = link("one"), link("two", prefill=True)
    route, task = stage.route(chain(one, two))
    call = await script(one).next_call()
    call.say("Well, ")
    await asyncio.sleep(0)
    route.give_up()
    second = await script(two).next_call()
    assert call.closed.is_set()
    second.say("yes.")
    second.finish()
    await within(task)
    assert stage.listener.said() == "Well, yes."
    assert stage.listener.switches() == [("one/m", "two/m", "silent")]
    route.give_up()  # too late to matter


async def test_the_last_one_that_is_given_up_is_a_time_out(stage: Stage) -> None:
    one = link("one")
    route, task = stage.route(one)
    call = await script(one).next_call()
    route.give_up()
    with pytest.raises(ProviderTimeout):
        await within(task)
    assert call.closed.is_set()


async def fail(stage: Stage, *links: object, error: MillraceError | None = None) -> None:
    _, task = stage.route(chain(*links))  # type: ignore[arg-type]  # links
    for each in links:
        (await script(each).next_call()).fail(error or ProviderFailure())  # type: ignore[arg-type]  # a link
    with pytest.raises(MillraceError):
        await within(task)


async def test_a_provider_that_failed_too_often_is_passed_over_until_a_probe_works(stage: Stage) -> None:
    one, two = link("one"), link("two")
    await fail(stage, one)
    await fail(stage, one)
    assert stage.breakers() == {"one": "open"}
    _, task = stage.route(chain(one, two))
    (await script(two).next_call()).finish()
    await within(task)
    assert stage.listener.switches() == [("one/m", "two/m", "unavailable")]
    assert len(script(one).calls) == 2
    stage.clock.advance(30)
    assert stage.breakers()["one"] == "half-open"
    _, probe = stage.route(chain(one, two))
    probing = await script(one).next_call()
    _, task = stage.route(chain(one, two))
    (await script(two).next_call()).finish()
    await within(task)
    probing.finish()
    await within(probe)
    assert stage.breakers()["one"] == "closed"


async def test_who_has_no_choice_asks_even_a_provider_that_fails(stage: Stage) -> None:
    one, two = link("one"), link("two")
    await fail(stage, one, two)
    await fail(stage, one, two)
    assert stage.breakers() == {"one": "open", "two": "open"}
    _, task = stage.route(chain(one, two))
    call = await script(one).next_call()
    call.say("After all.")
    call.finish()
    await within(task)
    assert stage.breakers() == {"one": "open", "two": "open"}, "only a probe closes it"


async def test_what_callers_cause_opens_nothing(stage: Stage) -> None:
    one = link("one")
    for error in (RequestRefused(), ContextTooLong(), ContentFiltered()) * 3:
        await fail(stage, one, error=error)
    assert stage.breakers() == {"one": "closed"}


async def test_a_callers_own_key_goes_to_its_provider_alone(stage: Stage) -> None:
    one, two, other = link("one"), link("two"), link("one")
    request = msgspec.structs.replace(ASKED, api_key="mine")
    _, task = stage.route(chain(one, two, other), request)
    (await script(one).next_call()).fail(ProviderFailure(recoverable=False))
    call = await script(other).next_call()
    assert call.request.api_key == "mine"
    call.fail(ProviderFailure(recoverable=False))
    with pytest.raises(ProviderFailure):
        await within(task)
    assert script(two).calls == []
    assert stage.breakers() == {"one": "closed"}, "a wrong key of one caller says nothing of the provider"


async def test_an_answer_that_another_process_began_goes_on_with_the_model_that_wrote_it(make_stage: MakeStage) -> None:
    stage = make_stage(before="Half of ")
    one, two = link("one", prefill=True), link("two", prefill=True)
    _, task = stage.route(chain(one, two), serving="two/m")
    call = await script(two).next_call()
    assert call.request.messages[-1].content == "Half of "
    call.fail(ProviderFailure())
    call = await script(one).next_call()
    call.say("it.")
    call.finish()
    await within(task)
    assert stage.listener.said() == "Half of it."
    assert stage.listener.switches() == [("two/m", "one/m", "failed")]


async def test_where_nobody_may_go_on_the_answer_ends(make_stage: MakeStage) -> None:
    stage = make_stage(before="Half of ", ask_to_go_on=False)
    one, two = link("one"), link("two")
    _, task = stage.route(chain(one, two))
    with pytest.raises(Interrupted):
        await within(task)
    assert script(one).calls == []
    stage = make_stage(ask_to_go_on=False)
    _, task = stage.route(chain(one, two))
    call = await script(one).next_call()
    call.say("Half of ")
    call.cut()
    with pytest.raises(ProviderFailure):
        await within(task)
    assert script(two).calls == []


async def test_places_are_limited_by_provider(make_stage: MakeStage) -> None:
    stage = make_stage(limits={"one": 1})
    one = link("one")
    _, first = stage.route(one)
    call = await script(one).next_call()
    _, second = stage.route(one)
    async with asyncio.timeout(5):
        while not stage.router.status()[0].waiting:
            await asyncio.sleep(0)
    assert len(script(one).calls) == 1
    call.finish()
    (await script(one).next_call()).finish()
    await within(asyncio.gather(first, second))
    status = stage.router.status()[0]
    assert (status.running, status.waiting, status.limit, status.calls) == (0, 0, 1, 2)


async def test_a_wait_for_a_place_is_not_held_against_the_provider(make_stage: MakeStage) -> None:
    stage = make_stage(limits={"one": 1})
    one, two = link("one"), link("two")
    _, first = stage.route(one)
    call = await script(one).next_call()
    route, second = stage.route(chain(one, two))
    async with asyncio.timeout(5):
        while not stage.router.status()[0].waiting:
            await asyncio.sleep(0)
    route.give_up()
    (await script(two).next_call()).finish()
    call.finish()
    await within(asyncio.gather(first, second))
    assert stage.router.status()[0].failures == 0
    assert Switched("one/m", "two/m", "silent") in stage.listener.deltas


async def test_a_stop_closes_who_is_being_asked(stage: Stage) -> None:
    one, two = link("one"), link("two")
    _, task = stage.route(chain(one, two))
    call = await script(one).next_call()
    call.say("x")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await within(task)
    assert call.closed.is_set()
    assert script(two).calls == []
    assert TextPiece("x") not in stage.listener.deltas or stage.listener.said() == "x"
