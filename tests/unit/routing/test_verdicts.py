"""Which failures let the next model take over, and which are held against the provider."""

import pytest

from millrace.model.errors import (
    ContentFiltered,
    ContextTooLong,
    InvalidRequest,
    LeaseLost,
    MillraceError,
    ModelMissing,
    ProviderFailure,
    ProviderTimeout,
    RateLimited,
    RequestRefused,
    StoreUnavailable,
)
from millrace.routing.verdicts import STAYS, VERDICTS, is_held_against, verdict_on


@pytest.mark.parametrize(
    ("error", "takes_over", "counts"),
    [
        (ProviderFailure(), "any", True),
        (ProviderFailure(recoverable=False), "any", True),
        (ProviderTimeout(), "any", True),
        (RateLimited(), "any", True),
        (ModelMissing(), "any", False),
        (ContextTooLong(), "longer", False),
        (ContentFiltered(), "none", False),
        (RequestRefused(), "none", False),
        (InvalidRequest(), "none", False),
        (LeaseLost(), "none", False),
        (StoreUnavailable(), "none", False),
    ],
)
def test_the_table(error: MillraceError, takes_over: str, counts: bool) -> None:
    verdict = verdict_on(error)
    assert (verdict.next, verdict.counts) == (takes_over, counts)
    assert is_held_against(error, own_key=False) == counts


def test_a_callers_own_key_harms_nobody_else() -> None:
    assert not is_held_against(ProviderFailure(recoverable=False), own_key=True)
    assert not is_held_against(RateLimited(), own_key=True)
    assert is_held_against(ProviderTimeout(), own_key=True)


def test_every_row_says_why() -> None:
    reasons = [verdict.reason for _, verdict in VERDICTS]
    assert len(set(reasons)) == len(reasons)
    assert all(verdict.why for _, verdict in (*VERDICTS, (MillraceError, STAYS)))
