import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import ManualClock

from millrace.limits.ledger import RateLedger
from millrace.model.errors import RateLimited
from millrace.model.events import Usage


async def test_a_user_may_ask_so_often_and_is_told_when_again() -> None:
    clock = ManualClock()
    ledger = RateLedger(2, clock)
    await ledger.reserve("ada", tokens=0)
    clock.advance(20)
    await ledger.reserve("ada", tokens=0)
    with pytest.raises(RateLimited) as refused:
        await ledger.reserve("ada", tokens=0)
    assert refused.value.retry_after == 40
    await ledger.reserve("grace", tokens=0)
    clock.advance(40)
    await ledger.reserve("ada", tokens=0)
    with pytest.raises(RateLimited):
        await ledger.reserve("ada", tokens=0)


async def test_a_turn_that_was_not_admitted_does_not_count() -> None:
    ledger = RateLedger(1, ManualClock())
    reservation = await ledger.reserve("ada", tokens=0)
    await reservation.cancel()
    await reservation.cancel()
    settled = await ledger.reserve("ada", tokens=0)
    await settled.settle(Usage(), completed=False)
    with pytest.raises(RateLimited):
        await ledger.reserve("ada", tokens=0)


@given(gaps=st.lists(st.floats(0, 30), max_size=60), limit=st.integers(1, 5))
async def test_in_no_minute_are_there_more_than_the_limit(gaps: list[float], limit: int) -> None:
    clock = ManualClock()
    ledger = RateLedger(limit, clock)
    admitted: list[float] = []
    for gap in gaps:
        clock.advance(gap)
        if len([at for at in admitted if at > clock.monotonic() - 60]) < limit:
            await ledger.reserve("ada", tokens=0)
            admitted.append(clock.monotonic())
            continue
        with pytest.raises(RateLimited) as refused:
            await ledger.reserve("ada", tokens=0)
        assert 1 <= (refused.value.retry_after or 0) <= 60
    for start in admitted:
        assert len([at for at in admitted if start <= at < start + 60]) <= limit


async def test_users_who_asked_nothing_lately_are_forgotten() -> None:
    clock = ManualClock()
    ledger = RateLedger(1, clock)
    for number in range(10_000):
        await ledger.reserve(f"user-{number}", tokens=0)
    clock.advance(61)
    await ledger.reserve("ada", tokens=0)
    assert len(ledger._asked) == 1
