"""What can be done with turns, and what is refused."""

import asyncio

import pytest
from tests.unit.engine.conftest import ANA, BEN, Bench, drain, until

from millrace.engine import attendance
from millrace.model.commands import CancelTurn, StartTurn, TurnContext
from millrace.model.errors import (
    InvalidRequest,
    LogUnavailable,
    MessageTooLong,
    MillraceError,
    NoActiveStream,
    NotFound,
    Overloaded,
    ProviderFailure,
    RateLimited,
    TurnInProgress,
)
from millrace.model.events import (
    Entry,
    ReasoningCompleted,
    ReasoningDelta,
    ReasoningStep,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnResumed,
    TurnStarted,
    Usage,
)
from millrace.routing.router import RouterOptions
from millrace.stream.digest import text_digest


def kinds(entries: list[Entry]) -> list[str]:
    return [type(entry.event).__name__ for entry in entries]


async def test_a_turn_from_question_to_stored_answer(bench: Bench) -> None:
    turn, call = await bench.ask("What is a log?", request_id="r1")
    follower = await bench.engine.attach(turn)
    call.say("A log ", "is ")
    call.say("a list.")
    call.finish(usage=Usage(7, 3))
    entries = await drain(follower)
    assert kinds(entries) == ["TurnStarted", "TextDelta", "TextDelta", "TextDelta", "TurnCompleted"]
    assert [entry.seq for entry in entries] == list(range(5))
    started, end = entries[0].event, entries[-1].event
    assert isinstance(started, TurnStarted)
    assert isinstance(end, TurnCompleted)
    assert (started.model, started.user_message, started.request_id) == ("scripted/model", "What is a log?", "r1")
    assert (end.digest, end.pieces, end.usage, end.cost) == (text_digest("A log is a list."), 3, Usage(7, 3), 0.01)
    messages = await bench.store.messages(turn.session_id, limit=10)
    assert [(m.role, m.version.content, m.version.status) for m in messages] == [
        ("user", "What is a log?", "complete"),
        ("assistant", "A log is a list.", "complete"),
    ]
    assert messages[1].version.metadata is not None
    assert messages[1].version.metadata["finish_reason"] == "stop"


async def test_the_message_is_stored_before_its_end_is_seen(bench: Bench) -> None:
    for _ in range(5):
        turn, call = await bench.ask()
        follower = await bench.engine.attach(turn)
        call.say("x")
        call.finish()
        await drain(follower)
        assert len(await bench.store.messages(turn.session_id, limit=10)) == 2


async def test_the_next_turn_knows_what_was_said(bench: Bench) -> None:
    first, call = await bench.ask("One?")
    call.say("1")
    call.finish()
    await bench.entries(first)
    _, call = await bench.ask("Two?", first.session_id)
    assert [(m.role, m.content) for m in call.request.messages] == [
        ("user", "One?"),
        ("assistant", "1"),
        ("user", "Two?"),
    ]
    call.finish()


async def test_subject_and_difficulty_reach_the_model(bench: Bench) -> None:
    _, call = await bench.ask(context=TurnContext(subject="physics", difficulty=0.25))
    assert call.request.messages[0].role == "system"
    assert "physics" in call.request.messages[0].content
    assert "0.25" in call.request.messages[0].content
    call.finish()


async def test_reasoning_comes_before_the_answer(bench: Bench) -> None:
    turn, call = await bench.ask(enable_reasoning=True)
    assert call.request.reasoning
    call.think("First, ", "look.\n\nThen ")
    call.think("answer.")
    call.say("Yes.")
    call.finish()
    entries = await bench.entries(turn)
    events = [entry.event for entry in entries]
    assert [e.content for e in events if isinstance(e, ReasoningStep)] == ["First, look.", "Then answer."]
    assert "".join(e.text for e in events if isinstance(e, ReasoningDelta)) == "First, look.\n\nThen answer."
    completed = next(i for i, e in enumerate(events) if isinstance(e, ReasoningCompleted))
    assert isinstance(events[completed + 1], TextDelta)
    messages = await bench.store.messages(turn.session_id, limit=10)
    assert messages[1].version.reasoning == "First, look.\n\nThen answer."


