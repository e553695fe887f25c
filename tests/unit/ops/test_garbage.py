"""The collector's pauses: what survives is set aside, what is garbage is freed in the end."""

import gc
import weakref
from collections.abc import AsyncIterator

import pytest

from millrace.ops.garbage import FULL_AT_LATEST_S, FULL_EVERY_S, GarbageKeeper, GcMeter


class HandClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now_ms(self) -> int:
        return round(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds


class House:
    def __init__(self) -> None:
        self.clock = HandClock()
        self.meter = GcMeter(self.clock)
        self.busy = False
        self.keeper = GarbageKeeper(self.clock, self.meter, lambda: not self.busy)


class Node:
    """Something that can be part of a cycle."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    house.keeper.start()
    yield house
    await house.keeper.stop()


def collections_of_survivors() -> None:
    """As many middle collections as it takes for survivors to be set aside."""
    for _ in range(3):
        gc.collect(1)


async def test_survivors_are_set_aside(house: House) -> None:
    before = gc.get_freeze_count()
    kept = [[number] for number in range(5_000)]
    collections_of_survivors()
    house.keeper.tick()
    assert gc.get_freeze_count() >= before + len(kept)
    assert gc.get_count()[2] == 0


async def test_what_is_set_aside_is_freed_by_its_references(house: House) -> None:
    class Plain:
        pass

    thing = Plain()
    gone = weakref.ref(thing)
    collections_of_survivors()
    house.keeper.tick()
    del thing
    assert gone() is None


async def test_a_cycle_that_was_set_aside_is_freed_at_a_quiet_time(house: House) -> None:
    node = Node()
    gone = weakref.ref(node)
    collections_of_survivors()
    house.keeper.tick()
    del node
    house.clock.seconds = FULL_EVERY_S
    house.busy = True
    house.keeper.tick()
    assert gone() is not None, "an answer is being written"
    house.busy = False
    house.keeper.tick()
    assert gone() is None


async def test_a_server_that_is_never_quiet_is_cleaned_all_the_same(house: House) -> None:
    node = Node()
    gone = weakref.ref(node)
    collections_of_survivors()
    house.keeper.tick()
    del node
    house.busy = True
    house.clock.seconds = FULL_AT_LATEST_S
    house.keeper.tick()
    assert gone() is None


async def test_the_collector_is_left_as_it_was() -> None:
    before = gc.get_threshold()
    house = House()
    house.keeper.start()
    assert gc.get_threshold()[2] > before[2]
    await house.keeper.stop()
    await house.keeper.stop()
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_pauses_are_measured_and_told_apart() -> None:
    house = House()
    house.meter.start()
    try:
        house.meter._on_collection("start", {})
        house.clock.seconds = 0.004
        house.meter._on_collection("stop", {})
        house.meter.quiet = True
        house.meter._on_collection("start", {})
        house.clock.seconds = 0.104
        house.meter._on_collection("stop", {})
    finally:
        house.meter.stop()
    assert house.meter.max_pause_ms == pytest.approx(4)
    assert house.meter.max_quiet_pause_ms == pytest.approx(100)
