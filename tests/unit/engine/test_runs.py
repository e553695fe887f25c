"""The runs of a process: signals find them, deadlines are watched, and the last one is awaited."""

from tests.unit.engine.conftest import ANA, Bench, until

from millrace.engine.runs import Runs
from millrace.model.commands import CancelTurn, StartTurn
from millrace.model.turns import Signal
from millrace.ops.clock import SystemClock


async def test_counting_and_signals(bench: Bench) -> None:
    turn, call = await bench.ask()
    waiting = await bench.engine.start(StartTurn(message="Then?", session_id=turn.session_id), ANA)
    runs = bench.engine._runs
    assert (runs.running, runs.queued) == (1, 1)
    assert runs.has(turn.id)
    assert {lease.turn_id for lease in runs.leases()} == {turn.id, waiting.id}
    runs.signal(Signal("somebody else's", "cancel"))
    await bench.engine.cancel(CancelTurn(turn_id=waiting.id), ANA)
    await until(lambda: runs.queued == 0)
    call.finish()
    await until(lambda: runs.running == 0)
    assert not runs.has(turn.id)


async def test_closing_without_runs_is_immediate() -> None:
    runs = Runs(SystemClock())
    await runs.close()
    assert runs.running == 0


async def test_closing_waits_for_a_turn_that_is_ending(bench: Bench) -> None:
    turn, call = await bench.ask()
    call.say("whole")
    call.finish()
    follower = await bench.engine.attach(turn)
    await until(lambda: len(follower.hot.entries) >= 2)
    await bench.engine.close()
    stored = await bench.store.messages(turn.session_id, limit=5)
    orphans = await bench.registry.orphans()
    assert (len(stored), len(orphans)) in {(2, 0), (0, 1)}, "stored whole or handed over, nothing between"