async def test_a_stop_closes_the_upstream_and_keeps_the_partial(bench: Bench) -> None:
    turn, call = await bench.ask()
    follower = await bench.engine.attach(turn)
    call.say("half of ")
    await until(lambda: len(follower.hot.entries) == 2)
    await bench.engine.cancel(CancelTurn(session_id=turn.session_id), ANA)
    async with asyncio.timeout(1):
        await call.closed.wait()
    end = (await drain(follower))[-1].event
    assert isinstance(end, TurnCancelled)
    assert (end.cancelled_by, end.pieces, end.digest) == ("user", 1, text_digest("half of "))
    assert end.stop_ms < 200
    assert end.usage.estimated
    answer = (await bench.store.messages(turn.session_id, limit=10))[1]
    assert (answer.version.content, answer.version.status) == ("half of ", "cancelled")
    with pytest.raises(NoActiveStream):
        await bench.engine.cancel(CancelTurn(session_id=turn.session_id), ANA)


@pytest.mark.parametrize(
    ("error", "code"),
    [(RateLimited(retry_after=7), "RATE_LIMIT"), (ProviderFailure(detail="key sk-1"), "PROVIDER_FAILURE")],
)
async def test_a_provider_error_keeps_the_partial(bench: Bench, error: Exception, code: str) -> None:
    turn, call = await bench.ask()
    call.say("half")
    call.fail(error)
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnFailed)
    assert (end.code, end.digest) == (code, text_digest("half"))
    assert "sk-1" not in end.message
    assert end.retry_after == (7 if code == "RATE_LIMIT" else None)
    answer = (await bench.store.messages(turn.session_id, limit=10))[1]
    assert (answer.version.content, answer.version.status) == ("half", "failed")
    assert answer.version.error is not None
    assert answer.version.error.code == code


async def test_a_stream_that_ends_without_its_finish_is_no_success(bench: Bench) -> None:
    turn, call = await bench.ask()
    call.say("half")
    call.cut()
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnFailed)
    assert (end.code, end.recoverable) == ("PROVIDER_FAILURE", True)


async def test_a_bug_in_a_provider_ends_its_turn_alone(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    turn, call = await bench.ask()
    other, other_call = await bench.ask()
    call.fail(ZeroDivisionError("secret"))
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnFailed)
    assert end.code == "STREAM_ERROR"
    assert "secret" not in end.message
    assert "ZeroDivisionError" in caplog.text
    other_call.finish()
    assert isinstance((await bench.entries(other))[-1].event, TurnCompleted)


@pytest.mark.parametrize(
    ("options", "pieces"),
    [
        ({"first_token_timeout_s": 0.15}, ()),
        ({"idle_timeout_s": 0.15}, ("a",)),
        ({"generation_timeout_s": 0.15}, ("a",)),
    ],
)
async def test_a_silent_provider_is_given_up(make_bench, options: dict[str, float], pieces: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(**options)
    turn, call = await bench.ask()
    if pieces:
        call.say(*pieces)
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnFailed)
    assert (end.code, end.pieces) == ("PROVIDER_TIMEOUT", len(pieces))
    assert call.closed.is_set()


async def test_a_provider_that_ignores_max_tokens_is_cut(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(max_tokens=2)
    turn, call = await bench.ask()
    assert call.request.max_tokens == 2
    call.say("x" * 40)
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnCompleted)
    assert end.finish_reason == "length"
    assert call.closed.is_set()


async def test_a_second_message_waits_for_the_first(bench: Bench) -> None:
    first, call = await bench.ask("One?")
    second = await bench.engine.start(StartTurn(message="Two?", session_id=first.session_id), ANA)
    assert bench.engine.status().queued == 1
    follower = await bench.engine.attach(second)
    call.say("1")
    call.finish()
    later = await bench.provider.next_call()
    assert [m.content for m in later.request.messages] == ["One?", "1", "Two?"]
    later.say("2")
    later.finish()
    assert isinstance((await drain(follower))[-1].event, TurnCompleted)


async def test_a_queued_turn_can_be_stopped(bench: Bench) -> None:
    first, call = await bench.ask("One?")
    second = await bench.engine.start(StartTurn(message="Two?", session_id=first.session_id), ANA)
    await bench.engine.cancel(CancelTurn(turn_id=second.id), ANA)
    entries = await bench.entries(second)
    assert kinds(entries) == ["TurnStarted", "TurnCancelled"]
    call.finish()
    assert isinstance((await bench.entries(first))[-1].event, TurnCompleted)
    assert len(bench.provider.calls) == 1


