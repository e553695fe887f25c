"""A model without reasoning is asked twice; one that turns out to have some, once."""

import asyncio
from collections.abc import Sequence

import pytest
from tests.support.scripted_provider import Call, ScriptedDirectory, ScriptedProvider

from millrace.model.errors import ProviderFailure
from millrace.model.events import Usage
from millrace.model.generation import (
    Delta,
    EarlierCall,
    Finished,
    GenerationRequest,
    PromptMessage,
    ReasoningPiece,
    StepFound,
    TextPiece,
    TokensScored,
    UsageReported,
)
from millrace.thinking.directory import ThinkingDirectory
from millrace.thinking.prompts import asks_for_steps
from millrace.thinking.stepwise import StepwiseProvider

QUESTION = PromptMessage("user", "Why?")
REQUEST = GenerationRequest(model="m", messages=(QUESTION,), reasoning=True, max_tokens=500, temperature=0.3)
STEPS = "decomposition: Take it apart. [confidence 0.9]\nsynthesis: So it is. [confidence 0.8]"
FOUND = (StepFound("decomposition", "Take it apart.", 0.9), StepFound("synthesis", "So it is.", 0.8))


class Asked:
    """A call that is under way, and what came of it."""

    def __init__(self, request: GenerationRequest = REQUEST, thinkers: set[str] | None = None) -> None:
        self.inner = ScriptedProvider()
        self.thinkers = set() if thinkers is None else thinkers
        self.batches: list[Sequence[Delta]] = []
        provider = StepwiseProvider(self.inner, 100, self.thinkers)
        self.task = asyncio.ensure_future(provider.generate(request, self.batches.append))

    @property
    def deltas(self) -> list[Delta]:
        return [delta for batch in self.batches for delta in batch]

    async def call(self) -> Call:
        return await self.inner.next_call()


async def test_steps_come_as_they_are_written_and_stand_in_the_second_prompt() -> None:
    asked = Asked()
    plan = await asked.call()
    assert asks_for_steps(plan.request.messages[-1].content)
    assert (plan.request.max_tokens, plan.request.temperature) == (100, 0.3)
    assert (plan.request.reasoning, plan.request.logprobs) == (False, True)
    plan.say("decomposition: Take ", "it apart. [confidence 0.9]\nsyn")
    while not asked.deltas:
        await asyncio.sleep(0)
    assert asked.deltas == [FOUND[0]]
    plan.say("thesis: So it is. [confidence 0.8]")
    plan.finish(usage=Usage(10, 20))
    answer = await asked.call()
    assert asked.deltas == [*FOUND, EarlierCall(Usage(10, 20, reasoning_tokens=20))]
    assert "1. decomposition: Take it apart. [confidence 0.9]" in answer.request.messages[-1].content
    assert (answer.request.max_tokens, answer.request.reasoning, answer.request.logprobs) == (500, False, False)
    answer.say("Because.")
    answer.finish(usage=Usage(30, 2))
    await asked.task
    assert asked.deltas[3:] == [TextPiece("Because."), UsageReported(Usage(30, 2)), Finished("stop")]


async def test_whoever_waits_sees_that_somebody_is_there() -> None:
    asked = Asked()
    (await asked.call()).say("decomposition: A long")
    while not asked.batches:
        await asyncio.sleep(0)
    assert asked.deltas == []
    asked.task.cancel()


async def test_usage_that_is_not_reported_is_estimated() -> None:
    asked = Asked()
    plan = await asked.call()
    plan.say(STEPS)
    plan.finish()
    (await asked.call()).finish()
    await asked.task
    [earlier] = [delta for delta in asked.deltas if isinstance(delta, EarlierCall)]
    assert earlier.usage.estimated
    assert earlier.usage.output_tokens == -(-len(STEPS) // 4)
    assert earlier.usage.input_tokens > 50


async def test_a_model_that_thinks_by_itself_is_found_out_once() -> None:
    asked = Asked()
    plan = await asked.call()
    plan.think("Hm")
    answer = await asked.call()
    assert plan.closed.is_set(), "its first call was closed"
    assert answer.request is REQUEST, "and it is asked to think in its own way"
    answer.think("Hm.")
    answer.say("Because.")
    answer.finish()
    await asked.task
    assert isinstance(asked.deltas[0], EarlierCall)
    assert asked.deltas[1:3] == [ReasoningPiece("Hm."), TextPiece("Because.")]
    again = Asked(thinkers=asked.thinkers)
    assert (await again.call()).request is REQUEST
    again.task.cancel()


@pytest.mark.parametrize(
    "request_",
    [
        GenerationRequest(model="m", messages=(QUESTION,)),
        GenerationRequest(model="m", messages=(QUESTION, PromptMessage("assistant", "Bec")), reasoning=True),
        GenerationRequest(model="m", messages=(QUESTION,), reasoning=True, steps=FOUND),
    ],
    ids=["nothing to think about", "an answer has begun", "it was thought before"],
)
async def test_when_no_steps_are_asked_for(request_: GenerationRequest) -> None:
    asked = Asked(request_)
    call = await asked.call()
    assert not asks_for_steps(call.request.messages[0].content)
    assert ("Take it apart." in call.request.messages[0].content) is bool(request_.steps)
    call.finish()
    await asked.task
    assert asked.deltas == [Finished("stop")]


async def test_steps_that_broke_off_are_thought_anew() -> None:
    asked = Asked(GenerationRequest(model="m", messages=(QUESTION,), reasoning=True, steps=FOUND[:1]))
    assert asks_for_steps((await asked.call()).request.messages[-1].content)
    asked.task.cancel()


async def test_a_failure_in_the_first_call_is_one() -> None:
    asked = Asked()
    plan = await asked.call()
    plan.say("decomposition: a [confidence 0.5]\n")
    plan.fail(ProviderFailure("No."))
    with pytest.raises(ProviderFailure):
        await asked.task
    assert asked.deltas == [StepFound("decomposition", "a", 0.5)]


async def test_steps_that_do_not_end_are_cut() -> None:
    asked = Asked()
    plan = await asked.call()
    plan.say("decomposition: Begin. [confidence 0.9]\nexploration: ", "and so on " * 200)
    answer = await asked.call()
    assert plan.closed.is_set()
    assert [delta.kind for delta in asked.deltas if isinstance(delta, StepFound)] == ["decomposition", "exploration"]
    answer.finish()
    await asked.task


async def test_a_model_that_writes_no_steps_answers_all_the_same() -> None:
    asked = Asked()
    (await asked.call()).finish()
    answer = await asked.call()
    assert answer.request.messages == (QUESTION,)
    answer.finish()
    await asked.task


async def test_probabilities_are_confidence_where_none_is_stated() -> None:
    asked = Asked()
    plan = await asked.call()
    plan.deltas(TextPiece("decomposition: a"), TokensScored((0.5, 0.7)))
    plan.finish()
    (await asked.call()).finish()
    await asked.task
    [step] = [delta for delta in asked.deltas if isinstance(delta, StepFound)]
    assert step.confidence == pytest.approx(0.6)


def test_the_directory_wraps_what_does_not_think_but_does_what_it_is_told() -> None:
    inner = ScriptedProvider()
    directory = ThinkingDirectory(ScriptedDirectory(inner), 100)
    assert isinstance(directory.resolve(None).provider, StepwiseProvider)
    for name in ("reasoning", "quoting"):
        assert directory.resolve(f"scripted/{name}").provider is inner
    assert directory.default == "scripted/model"
    assert len(directory.models()) == 2
    assert directory.cost("scripted/model", Usage(500, 500)) == 1.0
