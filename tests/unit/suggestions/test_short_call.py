import asyncio

import pytest
from tests.support.scripted_provider import ScriptedDirectory, ScriptedProvider

from millrace.model.errors import ContentFiltered, ProviderError, ProviderFailure, ProviderTimeout, RateLimited
from millrace.model.events import Usage
from millrace.model.generation import ModelUse, PromptMessage
from millrace.ops.clock import SystemClock
from millrace.routing.router import Router
from millrace.suggestions.short_call import NO_REPLY, ShortCall, ShortReply

MESSAGES = (PromptMessage("user", "Say something."),)
ESTIMATE = Usage(input_tokens=4, output_tokens=3, estimated=True)
"""Four characters a token: 14 of the prompt, and "Light" with a thought of two."""


def short_call(
    provider: ScriptedProvider, model: str = "scripted/quick", then: ScriptedProvider | None = None
) -> ShortCall:
    return ShortCall(ScriptedDirectory(provider, then=then), model, Router(SystemClock()))


async def test_a_whole_reply_comes_back_and_its_use_is_told() -> None:
    provider = ScriptedProvider(autoplay=["Light ", "and sugar"])
    used: list[ModelUse] = []
    call = short_call(provider)
    reply = await call.reply(MESSAGES, seconds=5, max_tokens=40, user_id="ada", used=used.append)
    assert reply == ShortReply("Light and sugar", whole=True)
    assert used == [ModelUse("scripted/quick", Usage(input_tokens=1, output_tokens=2))]
    request = provider.calls[0].request
    assert (request.model, request.max_tokens, request.user_id, request.reasoning) == ("quick", 40, "ada", False)
    assert request.messages == MESSAGES


async def test_when_time_runs_out_what_arrived_comes_back_and_the_call_is_closed() -> None:
    provider = ScriptedProvider()
    used: list[ModelUse] = []
    call = short_call(provider)
    asking = asyncio.create_task(call.reply(MESSAGES, seconds=0.05, max_tokens=40, used=used.append))
    made = await provider.next_call()
    made.think("hm")
    made.say("Light")
    assert await asking == ShortReply("Light", whole=False)
    assert made.closed.is_set()
    assert used == [ModelUse("scripted/quick", ESTIMATE)], "tokens that nobody counted for us were used all the same"


@pytest.mark.parametrize("error", [ProviderFailure(), ProviderTimeout(), ContentFiltered(), RateLimited()])
async def test_a_failing_provider_fails_nobody(error: ProviderError) -> None:
    provider = ScriptedProvider()
    asking = asyncio.create_task(short_call(provider).reply(MESSAGES, seconds=5, max_tokens=40))
    made = await provider.next_call()
    made.say("Li")
    made.fail(error)
    assert await asking == ShortReply("Li", whole=False)
    assert made.closed.is_set()


@pytest.mark.parametrize("said", [(), ("Li",)])
async def test_a_refusal_uses_nothing_and_half_a_reply_does(said: tuple[str, ...]) -> None:
    provider = ScriptedProvider()
    used: list[ModelUse] = []
    call = short_call(provider)
    asking = asyncio.create_task(call.reply(MESSAGES, seconds=5, max_tokens=40, used=used.append))
    made = await provider.next_call()
    made.say(*said)
    made.fail(RateLimited())
    await asking
    assert [use.usage.output_tokens for use in used] == [1] * len(said)


async def test_a_model_that_is_nobodys_gives_no_reply() -> None:
    provider = ScriptedProvider()
    reply = await short_call(provider, "unknown/quick").reply(MESSAGES, seconds=5, max_tokens=40)
    assert reply == NO_REPLY
    assert provider.calls == []


async def test_a_reply_that_is_cut_is_not_whole() -> None:
    provider = ScriptedProvider()
    call = short_call(provider)
    for end in ("cut", "length"):
        asking = asyncio.create_task(call.reply(MESSAGES, seconds=5, max_tokens=40))
        made = await provider.next_call()
        made.say("Light")
        if end == "cut":
            made.cut()
        else:
            made.finish("length")
        assert await asking == ShortReply("Light", whole=False)


async def test_being_cancelled_closes_the_call_and_is_passed_on() -> None:
    provider = ScriptedProvider()
    used: list[ModelUse] = []
    call = short_call(provider)
    asking = asyncio.create_task(call.reply(MESSAGES, seconds=5, max_tokens=40, used=used.append))
    made = await provider.next_call()
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert made.closed.is_set()
    assert [(use.usage.input_tokens, use.usage.output_tokens) for use in used] == [(ESTIMATE.input_tokens, 0)]


async def test_where_one_refuses_the_next_one_is_called() -> None:
    provider, second = ScriptedProvider(), ScriptedProvider()
    used: list[ModelUse] = []
    call = short_call(provider, "scripted/model", second)
    asking = asyncio.create_task(call.reply(MESSAGES, seconds=5, max_tokens=40, used=used.append))
    (await provider.next_call()).fail(ProviderFailure())
    made = await second.next_call()
    made.say("Light")
    made.finish(usage=Usage(3, 1))
    assert await asking == ShortReply("Light", whole=True)
    assert used == [ModelUse("second/model", Usage(3, 1))]


async def test_where_one_breaks_off_both_are_paid_for() -> None:
    provider, second = ScriptedProvider(), ScriptedProvider()
    used: list[ModelUse] = []
    call = short_call(provider, "scripted/model", second)
    asking = asyncio.create_task(call.reply(MESSAGES, seconds=5, max_tokens=40, used=used.append))
    made = await provider.next_call()
    made.say("The light ")
    made.cut()
    made = await second.next_call()
    made.fail(ProviderFailure())
    assert await asking == ShortReply("The light ", whole=False)
    assert [(use.model, use.usage.estimated) for use in used] == [("scripted/model", True)]
