import asyncio

import pytest

from millrace.model.commands import StartTurn
from millrace.model.messages import Turn
from millrace.transports.feed import Feed
from millrace.transports.pump import ConnectionClosed


def turn(number: int, session_id: str = "s") -> Turn:
    return Turn(
        id=f"t{number}",
        session_id=session_id,
        user_id="u",
        user_message_id="q",
        message_id="a",
        command=StartTurn(),
        model="m",
        created_at=0,
    )


class Deliveries:
    """Delivers a turn once the test lets it."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.gates: dict[str, asyncio.Future[None]] = {}

    async def deliver(self, turn: Turn, after: int | None) -> None:
        self.begun.append(turn.id)
        self.gates[turn.id] = asyncio.get_running_loop().create_future()
        await self.gates[turn.id]

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.begun) < count:
                await asyncio.sleep(0)


async def test_one_after_the_other_and_each_once() -> None:
    deliveries = Deliveries()
    feed = Feed(deliveries.deliver)
    for number in (1, 2, 1, 3):
        feed.add(turn(number))
    await deliveries.until(1)
    for _ in range(5):
        await asyncio.sleep(0)
    assert deliveries.begun == ["t1"]
    deliveries.gates["t1"].set_result(None)
    await deliveries.until(2)
    deliveries.gates["t2"].set_result(None)
    await deliveries.until(3)
    assert deliveries.begun == ["t1", "t2", "t3"]
    await feed.close()
    assert deliveries.gates["t3"].cancelled()


async def test_conversations_do_not_wait_for_each_other() -> None:
    deliveries = Deliveries()
    feed = Feed(deliveries.deliver)
    feed.add(turn(1, "a"))
    feed.add(turn(2, "b"))
    feed.add(turn(3, "a"))
    await deliveries.until(2)
    assert deliveries.begun == ["t1", "t2"]
    deliveries.gates["t1"].set_result(None)
    await deliveries.until(3)
    for gate in deliveries.gates.values():
        if not gate.done():
            gate.set_result(None)
    feed.add(turn(4, "a"))
    await deliveries.until(4)
    await feed.close()


async def test_a_fault_in_one_turn_keeps_none_from_the_next(caplog: pytest.LogCaptureFixture) -> None:
    deliveries = Deliveries()
    feed = Feed(deliveries.deliver)
    feed.add(turn(1))
    feed.add(turn(2))
    await deliveries.until(1)
    deliveries.gates["t1"].set_exception(ZeroDivisionError())
    await deliveries.until(2)
    await feed.close()
    assert "t1 could not be delivered" in caplog.text


async def test_who_is_gone_gets_nothing_more() -> None:
    deliveries = Deliveries()
    feed = Feed(deliveries.deliver)
    feed.add(turn(1))
    feed.add(turn(2))
    await deliveries.until(1)
    deliveries.gates["t1"].set_exception(ConnectionClosed())
    for _ in range(5):
        await asyncio.sleep(0)
    assert deliveries.begun == ["t1"]
    await feed.close()
    await feed.close()
