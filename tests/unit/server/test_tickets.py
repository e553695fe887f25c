import pytest
from tests.support.clock import ManualClock

from millrace.model.errors import Unauthorized
from millrace.model.principal import Principal
from millrace.server.tickets import TICKET_LIFETIME_S, MemoryTickets

ADA = Principal(user_id="ada", kind="account")


async def test_a_ticket_is_good_once_and_for_its_owner() -> None:
    tickets = MemoryTickets(ManualClock())
    one, two = await tickets.issue(ADA), await tickets.issue(Principal(user_id="grace", kind="guest"))
    assert one != two
    assert await tickets.redeem(one) == ADA
    with pytest.raises(Unauthorized):
        await tickets.redeem(one)
    assert (await tickets.redeem(two)).user_id == "grace"


async def test_a_ticket_is_good_for_thirty_seconds() -> None:
    clock = ManualClock()
    tickets = MemoryTickets(clock)
    in_time, late = await tickets.issue(ADA), await tickets.issue(ADA)
    clock.advance(TICKET_LIFETIME_S)
    assert await tickets.redeem(in_time) == ADA
    clock.advance(0.001)
    with pytest.raises(Unauthorized):
        await tickets.redeem(late)


@pytest.mark.parametrize("ticket", ["", "x", "A" * 32])
async def test_an_invented_ticket_is_refused(ticket: str) -> None:
    tickets = MemoryTickets(ManualClock())
    await tickets.issue(ADA)
    with pytest.raises(Unauthorized):
        await tickets.redeem(ticket)


async def test_tickets_that_nobody_used_are_forgotten() -> None:
    clock = ManualClock()
    tickets = MemoryTickets(clock)
    for _ in range(100):
        await tickets.issue(ADA)
    clock.advance(TICKET_LIFETIME_S + 1)
    await tickets.issue(ADA)
    assert len(tickets._open) == 1