async def test_a_turn_is_found_and_stopped_by_the_request_that_started_it(bench: Bench) -> None:
    first, call = await bench.ask("One?", request_id="r1")
    second = await bench.engine.start(StartTurn(message="Two?", session_id=first.session_id, request_id="r2"), ANA)
    assert (await bench.engine.requested("r2", ANA)).turn.id == second.id
    assert (await bench.engine.cancel(CancelTurn(request_id="r2"), ANA)).id == second.id
    assert kinds(await bench.entries(second)) == ["TurnStarted", "TurnCancelled"]
    for caller in (BEN, ANA):  # one who never asked it, and one whose turn is over
        with pytest.raises(NoActiveStream):
            await bench.engine.cancel(CancelTurn(request_id="r2"), caller)
    call.finish()
    assert isinstance((await bench.entries(first))[-1].event, TurnCompleted)


async def test_a_busy_session_may_refuse(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(on_busy="reject")
    first, call = await bench.ask()
    with pytest.raises(TurnInProgress):
        await bench.engine.start(StartTurn(message="Two?", session_id=first.session_id), ANA)
    call.finish()


async def test_a_busy_session_may_be_interrupted(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(on_busy="interrupt")
    first, call = await bench.ask("One?")
    call.say("partial")
    second, later = await bench.ask("Two?", first.session_id)
    end = (await bench.entries(first))[-1].event
    assert isinstance(end, TurnCancelled)
    assert end.cancelled_by == "interrupt"
    later.finish()
    assert isinstance((await bench.entries(second))[-1].event, TurnCompleted)


async def test_the_same_request_runs_once(bench: Bench) -> None:
    command = StartTurn(message="Hi", request_id="r")
    turns = await asyncio.gather(*(bench.engine.start(command, ANA) for _ in range(5)))
    assert len({turn.id for turn in turns}) == 1
    call = await bench.provider.next_call()
    call.finish()
    await bench.entries(turns[0])
    assert (await bench.engine.start(command, ANA)).id == turns[0].id
    assert len(bench.provider.calls) == 1
    assert len(await bench.store.sessions("ana", limit=10)) == 1
    assert (await bench.engine.start(command, BEN)).id != turns[0].id
    (await bench.provider.next_call()).finish()


async def test_a_new_version_of_an_answer(bench: Bench) -> None:
    turn, call = await bench.ask("Why?")
    call.say("Because.")
    call.finish()
    await bench.entries(turn)
    answer = (await bench.store.messages(turn.session_id, limit=10))[1]
    again, call = await bench.ask("", regenerate=answer.id)
    assert [m.content for m in call.request.messages] == ["Why?"]
    assert (again.message_id, again.session_id) == (answer.id, turn.session_id)
    call.say("Therefore.")
    call.finish()
    await bench.entries(again)
    messages = await bench.store.messages(turn.session_id, limit=10)
    assert [m.version.content for m in messages] == ["Why?", "Therefore."]
    assert messages[1].version_count == 2
    with pytest.raises(InvalidRequest):
        await bench.engine.start(StartTurn(regenerate=messages[0].id), ANA)
    with pytest.raises(NotFound):
        await bench.engine.start(StartTurn(regenerate=answer.id), BEN)


async def test_what_is_refused(bench: Bench) -> None:
    turn, call = await bench.ask()
    call.finish()
    await bench.entries(turn)
    for command, error in [
        (StartTurn(message="  \n"), InvalidRequest),
        (StartTurn(message="x" * 32_001), MessageTooLong),
        (StartTurn(message="Hi", model="nobody/x"), InvalidRequest),
        (StartTurn(message="Hi", session_id="nowhere"), NotFound),
        (StartTurn(regenerate="nothing"), NotFound),
    ]:
        with pytest.raises(error):
            await bench.engine.start(command, ANA)
    with pytest.raises(InvalidRequest):
        await bench.engine.cancel(CancelTurn(), ANA)


async def test_nobody_touches_another_users_turn(bench: Bench) -> None:
    turn, call = await bench.ask()
    with pytest.raises(NoActiveStream):
        await bench.engine.find(turn.id, BEN)
    with pytest.raises(NoActiveStream):
        await bench.engine.cancel(CancelTurn(turn_id=turn.id), BEN)
    with pytest.raises(NotFound):
        await bench.engine.cancel(CancelTurn(session_id=turn.session_id), BEN)
    with pytest.raises(NotFound):
        await bench.engine.active(turn.session_id, BEN)
    with pytest.raises(NotFound):
        await bench.engine.start(StartTurn(message="Hi", session_id=turn.session_id), BEN)
    call.finish()
    assert isinstance((await bench.entries(turn))[-1].event, TurnCompleted)


async def test_a_turn_nobody_watches_goes_on_by_default(bench: Bench) -> None:
    turn, call = await bench.ask()
    (await bench.engine.attach(turn)).close()
    call.say("x")
    call.finish()
    assert isinstance((await bench.entries(turn))[-1].event, TurnCompleted)


async def test_a_turn_nobody_watches_stops_where_that_is_wanted(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(on_disconnect="cancel", disconnect_grace_s=0.05)
    turn, call = await bench.ask()
    first, second = await bench.engine.attach(turn), await bench.engine.attach(turn)
    first.close()
    call.say("seen by one")
    await until(lambda: len(second.hot.entries) == 2)
    second.close()
    async with asyncio.timeout(1):
        await call.closed.wait()
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnCancelled)
    assert end.cancelled_by == "disconnect"


async def test_a_turn_that_is_watched_elsewhere_goes_on(make_bench, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(attendance, "_AGAIN_S", 0.02)
    bench: Bench = await make_bench(on_disconnect="cancel", disconnect_grace_s=0.02)
    asked: list[str] = []
    elsewhere: list[bool | MillraceError] = [LogUnavailable(), True, True]

    async def followed(turn_id: str) -> bool:
        asked.append(turn_id)
        answer = elsewhere.pop(0) if elsewhere else False
        if isinstance(answer, MillraceError):
            raise answer
        return answer

    monkeypatch.setattr(bench.log, "followed_elsewhere", followed)
    turn, call = await bench.ask()
    (await bench.engine.attach(turn)).close()
    async with asyncio.timeout(5):
        await call.closed.wait()
    assert asked == [turn.id] * 4, "until the last one has left"
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnCancelled)
    assert end.cancelled_by == "disconnect"

    elsewhere.extend([True])
    turn, call = await bench.ask(stop_unwatched=True)
    (await bench.engine.attach(turn)).close()
    back = await bench.engine.attach(turn)
    call.finish()
    assert isinstance((await drain(back))[-1].event, TurnCompleted)


async def test_a_turn_may_be_for_its_watchers_alone(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench()
    turn, call = await bench.ask(stop_unwatched=True)
    first, second = await bench.engine.attach(turn), await bench.engine.attach(turn)
    first.close()
    call.say("seen by one")
    await until(lambda: len(second.hot.entries) == 2)
    second.close()
    async with asyncio.timeout(5):
        await call.closed.wait()
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnCancelled)
    assert end.cancelled_by == "disconnect"
    turn, call = await bench.ask(stop_unwatched=True, model="scripted/prefill")
    watching = await bench.engine.attach(turn)
    await bench.engine.close()
    watching.close()
    new: Bench = await make_bench(share=bench)
    (await new.provider.next_call()).finish()
    assert isinstance((await new.entries(turn))[-1].event, TurnCompleted), "who was sent away has not left"


async def test_one_who_returns_in_time_keeps_the_turn(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(on_disconnect="cancel", disconnect_grace_s=0.2)
    turn, call = await bench.ask()
    (await bench.engine.attach(turn)).close()
    back = await bench.engine.attach(turn)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(call.closed.wait(), 0.4)
    call.finish()
    assert isinstance((await drain(back))[-1].event, TurnCompleted)


async def test_a_shutdown_hands_turns_over_and_another_engine_goes_on(make_bench) -> None:  # type: ignore[no-untyped-def]
    old: Bench = await make_bench()
    turn, call = await old.ask("Count.", model="scripted/prefill")
    waiting = await old.engine.start(StartTurn(message="Then?", session_id=turn.session_id), ANA)
    follower = await old.engine.attach(turn)
    call.say("one ", "two ")
    await until(lambda: len(follower.hot.entries) == 3)
    await old.engine.close()
    assert call.closed.is_set()
    with pytest.raises(Overloaded):
        await old.engine.start(StartTurn(message="Hi"), ANA)
    new: Bench = await make_bench(share=old)
    continued = await new.provider.next_call()
    assert [(m.role, m.content) for m in continued.request.messages] == [("user", "Count."), ("assistant", "one two ")]
    continued.say("three")
    continued.finish()
    entries = await new.entries(turn)
    assert kinds(entries) == ["TurnStarted", "TextDelta", "TextDelta", "TurnResumed", "TextDelta", "TurnCompleted"]
    assert entries[3].event == TurnResumed(8, 2)
    assert entries[4].event == TextDelta(2, "three")
    end = entries[-1].event
    assert isinstance(end, TurnCompleted)
    assert end.digest == text_digest("one two three")
    (await new.provider.next_call()).finish()
    assert isinstance((await new.entries(waiting))[-1].event, TurnCompleted)


async def test_what_cannot_be_continued_ends_as_interrupted(make_bench) -> None:  # type: ignore[no-untyped-def]
    old: Bench = await make_bench()
    turn, call = await old.ask()
    follower = await old.engine.attach(turn)
    call.say("half")
    await until(lambda: len(follower.hot.entries) == 2)
    await old.engine.close()
    new: Bench = await make_bench(share=old, router=RouterOptions(ask_to_go_on=False))
    end = (await new.entries(turn))[-1].event
    assert isinstance(end, TurnFailed)
    assert (end.code, end.digest) == ("INTERRUPTED", text_digest("half"))
    answer = (await new.store.messages(turn.session_id, limit=10))[1]
    assert (answer.version.content, answer.version.status) == ("half", "failed")


async def test_a_turn_that_had_said_nothing_is_simply_asked_again(make_bench) -> None:  # type: ignore[no-untyped-def]
    old: Bench = await make_bench()
    turn, _ = await old.ask("Hello?")
    await old.engine.close()
    new: Bench = await make_bench(share=old)
    again = await new.provider.next_call()
    assert [m.content for m in again.request.messages] == ["Hello?"]
    again.say("Hi!")
    again.finish()
    assert isinstance((await new.entries(turn))[-1].event, TurnCompleted)


async def test_an_ended_turn_can_be_read_until_its_log_is_gone(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(linger_s=0.0)
    turn, call = await bench.ask()
    call.say("x")
    call.finish()
    message, terminal = await bench.engine.result(turn.id, ANA)
    assert (message.text, message.status, terminal.seq) == ("x", "complete", 2)
    await asyncio.sleep(0.01)
    assert len(await bench.entries(turn)) == 3
    await asyncio.sleep(0.01)
    assert await bench.log.prune(turn.created_at + 60_000) == 1
    with pytest.raises(NoActiveStream) as over:
        await bench.engine.attach(turn)
    assert over.value.answer is not None
    assert (over.value.answer.id, over.value.answer.version.content) == (turn.message_id, "x")


async def test_a_followers_lag_costs_nothing_but_its_cursor(bench: Bench) -> None:
    turn, call = await bench.ask()
    slow, quick = await bench.engine.attach(turn), await bench.engine.attach(turn)
    for index in range(1000):
        call.say(f"{index} ")
    call.finish()
    entries = await drain(quick)
    assert len(entries) == 1002
    batch = await slow.next()
    assert batch.ended
    assert len(batch.parts) < 10, "a thousand entries in a few merged frames"
    slow.close()


async def test_the_callers_own_key_is_used_and_not_kept(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(caller_api_keys=True)
    for keys in ({"api_key": "sk-mine"}, {"api_keys": {"scripted": "sk-mine", "other": "sk-x"}, "api_key": "sk-y"}):
        turn, call = await bench.ask(**keys)
        assert call.request.api_key == "sk-mine"
        record = await bench.engine.find(turn.id, ANA)
        assert "sk-" not in repr(record)
        assert record.turn.command.own_key
        call.finish()
    turn, call = await bench.ask(api_keys={"other": "sk-x"})
    assert call.request.api_key is None
    assert not turn.command.own_key
    call.finish()


async def test_a_session_that_clients_name_begins_once(bench: Bench) -> None:
    command = StartTurn(message="Hi", session_name="main")
    turns = await asyncio.gather(*(bench.engine.start(command, ANA) for _ in range(3)))
    assert len({turn.session_id for turn in turns}) == 1
    for _ in turns:
        (await bench.provider.next_call()).finish()
    await asyncio.gather(*(bench.entries(turn) for turn in turns))
    assert [session.id for session in await bench.store.sessions("ana", limit=5)] == [turns[0].session_id]
    later, call = await bench.ask(session_name="main")
    assert len(call.request.messages) == 4, "what was said before under that name is known"
    call.finish()
    with pytest.raises(NotFound):
        await bench.engine.start(StartTurn(message="Hi", session_name=later.session_id), BEN)


async def test_who_has_seen_the_end_finds_nothing_running(bench: Bench) -> None:
    turn, call = await bench.ask()
    assert [record.turn.id for record in await bench.engine.active(turn.session_id, ANA)] == [turn.id]
    call.finish()
    await bench.entries(turn)
    assert await bench.engine.active(turn.session_id, ANA) == []
    with pytest.raises(NoActiveStream):
        await bench.engine.cancel(CancelTurn(session_id=turn.session_id), ANA)
