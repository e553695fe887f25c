import asyncio
from datetime import UTC, datetime

import pytest
from tests.support.clock import ManualClock

from millrace.limits.quota import QuotaLedger, month_of
from millrace.model.errors import QuotaExceeded
from millrace.model.events import Usage

NOVEMBER = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()) * 1000


class Books:
    """What was completed."""

    def __init__(self, completed: int = 0) -> None:
        self.completed = completed
        self.asked: list[int] = []

    async def __call__(self, user_id: str, since_ms: int) -> int:
        self.asked.append(since_ms)
        await asyncio.sleep(0)
        return self.completed if user_id == "ada" else 0


def ledger_of(books: Books) -> QuotaLedger:
    return QuotaLedger(25, books, ManualClock(NOVEMBER))


async def test_the_26th_is_refused_and_only_completed_ones_count() -> None:
    books = Books(24)
    ledger = ledger_of(books)
    failed = await ledger.reserve("ada", tokens=0, metered=True)
    with pytest.raises(QuotaExceeded) as caught:
        await ledger.reserve("ada", tokens=0, metered=True)
    assert "25 free answers" in caught.value.message
    assert "1 December" in caught.value.message
    await failed.settle(Usage(), completed=False)
    await failed.settle(Usage(), completed=False)
    again = await ledger.reserve("ada", tokens=0, metered=True)
    books.completed += 1
    await again.settle(Usage(), completed=True)
    with pytest.raises(QuotaExceeded):
        await ledger.reserve("ada", tokens=0, metered=True)
    await ledger.reserve("grace", tokens=0, metered=True)
    await ledger.reserve("ada", tokens=0, metered=False)


async def test_many_at_once_get_no_more_than_one_after_the_other() -> None:
    ledger = ledger_of(Books(20))
    asked = await asyncio.gather(
        *(ledger.reserve("ada", tokens=0, metered=True) for _ in range(9)), return_exceptions=True
    )
    assert [isinstance(each, QuotaExceeded) for each in asked] == [False] * 5 + [True] * 4


async def test_a_month_is_a_month_of_utc() -> None:
    books = Books()
    await ledger_of(books).reserve("ada", tokens=0, metered=True)
    assert books.asked == [int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 1000]
    began, following = month_of(int(datetime(2026, 12, 31, 23, 59, tzinfo=UTC).timestamp()) * 1000)
    assert began == int(datetime(2026, 12, 1, tzinfo=UTC).timestamp()) * 1000
    assert following == datetime(2027, 1, 1, tzinfo=UTC)
