import asyncio

from tests.support.scripted_provider import ScriptedDirectory, ScriptedProvider

from millrace.model.errors import ProviderFailure
from millrace.ops.clock import SystemClock
from millrace.routing.router import Router
from millrace.suggestions.titler import Titler


async def test_the_model_gives_a_title() -> None:
    provider = ScriptedProvider(autoplay=['Title: "Sugar', ' out of light."'])
    titler = Titler(ScriptedDirectory(provider), "scripted/quick", Router(SystemClock()))
    assert await titler.title("What is photosynthesis?", "Sugar out of light.", seconds=5) == "Sugar out of light"
    assert "What is photosynthesis?" in provider.calls[0].request.messages[-1].content


async def test_half_a_title_is_none() -> None:
    provider = ScriptedProvider()
    titler = Titler(ScriptedDirectory(provider), "scripted/quick", Router(SystemClock()))
    asking = asyncio.create_task(titler.title("What is photosynthesis?", "", seconds=0.05))
    (await provider.next_call()).say("Sugar out")
    assert await asking is None


async def test_refusal_failure_and_an_empty_question_give_none() -> None:
    refusing = ScriptedProvider(autoplay=["I'm sorry, I can't do that."])
    assert (
        await Titler(ScriptedDirectory(refusing), "scripted/quick", Router(SystemClock())).title(
            "hi", "hello", seconds=5
        )
        is None
    )
    provider = ScriptedProvider()
    titler = Titler(ScriptedDirectory(provider), "scripted/quick", Router(SystemClock()))
    asking = asyncio.create_task(titler.title("hi", "hello", seconds=5))
    (await provider.next_call()).fail(ProviderFailure())
    assert await asking is None
    assert await titler.title(" ", "hello", seconds=5) is None
    assert len(provider.calls) == 1
