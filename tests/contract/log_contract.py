"""What every log and registry promises; each backend's test gives a `backend` fixture and inherits this."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from tests.support.turns import Sink, Turns, completed, started

from millrace.model.errors import LeaseLost, StreamError, TurnInProgress
from millrace.model.events import TextDelta, TurnStarted
from millrace.model.messages import Turn
from millrace.model.turns import Lease, Signal
from millrace.ports import TurnLog, TurnRegistry


class ManualClock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.ms = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000


@dataclass
class Backend:
    """A log with its registry; `reopen` gives the same data to a new process."""

    log: TurnLog
    registry: TurnRegistry
    clock: ManualClock
    reopen: Callable[[], Awaitable["Backend"]] | None = None


@pytest.fixture
def turns(backend: Backend) -> Turns:
    return Turns(backend.clock)


class LogContract:
    async def admitted(self, backend: Backend, turn: Turn) -> Lease:
        return (await backend.registry.admit(turn, queue_limit=5)).record.lease

    async def test_entries_are_numbered_from_zero_and_read_back(self, backend: Backend, turns: Turns) -> None:
        turn = turns.new()
        writer = await backend.log.open(await self.admitted(backend, turn))
        assert writer.append(started(turn)) == 0
        assert [writer.append(TextDelta(i, f"{i} é😀")) for i in range(100)] == list(range(1, 101))
        assert await writer.seal(completed()) == 101
        entries = await backend.log.read(turn.id)
        assert [entry.seq for entry in entries] == list(range(102))
        assert entries[0].event == started(turn)
        assert entries[57].event == TextDelta(56, "56 é😀")
        assert [entry.seq for entry in await backend.log.read(turn.id, after=99)] == [100, 101]
        assert list(await backend.log.read(turn.id, after=101)) == []

    async def test_an_unknown_turn_has_no_entries(self, backend: Backend) -> None:
        assert list(await backend.log.read("nobody")) == []

    async def test_nothing_follows_the_terminal_event(self, backend: Backend, turns: Turns) -> None:
        turn = turns.new()
        lease = await self.admitted(backend, turn)
        writer = await backend.log.open(lease)
        writer.append(started(turn))
        await writer.seal(completed())
        with pytest.raises(StreamError):
            writer.append(TextDelta(0, "late"))
        with pytest.raises(StreamError):
            (await backend.log.open(lease)).append(TextDelta(0, "late"))

    async def test_a_writer_goes_on_after_the_last_accepted_entry(self, backend: Backend, turns: Turns) -> None:
        turn = turns.new()
        lease = await self.admitted(backend, turn)
        first = await backend.log.open(lease)
        first.append(started(turn))
        first.append(TextDelta(0, "a"))
        await first.flush()
        second = await backend.log.open(lease)
        assert second.next_seq == 2
        assert second.append(TextDelta(1, "b")) == 2
        await second.flush()
        assert [entry.seq for entry in await backend.log.read(turn.id)] == [0, 1, 2]

    async def test_a_follower_gets_each_entry_once_and_in_order(self, backend: Backend, turns: Turns) -> None:
        turn = turns.new()
        writer = await backend.log.open(await self.admitted(backend, turn))
        writer.append(started(turn))
        for index in range(50):
            writer.append(TextDelta(index, str(index)))
        await writer.flush()
        early, late = Sink(), Sink()
        await backend.log.follow(turn.id, -1, early)
        assert [entry.seq for entry in early.entries] == list(range(51)), "the backlog is given at once"
        following = asyncio.create_task(backend.log.follow(turn.id, 10, late))
        for index in range(50, 400):
            writer.append(TextDelta(index, str(index)))
            if index % 7 == 0:
                await asyncio.sleep(0)
        await following
        await writer.seal(completed())
        assert [entry.seq for entry in await early.until(402)] == list(range(402))
        assert [entry.seq for entry in await late.until(391)] == list(range(11, 402))
        assert early.entries[20] == late.entries[9]

    async def test_a_follower_that_left_gets_nothing_more(self, backend: Backend, turns: Turns) -> None:
        turn = turns.new()
        writer = await backend.log.open(await self.admitted(backend, turn))
        gone, here = Sink(), Sink()
        subscription = await backend.log.follow(turn.id, -1, gone)
        await backend.log.follow(turn.id, -1, here)
        subscription.close()
        subscription.close()
        writer.append(started(turn))
        await here.until(1)
        assert gone.entries == []

    async def test_a_follower_may_come_before_the_writer(self, backend: Backend, turns: Turns) -> None:
        turn = turns.new()
        lease = await self.admitted(backend, turn)
        sink = Sink()
        await backend.log.follow(turn.id, -1, sink)
        writer = await backend.log.open(lease)
        writer.append(started(turn))
        await writer.seal(completed())
        assert [entry.seq for entry in await sink.until(2)] == [0, 1]

    async def test_followers_see_only_what_was_accepted(self, backend: Backend, turns: Turns) -> None:
        """What a follower has seen is there for whoever reads the log at that moment."""
        turn = turns.new()
        writer = await backend.log.open(await self.admitted(backend, turn))
        sink = Sink()
        await backend.log.follow(turn.id, -1, sink)
        writer.append(started(turn))
        for index in range(200):
            writer.append(TextDelta(index, "x"))
            if index % 20 == 0:
                await asyncio.sleep(0.002)
                seen = len(sink.entries)
                assert len(await backend.log.read(turn.id)) >= seen
        await writer.flush()
        assert len(await sink.until(201)) == 201

    async def test_turns_do_not_see_each_other(self, backend: Backend, turns: Turns) -> None:
        mine, other = turns.new("a"), turns.new("b")
        writers = [await backend.log.open(await self.admitted(backend, turn)) for turn in (mine, other)]
        for turn, writer in zip((mine, other), writers, strict=True):
            writer.append(started(turn))
            await writer.seal(completed())
        for turn in (mine, other):
            entries = await backend.log.read(turn.id)
            assert isinstance(entries[0].event, TurnStarted)
            assert entries[0].event.turn_id == turn.id

    async def test_a_writer_that_lost_its_lease_cannot_append(self, backend: Backend, turns: Turns) -> None:
        turn = turns.new()
        lease = await self.admitted(backend, turn)
        writer = await backend.log.open(lease)
        writer.append(started(turn))
        await writer.flush()
        await backend.registry.abandon(lease)
        taken = await backend.registry.take_over(turn.id)
        assert taken is not None
        assert taken.fence == lease.fence + 1
        successor = await backend.log.open(taken)
        successor.append(TextDelta(0, "mine"))
        await successor.flush()

        async def write_again() -> None:
            writer.append(TextDelta(0, "stale"))
            await writer.flush()

        with pytest.raises(LeaseLost):
            await write_again()
        with pytest.raises(LeaseLost):
            await backend.log.open(lease)
        assert [entry.event for entry in await backend.log.read(turn.id)] == [started(turn), TextDelta(0, "mine")]

    async def test_logs_are_pruned_some_time_after_their_end(self, backend: Backend, turns: Turns) -> None:
        ended, running = turns.new("a"), turns.new("b", request_id="r")
        leases = {turn.id: await self.admitted(backend, turn) for turn in (ended, running)}
        for turn in (ended, running):
            writer = await backend.log.open(leases[turn.id])
            writer.append(started(turn))
            await writer.flush()
        await backend.registry.release(leases[ended.id], "completed")
        assert await backend.log.prune(backend.clock.ms) == 0, "it has only just ended"
        backend.clock.ms += 60_000
        assert await backend.log.prune(backend.clock.ms) == 1
        assert await backend.log.prune(backend.clock.ms) == 0
        assert list(await backend.log.read(ended.id)) == []
        assert len(await backend.log.read(running.id)) == 1


class DurableLogContract(LogContract):
    async def test_what_was_seen_outlives_the_process(self, backend: Backend, turns: Turns) -> None:
        assert backend.reopen is not None
        turn, waiting = turns.new(), turns.new()
        writer = await backend.log.open(await self.admitted(backend, turn))
        await self.admitted(backend, waiting)
        sink = Sink()
        await backend.log.follow(turn.id, -1, sink)
        writer.append(started(turn))
        writer.append(TextDelta(0, "kept"))
        seen = list(await sink.until(2))
        again = await backend.reopen()
        assert list(await again.log.read(turn.id)) == seen
        orphans = await again.registry.orphans()
        assert [(record.turn, record.state) for record in orphans] == [(turn, "running"), (waiting, "queued")]
        lease = await again.registry.take_over(turn.id)
        assert lease is not None
        assert (await again.log.open(lease)).next_seq == 2

    async def test_a_turn_that_ended_is_forgotten_at_once_where_that_is_asked_for(
        self, backend: Backend, turns: Turns
    ) -> None:
        gone, kept, running = turns.new("a", request_id="r"), turns.new("b"), turns.new("c")
        for turn in (gone, kept, running):
            lease = await self.admitted(backend, turn)
            writer = await backend.log.open(lease)
            writer.append(started(turn))
            await writer.flush()
            if turn is not running:
                await writer.seal(completed())
                await backend.registry.release(lease, "completed")
        for turn in (gone, running):
            await backend.log.forget(turn.id)
        await backend.log.forget("nobody")
        assert list(await backend.log.read(gone.id)) == []
        assert await backend.registry.find(gone.id) is None
        assert await backend.registry.requested("u", "r") is None
        assert len(await backend.log.read(kept.id)) == 2
        assert len(await backend.log.read(running.id)) == 1, "what runs is not forgotten"


class RegistryContract:
    async def test_a_free_session_runs_and_a_busy_one_queues(self, backend: Backend, turns: Turns) -> None:
        registry = backend.registry
        signals: list[Signal] = []
        subscription = await registry.listen(signals.append)
        first, second, third = turns.new(), turns.new(), turns.new()
        admissions = [await registry.admit(turn, queue_limit=2) for turn in (first, second, third)]
        assert [admission.outcome for admission in admissions] == ["running", "queued", "queued"]
        with pytest.raises(TurnInProgress):
            await registry.admit(turns.new(), queue_limit=2)
        assert (await registry.admit(turns.new("elsewhere"), queue_limit=0)).outcome == "running"
        active = await registry.active("s")
        assert [(r.turn.id, r.state) for r in active] == [
            (first.id, "running"),
            (second.id, "queued"),
            (third.id, "queued"),
        ]
        await registry.release(admissions[0].record.lease, "completed")
        assert signals == [Signal(second.id, "start")]
        found = await registry.find(second.id)
        assert found is not None
        assert found.state == "running"
        await registry.release(admissions[1].record.lease, "failed")
        assert signals == [Signal(second.id, "start"), Signal(third.id, "start")]
        await registry.release(admissions[2].record.lease, "cancelled")
        assert list(await registry.active("s")) == []
        subscription.close()

    async def test_a_queued_turn_that_ends_first_lets_the_running_one_run(self, backend: Backend, turns: Turns) -> None:
        registry = backend.registry
        signals: list[Signal] = []
        await registry.listen(signals.append)
        running = (await registry.admit(turns.new(), queue_limit=5)).record
        waiting = (await registry.admit(turns.new(), queue_limit=5)).record
        await registry.release(waiting.lease, "cancelled")
        assert signals == []
        assert [r.turn.id for r in await registry.active("s")] == [running.turn.id]

    async def test_releasing_twice_changes_nothing(self, backend: Backend, turns: Turns) -> None:
        registry = backend.registry
        signals: list[Signal] = []
        await registry.listen(signals.append)
        first = (await registry.admit(turns.new(), queue_limit=5)).record
        await registry.admit(turns.new(), queue_limit=5)
        await registry.admit(turns.new(), queue_limit=5)
        await registry.release(first.lease, "completed")
        await registry.release(first.lease, "completed")
        assert len(signals) == 1

    async def test_a_request_id_starts_one_turn_for_24_hours(self, backend: Backend, turns: Turns) -> None:
        registry = backend.registry
        first = turns.new(request_id="r")
        admission = await registry.admit(first, queue_limit=0)
        again = await registry.admit(turns.new(request_id="r"), queue_limit=0)
        assert (again.outcome, again.record.turn.id) == ("duplicate", first.id)
        found = await registry.requested("u", "r")
        assert found is not None
        assert (found.turn.id, found.state) == (first.id, "running")
        other_user = await registry.admit(turns.new("z", user="v", request_id="r"), queue_limit=0)
        assert other_user.outcome == "running"
        await registry.release(admission.record.lease, "completed")
        backend.clock.ms += 23 * 3_600_000
        await backend.log.prune(backend.clock.ms)
        assert (await registry.admit(turns.new(request_id="r"), queue_limit=0)).outcome == "duplicate"
        assert await registry.requested("u", "r") is not None
        backend.clock.ms += 2 * 3_600_000
        assert await registry.requested("u", "r") is None
        assert (await registry.admit(turns.new(request_id="r"), queue_limit=0)).outcome == "running"

    async def test_the_same_request_at_once_runs_once(self, backend: Backend, turns: Turns) -> None:
        candidates = [turns.new(f"s{i}", request_id="r") for i in range(20)]
        admissions = await asyncio.gather(*(backend.registry.admit(turn, queue_limit=5) for turn in candidates))
        assert sorted(a.outcome for a in admissions) == ["duplicate"] * 19 + ["running"]
        assert len({a.record.turn.id for a in admissions}) == 1

    async def test_an_abandoned_turn_is_taken_over_once(self, backend: Backend, turns: Turns) -> None:
        registry = backend.registry
        record = (await registry.admit(turns.new(), queue_limit=0)).record
        assert list(await registry.orphans()) == []
        assert await registry.take_over(record.turn.id) is None
        await registry.abandon(record.lease)
        assert [orphan.turn.id for orphan in await registry.orphans()] == [record.turn.id]
        claims = [await registry.take_over(record.turn.id) for _ in range(2)]
        assert [claim.fence if claim else None for claim in claims] == [2, None]
        await registry.release(record.lease, "failed")
        found = await registry.find(record.turn.id)
        assert found is not None
        assert found.state == "running", "a stale lease releases nothing"

    async def test_signals_reach_the_owner(self, backend: Backend, turns: Turns) -> None:
        heard: list[Signal] = []
        subscription = await backend.registry.listen(heard.append)
        record = (await backend.registry.admit(turns.new(), queue_limit=0)).record
        signal = Signal(record.turn.id, "cancel", "operator")
        await backend.registry.signal(signal)
        assert heard == [signal]
        subscription.close()
        await backend.registry.signal(signal)
        assert heard == [signal]

    async def test_what_runs_and_waits_is_known_by_user(self, backend: Backend, turns: Turns) -> None:
        registry = backend.registry
        first, second, other = turns.new(), turns.new(), turns.new("z", user="v")
        records = [(await registry.admit(turn, queue_limit=5)).record for turn in (first, second, other)]
        assert [record.turn.id for record in await registry.running("u")] == [first.id, second.id]
        await registry.release(records[0].lease, "completed")
        assert [(record.turn.id, record.state) for record in await registry.running("u")] == [(second.id, "running")]
        assert list(await registry.running("nobody")) == []

    async def test_whoever_watches_a_user_is_told_of_announced_turns(self, backend: Backend, turns: Turns) -> None:
        registry = backend.registry
        seen: list[Turn] = []
        subscription = await registry.watch("u", seen.append)
        other: list[Turn] = []
        await registry.watch("v", other.append)
        first, second = turns.new(), turns.new("elsewhere")
        for turn in (first, second):
            await registry.announce(turn)
        async with asyncio.timeout(5):
            while len(seen) < 2:
                await asyncio.sleep(0.005)
        assert seen == [first, second]
        subscription.close()
        subscription.close()
        await registry.announce(turns.new(user="v"))
        async with asyncio.timeout(5):
            while not other:
                await asyncio.sleep(0.005)
        await registry.announce(first)
        assert (len(seen), len(other)) == (2, 1)

    async def test_nothing_is_known_of_strangers(self, backend: Backend) -> None:
        assert await backend.registry.find("nobody") is None
        assert await backend.registry.requested("nobody", "r") is None
        assert list(await backend.registry.active("nowhere")) == []
        assert await backend.registry.take_over("nobody") is None


BackendFixture = AsyncIterator[Backend]
