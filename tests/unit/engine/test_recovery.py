"""Turns of dead processes are found, gone on with or released, and old logs forgotten."""

import msgspec
import pytest
from tests.unit.engine.conftest import Bench, until

from millrace.model.commands import StartTurn
from millrace.model.errors import StreamError
from millrace.model.events import TurnCompleted, TurnFailed, TurnStarted, Usage
from millrace.model.messages import Turn
from millrace.model.turns import Lease, Signal


def turn_of(session_id: str, model: str = "scripted/prefill") -> Turn:
    return Turn(
        id="dead",
        session_id=session_id,
        user_id="ana",
        user_message_id="u",
        message_id="m",
        command=StartTurn(message="Hi", session_id=session_id),
        model=model,
        created_at=1,
    )


async def died(bench: Bench, model: str = "scripted/prefill") -> tuple[Turn, int]:
    """A turn of a process that is gone; returns its fencing number."""
    first, call = await bench.ask("first")
    call.finish()
    await bench.entries(first)
    turn = turn_of(first.session_id, model)
    record = (await bench.registry.admit(turn, queue_limit=0)).record
    writer = await bench.log.open(record.lease)
    writer.append(TurnStarted(turn.id, turn.session_id, turn.message_id, turn.user_message_id, model))
    await bench.registry.abandon(record.lease)
    return turn, record.lease.fence


async def test_an_orphan_is_found_while_the_server_runs(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(recovery_interval_s=0.02)
    turn, _ = await died(bench)
    call = await bench.provider.next_call()
    call.say("back")
    call.finish()
    assert isinstance((await bench.entries(turn))[-1].event, TurnCompleted)


async def test_a_sealed_orphan_is_stored_and_released(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(recovery_interval_s=3600)
    turn, _ = await died(bench)
    lease = await bench.registry.take_over(turn.id)
    assert lease is not None
    writer = await bench.log.open(lease)
    await writer.seal(TurnCompleted("stop", "", 0, Usage(), turn.model))
    await bench.registry.abandon(lease)
    assert await bench.store.answer(turn.id) is None
    await bench.engine._recovery.sweep()
    await until(lambda: not bench.engine._runs.has(turn.id))
    record = await bench.registry.find(turn.id)
    assert record is not None
    assert record.state == "completed"
    assert await bench.store.answer(turn.id) is not None
    assert len(bench.provider.calls) == 1


async def test_a_turn_that_kills_every_process_ends_as_interrupted(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(recovery_interval_s=3600, max_takeovers=2)
    turn, _ = await died(bench)
    for _ in range(2):
        lease = await bench.registry.take_over(turn.id)
        assert lease is not None
        await bench.registry.abandon(lease)
    await bench.engine._recovery.sweep()
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnFailed)
    assert end.code == "INTERRUPTED"


async def test_a_turn_on_a_key_that_nobody_kept_goes_on_with_no_other(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(caller_api_keys=True)
    turn, call = await bench.ask(api_key="sk-mine", model="scripted/prefill")
    call.say("Half")
    await bench.engine.close()
    new: Bench = await make_bench(share=bench)
    end = (await new.entries(turn))[-1].event
    assert isinstance(end, TurnFailed)
    assert (end.code, len(bench.provider.calls)) == ("INTERRUPTED", 1)


async def test_old_logs_are_forgotten(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(log_retention_s=-1.0, linger_s=0.0)
    turn, call = await bench.ask()
    call.finish()
    await bench.entries(turn)
    await bench.engine._recovery.prune()
    assert list(await bench.log.read(turn.id)) == []


async def test_a_turn_that_is_given_up_is_looked_for_at_once(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(recovery_interval_s=3600)
    turn, _ = await died(bench)
    await bench.registry.signal(Signal(turn.id, "adopt"))
    call = await bench.provider.next_call()
    call.say("back")
    call.finish()
    assert isinstance((await bench.entries(turn))[-1].event, TurnCompleted)


async def test_a_turn_that_another_process_took_ends_here_without_a_word(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(recovery_interval_s=0.02)
    turn, call = await bench.ask("Hi")
    follower = await bench.engine.attach(turn)
    call.say("begun")
    await until(lambda: len(follower.hot.entries) == 2)
    record = await bench.registry.find(turn.id)
    assert record is not None
    # Both at once, as another process does it: here nobody finds an orphan in between.
    await bench.registry.abandon(record.lease)
    taken = await bench.registry.take_over(turn.id)
    assert taken is not None
    await call.closed.wait()
    await until(lambda: bench.engine.status().running == 0)
    assert len(await bench.log.read(turn.id)) == 2
    found = await bench.registry.find(turn.id)
    assert found is not None
    assert (found.state, found.lease) == ("running", taken)


async def test_one_that_cannot_be_gone_on_with_keeps_no_other_from_it(  # type: ignore[no-untyped-def]
    make_bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench: Bench = await make_bench(recovery_interval_s=3600)
    first, call = await bench.ask("first")
    call.finish()
    await bench.entries(first)
    for name in ("lost", "dead"):
        turn = msgspec.structs.replace(turn_of(name), id=name)
        record = (await bench.registry.admit(turn, queue_limit=0)).record
        await bench.registry.abandon(record.lease)
    take_over = bench.registry.take_over

    async def some(turn_id: str) -> Lease | None:
        if turn_id == "lost":
            raise StreamError(detail="the log is gone")
        return await take_over(turn_id)

    monkeypatch.setattr(bench.registry, "take_over", some)
    with pytest.raises(StreamError):
        await bench.engine._recovery.sweep()
    call = await bench.provider.next_call()
    call.say("back")
    call.finish()
    assert isinstance((await bench.entries(turn_of("dead")))[-1].event, TurnCompleted)
