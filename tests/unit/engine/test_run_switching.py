"""A turn whose model fails is answered by the next one; the log and the books say by whom."""

from tests.support.scripted_provider import ScriptedProvider
from tests.unit.engine.conftest import ANA, Bench, until

from millrace.model.commands import CancelTurn
from millrace.model.errors import ProviderFailure, RequestRefused
from millrace.model.events import (
    Citation,
    Part,
    ProviderSwitched,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnResumed,
    TurnStarted,
    Usage,
)
from millrace.model.generation import CitationsFound, EarlierCall, StepFound, UsageReported
from millrace.stream.digest import text_digest


async def test_before_the_first_word_it_costs_nothing_but_time(make_bench) -> None:  # type: ignore[no-untyped-def]
    second = ScriptedProvider()
    bench: Bench = await make_bench(then=second)
    turn, call = await bench.ask("Why?")
    call.fail(ProviderFailure())
    call = await second.next_call()
    call.say("Because.")
    call.finish(usage=Usage(3, 2))
    entries = await bench.entries(turn)
    assert [type(entry.event) for entry in entries] == [TurnStarted, ProviderSwitched, TextDelta, TurnCompleted]
    assert entries[1].event == ProviderSwitched("scripted/model", "second/model", "failed", 0, Usage(), 0.0)
    end = entries[-1].event
    assert isinstance(end, TurnCompleted)
    assert (end.model, end.usage) == ("second/model", Usage(3, 2))
    assert bench.engine._services.timings.estimate_ms("second/model") is None, "its time says nothing of either"


async def test_in_the_middle_both_parts_are_counted_and_stored(make_bench) -> None:  # type: ignore[no-untyped-def]
    second = ScriptedProvider()
    bench: Bench = await make_bench(then=second)
    turn, call = await bench.ask("Why?")
    call.say("The wheel turns ", "because the water ")
    call.deltas(CitationsFound((Citation("A", "a", start=0, end=3),)))
    call.deltas(UsageReported(Usage(5, 9)))
    call.fail(ProviderFailure())
    call = await second.next_call()
    assert call.request.messages[-2].content == "The wheel turns because the water "
    call.say("because the ", "water runs.")
    call.deltas(CitationsFound((Citation("B", "b", start=18, end=22),)))
    call.finish(usage=Usage(20, 4))
    entries = await bench.entries(turn)
    end = entries[-1].event
    assert isinstance(end, TurnCompleted)
    text = "The wheel turns because the water runs."
    assert end.digest == text_digest(text)
    assert end.parts == (Part("scripted/model", Usage(5, 9), 0.014, 34), Part("second/model", Usage(20, 4), None, 5))
    assert (end.usage, end.cost) == (Usage(25, 13), None)
    (switched,) = [entry.event for entry in entries if isinstance(entry.event, ProviderSwitched)]
    assert (switched.position, switched.usage, switched.cost) == (34, Usage(5, 9), 0.014)
    first, later = end.citations
    assert (text[first.start : first.end], text[later.start : later.end]) == ("The", "runs")
    stored = (await bench.store.messages(turn.session_id, limit=2))[1]
    assert stored.version.content == text
    assert stored.version.metadata is not None
    assert [part["model"] for part in stored.version.metadata["parts"]] == ["scripted/model", "second/model"]


async def test_what_was_thought_is_not_thought_again(make_bench) -> None:  # type: ignore[no-untyped-def]
    second = ScriptedProvider()
    bench: Bench = await make_bench(then=second)
    turn, call = await bench.ask("Why?", thinking_mode="system2")
    call.deltas(StepFound("synthesis", "So it is."), EarlierCall(Usage(3, 3), 0.5))
    call.fail(ProviderFailure())
    call = await second.next_call()
    assert call.request.steps == (StepFound("synthesis", "So it is."),)
    assert call.request.reasoning
    call.say("Because.")
    call.finish()
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnCompleted)
    assert end.parts[0].usage.output_tokens >= 3, "what it had thought is counted"


async def test_a_silent_model_is_left_for_the_next(make_bench) -> None:  # type: ignore[no-untyped-def]
    second = ScriptedProvider()
    bench: Bench = await make_bench(then=second, idle_timeout_s=0.1, first_token_timeout_s=30)
    turn, call = await bench.ask("Why?")
    call.say("x" * 40)
    later = await second.next_call()
    assert call.closed.is_set()
    later.say("x" * 40 + "!")
    later.finish()
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnCompleted)
    assert end.digest == text_digest("x" * 40 + "!")
    assert end.parts[0].usage.estimated
    assert (end.parts[0].chars, end.parts[1].chars) == (40, 1)


async def test_a_stop_after_a_switch_keeps_and_counts_both_parts(make_bench) -> None:  # type: ignore[no-untyped-def]
    second = ScriptedProvider()
    bench: Bench = await make_bench(then=second)
    turn, call = await bench.ask("Why?")
    call.say("The first part, ")
    call.fail(ProviderFailure())
    call = await second.next_call()
    call.say("and a second one")
    follower = await bench.engine.attach(turn)
    await until(lambda: sum(isinstance(entry.event, TextDelta) for entry in follower.hot.entries) == 2)
    follower.close()
    await bench.engine.cancel(CancelTurn(turn_id=turn.id), ANA)
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnCancelled)
    assert (end.model, [part.model for part in end.parts]) == ("second/model", ["scripted/model", "second/model"])
    assert end.usage.estimated
    assert end.digest == text_digest("The first part, and a second one")
    assert call.closed.is_set()


async def test_what_the_next_one_could_not_do_better_is_told_at_once(make_bench) -> None:  # type: ignore[no-untyped-def]
    second = ScriptedProvider()
    bench: Bench = await make_bench(then=second)
    turn, call = await bench.ask("Why?")
    call.say("x" * 40)
    call.fail(RequestRefused())
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnFailed)
    assert (end.code, end.parts, end.model) == ("PROVIDER_FAILURE", (), "scripted/model")
    assert end.usage == Usage(1, 10, estimated=True)
    assert second.calls == []
    stored = (await bench.store.messages(turn.session_id, limit=2))[1]
    assert stored.version.metadata is not None
    assert stored.version.metadata["usage"]["estimated"]


async def test_another_process_goes_on_with_who_was_answering(make_bench) -> None:  # type: ignore[no-untyped-def]
    second = ScriptedProvider()
    old: Bench = await make_bench(then=second)
    turn, call = await old.ask("Count.")
    call.say("one, ")
    call.fail(ProviderFailure())
    call = await second.next_call()
    call.say("two, ")
    follower = await old.engine.attach(turn)
    await until(lambda: sum(isinstance(entry.event, TextDelta) for entry in follower.hot.entries) == 2)
    await old.engine.close()
    new: Bench = await make_bench(share=old, then=second)
    call = await second.next_call()
    assert call.request.messages[1].content == "one, two, "
    call.say("one, two, three.")
    call.finish(usage=Usage(4, 4))
    entries = await new.entries(turn)
    end = entries[-1].event
    assert isinstance(end, TurnCompleted)
    assert end.digest == text_digest("one, two, three.")
    assert sum(isinstance(entry.event, TurnResumed) for entry in entries) == 1
    assert sum(isinstance(entry.event, ProviderSwitched) for entry in entries) == 1
    assert [(part.model, part.chars) for part in end.parts] == [
        ("scripted/model", 5),
        ("second/model", 5),
        ("second/model", 6),
    ]
    assert end.usage.estimated
    assert end.parts[1].usage.input_tokens == 2, "what the dead process had asked"
