import asyncio

from tests.support.scripted_provider import ScriptedDirectory, ScriptedProvider

from millrace.model.errors import ProviderFailure
from millrace.model.generation import PromptMessage
from millrace.ops.clock import SystemClock
from millrace.routing.router import Router
from millrace.suggestions.suggester import Suggester

CONVERSATION = (PromptMessage("user", "What is photosynthesis?"), PromptMessage("assistant", "Sugar out of light."))


async def test_the_model_is_asked_and_its_new_questions_come_back() -> None:
    provider = ScriptedProvider(
        autoplay=["1. Why are leaves green?\n2. What is", " photosynthesis?\n3. What is chlorophyll?"]
    )
    suggester = Suggester(ScriptedDirectory(provider), "scripted/quick", Router(SystemClock()))
    assert await suggester.suggest(CONVERSATION, seconds=5) == ("Why are leaves green?", "What is chlorophyll?")
    assert "What is photosynthesis?" in provider.calls[0].request.messages[-1].content


async def test_questions_that_arrived_before_the_time_ran_out_count() -> None:
    provider = ScriptedProvider()
    suggester = Suggester(ScriptedDirectory(provider), "scripted/quick", Router(SystemClock()))
    asking = asyncio.create_task(suggester.suggest(CONVERSATION, seconds=0.05))
    (await provider.next_call()).say("Why are leaves green?\nWhat is chlor")
    assert await asking == ("Why are leaves green?",)


async def test_silence_failure_and_no_conversation_give_none() -> None:
    provider = ScriptedProvider()
    suggester = Suggester(ScriptedDirectory(provider), "scripted/quick", Router(SystemClock()))
    assert await suggester.suggest(CONVERSATION, seconds=0.01) == ()
    silent = await provider.next_call()
    assert silent.closed.is_set()
    asking = asyncio.create_task(suggester.suggest(CONVERSATION, seconds=5))
    (await provider.next_call()).fail(ProviderFailure())
    assert await asking == ()
    assert await suggester.suggest((), seconds=5) == ()
    assert len(provider.calls) == 2
