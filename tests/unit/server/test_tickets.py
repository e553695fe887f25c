import pytest
from tests.support.clock import ManualClock

from millrace.model.errors import Unauthorized
from millrace.model.principal import Principal
from millrace.server.tickets import TICKET_LIFETIME_S, Tickets

ADA = Principal(user_id="ada", kind="account")


def test_a_ticket_is_good_once_and_for_its_owner() -> None:
    tickets = Tickets(ManualClock())
    one, two = tickets.issue(ADA), tickets.issue(Principal(user_id="grace", kind="guest"))
    assert one != two
    assert tickets.redeem(one) == ADA
    with pytest.raises(Unauthorized):
        tickets.redeem(one)
    assert tickets.redeem(two).user_id == "grace"


def test_a_ticket_is_good_for_thirty_seconds() -> None:
    clock = ManualClock()
    tickets = Tickets(clock)
    in_time, late = tickets.issue(ADA), tickets.issue(ADA)
    clock.advance(TICKET_LIFETIME_S)
    assert tickets.redeem(in_time) == ADA
    clock.advance(0.001)
    with pytest.raises(Unauthorized):
        tickets.redeem(late)


@pytest.mark.parametrize("ticket", ["", "x", "A" * 32])
def test_an_invented_ticket_is_refused(ticket: str) -> None:
    tickets = Tickets(ManualClock())
    tickets.issue(ADA)
    with pytest.raises(Unauthorized):
        tickets.redeem(ticket)


def test_tickets_that_nobody_used_are_forgotten() -> None:
    clock = ManualClock()
    tickets = Tickets(clock)
    for _ in range(100):
        tickets.issue(ADA)
    clock.advance(TICKET_LIFETIME_S + 1)
    tickets.issue(ADA)
    assert len(tickets._open) == 1
