import pytest

from millrace.limits.rates import Rates
from millrace.model.errors import RateLimited
from millrace.server.guests import GuestDesk


def test_guests_are_told_apart_and_come_not_too_many_at_a_time() -> None:
    desk = GuestDesk(Rates(), 3)
    guests = [desk.admit("10.0.0.1") for _ in range(3)]
    assert len({guest.user_id for guest in guests}) == 3
    assert all(guest.kind == "guest" and len(guest.user_id) > 32 for guest in guests)
    with pytest.raises(RateLimited):
        desk.admit("10.0.0.1")
    desk.admit("10.0.0.2")
