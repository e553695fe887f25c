import pytest
from tests.support.clock import ManualClock

from millrace.limits.tokens import TokenLedger
from millrace.model.errors import RateLimited
from millrace.model.events import Usage


async def test_a_reservation_is_settled_by_what_was_used() -> None:
    ledger = TokenLedger(1000, ManualClock())
    first = await ledger.reserve("ada", tokens=600)
    with pytest.raises(RateLimited) as caught:
        await ledger.reserve("ada", tokens=500)
    assert caught.value.retry_after == 60
    await ledger.reserve("grace", tokens=500)
    await first.settle(Usage(input_tokens=100, output_tokens=100), completed=False)
    await ledger.reserve("ada", tokens=800)
    with pytest.raises(RateLimited):
        await ledger.reserve("ada", tokens=1)


async def test_what_was_not_admitted_is_given_back() -> None:
    ledger = TokenLedger(1000, ManualClock())
    await (await ledger.reserve("ada", tokens=1000)).cancel()
    await ledger.reserve("ada", tokens=1000)


async def test_the_window_moves() -> None:
    clock = ManualClock()
    ledger = TokenLedger(1000, clock)
    await ledger.book("ada", Usage(600, 0))
    clock.advance(40)
    await ledger.book("ada", Usage(0, 300))
    with pytest.raises(RateLimited) as caught:
        await ledger.reserve("ada", tokens=200)
    assert caught.value.retry_after == 20
    clock.advance(20)
    await ledger.reserve("ada", tokens=700)


async def test_one_question_may_be_longer_than_the_allowance() -> None:
    ledger = TokenLedger(1000, ManualClock())
    await ledger.reserve("ada", tokens=5000)
    with pytest.raises(RateLimited):
        await ledger.reserve("ada", tokens=1)


async def test_who_used_nothing_for_a_minute_is_forgotten() -> None:
    clock = ManualClock()
    ledger = TokenLedger(1000, clock)
    for number in range(10_000):
        await ledger.book(f"user-{number}", Usage(1, 1))
    clock.advance(61)
    await ledger.book("ada", Usage(1, 1))
    assert len(ledger._taken) == 1
