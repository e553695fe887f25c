"""What each kind of failure means for a chain of models, as a table. Pure."""

from dataclasses import dataclass
from typing import Literal

from millrace.model.errors import (
    ContentFiltered,
    ContextTooLong,
    MillraceError,
    ModelMissing,
    ProviderError,
    ProviderTimeout,
    RateLimited,
    RequestRefused,
)

Next = Literal["any", "longer", "none"]
"""Who may take over: whoever comes next, only a model with a longer context, nobody."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a turn whose model failed.

    Attributes:
        next: Who may take over.
        counts: Whether the failure is held against the provider.
        reason: The word for it in `provider-switched`.
        why: Why it is so.
    """

    next: Next
    counts: bool
    reason: str
    why: str


STAYS = Verdict("none", False, "failed", "it is no failure of a provider: another one would change nothing")

VERDICTS: tuple[tuple[type[MillraceError], Verdict], ...] = (
    (
        RequestRefused,
        Verdict("none", False, "refused", "the request itself is wrong, whoever gets it"),
    ),
    (
        ContentFiltered,
        Verdict("none", False, "filtered", "no other model is looked for that says what one declined to say"),
    ),
    (
        ContextTooLong,
        Verdict("longer", False, "too-long", "the conversation is too long for this model, not for every one"),
    ),
    (
        ModelMissing,
        Verdict("any", False, "no-model", "the provider works, and callers may ask it for names that do not exist"),
    ),
    (
        ProviderTimeout,
        Verdict("any", True, "silent", "it was silent for too long"),
    ),
    (
        RateLimited,
        Verdict("any", True, "rate-limited", "it takes no more for now"),
    ),
    (
        ProviderError,
        Verdict("any", True, "failed", "it refused, broke or was cut; its keys, credit and address are the operator's"),
    ),
)
"""The first row whose class fits counts."""


def verdict_on(error: MillraceError) -> Verdict:
    """What a failure means."""
    return next((verdict for kind, verdict in VERDICTS if isinstance(error, kind)), STAYS)


def is_held_against(error: MillraceError, *, own_key: bool) -> bool:
    """Whether the provider's breaker counts a failure. With a caller's own key, what that key causes does not count."""
    if own_key and (isinstance(error, RateLimited) or not error.recoverable):
        return False
    return verdict_on(error).counts
