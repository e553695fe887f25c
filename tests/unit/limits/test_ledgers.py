import pytest
from tests.support.clock import ManualClock

from millrace.limits.ledger import RateLedger
from millrace.limits.ledgers import Ledgers
from millrace.limits.tokens import TokenLedger
from millrace.model.errors import RateLimited
from millrace.model.events import Usage


async def test_a_turn_needs_an_allowance_of_each_and_a_refused_one_takes_none() -> None:
    clock = ManualClock()
    ledgers = Ledgers(RateLedger(2, clock), TokenLedger(100, clock))
    first = await ledgers.reserve("ada", tokens=90)
    for _ in range(3):
        with pytest.raises(RateLimited, match="tokens a minute"):
            await ledgers.reserve("ada", tokens=90)
    await first.settle(Usage(5, 5), completed=True)
    second = await ledgers.reserve("ada", tokens=80)
    with pytest.raises(RateLimited, match="too many questions"):
        await ledgers.reserve("ada", tokens=1)
    await second.cancel()
    await ledgers.book("ada", Usage(80, 0))
    with pytest.raises(RateLimited, match="tokens a minute"):
        await ledgers.reserve("ada", tokens=50)
