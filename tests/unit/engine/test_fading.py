import pytest
from tests.support.clock import ManualClock
from tests.unit.engine.conftest import ANA, Bench, until

from millrace.engine.fading import Fading
from millrace.model.commands import StartTurn
from millrace.model.errors import NoActiveStream, StreamError


class Log:
    """Forgets, or cannot."""

    def __init__(self) -> None:
        self.forgotten: list[str] = []
        self.broken = False

    async def forget(self, turn_id: str) -> None:
        if self.broken:
            raise StreamError
        self.forgotten.append(turn_id)


async def test_what_failed_stays_longer_and_what_could_not_be_forgotten_is_tried_again() -> None:
    log, clock = Log(), ManualClock()
    fading = Fading(log, clock, ended_s=10)  # type: ignore[arg-type]  # one verb of the port is enough here
    fading.begin("good", failed=False)
    fading.begin("bad", failed=True)
    await fading.sweep()
    clock.advance(10)
    log.broken = True
    await fading.sweep()
    log.broken = False
    await fading.sweep()
    assert log.forgotten == ["good"]
    clock.advance(50)
    await fading.sweep()
    fading.begin("last", failed=True)
    await fading.close()
    assert log.forgotten == ["good", "bad", "last"]


async def test_an_ephemeral_turn_leaves_nothing_behind(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(linger_s=0.01, recovery_interval_s=0.01)
    turn, call = await bench.ask("Whisper?", ephemeral=True)
    call.say("Hush.")
    call.finish()
    await bench.entries(turn)
    await until(lambda: turn.id not in bench.registry._turns)
    assert list(await bench.log.read(turn.id)) == []
    assert list(await bench.store.sessions("ana", limit=5)) == []
    with pytest.raises(NoActiveStream):
        await bench.engine.find(turn.id, ANA)


async def test_one_in_a_conversation_knows_it_and_changes_nothing_of_it(bench: Bench) -> None:
    first, call = await bench.ask("One?")
    call.say("1.")
    call.finish()
    await bench.entries(first)
    command = StartTurn(message="Between us?", session_id=first.session_id, ephemeral=True)
    aside = await bench.engine.start(command, ANA)
    call = await bench.provider.next_call()
    assert len(call.request.messages) == 3
    call.finish()
    await bench.entries(aside)
    assert len(await bench.store.messages(first.session_id, limit=10)) == 2
