"""No more calls than places; who leaves hands the place on; who gives up waiting takes none."""

import asyncio

from millrace.routing.ceiling import Ceiling


async def until_waiting(ceiling: Ceiling, count: int) -> None:
    async with asyncio.timeout(5):
        while ceiling.waiting != count:
            await asyncio.sleep(0)


async def test_without_a_limit_nobody_waits() -> None:
    ceiling = Ceiling()
    for _ in range(100):
        await ceiling.enter("ana")
    assert (ceiling.running, ceiling.waiting) == (100, 0)


async def test_places_are_handed_on_in_fair_order() -> None:
    ceiling = Ceiling(1)
    await ceiling.enter("first")
    came: list[str] = []

    async def call(owner: str, name: str) -> None:
        await ceiling.enter(owner)
        came.append(name)
        assert ceiling.running == 1
        ceiling.leave()

    tasks = []
    for count, (owner, name) in enumerate([("ana", "a1"), ("ana", "a2"), ("ben", "b1")], 1):
        tasks.append(asyncio.create_task(call(owner, name)))
        await until_waiting(ceiling, count)
    ceiling.leave()
    await asyncio.gather(*tasks)
    assert came == ["a1", "b1", "a2"]
    assert (ceiling.running, ceiling.waiting) == (0, 0)


async def test_who_gives_up_leaves_no_trace() -> None:
    ceiling = Ceiling(1)
    await ceiling.enter("first")
    waits, given = asyncio.create_task(ceiling.enter("ana")), asyncio.create_task(ceiling.enter("ben"))
    await until_waiting(ceiling, 2)
    waits.cancel()
    ceiling.leave()  # before the cancelled one has run: its place is not given to it
    await given
    assert (await asyncio.gather(waits, return_exceptions=True))[0].__class__ is asyncio.CancelledError
    assert (ceiling.running, ceiling.waiting) == (1, 0)
    late = asyncio.create_task(ceiling.enter("ana"))
    await until_waiting(ceiling, 1)
    ceiling.leave()
    late.cancel()  # in the moment in which it was given its place
    await asyncio.gather(late, return_exceptions=True)
    assert (ceiling.running, ceiling.waiting) == (0, 0)
