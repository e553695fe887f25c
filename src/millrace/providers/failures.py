"""What a provider's refusal means: one place that turns status, code and words into the error tree.

Sentences are ours and say what to do; a provider's own words go into `detail` alone, without the key.
"""

import re
from dataclasses import dataclass

from msgspec import Struct

from millrace.model.errors import (
    ContentFiltered,
    ContextTooLong,
    MillraceError,
    ModelMissing,
    ProviderFailure,
    ProviderTimeout,
    RateLimited,
    RequestRefused,
)

_MAX_DETAIL = 2000
_KEY = re.compile(r"\b(?:(?:sk|pk|gsk|xai|pplx|key)-[A-Za-z0-9_\-*]{6,}|AIza[A-Za-z0-9_\-]{20,})")

QUOTA = re.compile(
    r"insufficient_quota|insufficient[ _](?:credit|balance|funds)|credit_balance|credit balance"
    r"|billing|spend(?:ing)?[ _-]limit|quota_exceeded|exceeded your current quota|payment_required",
    re.IGNORECASE,
)
_CONTEXT = re.compile(
    r"context_length_exceeded|exceed_context_size|context_window_exceeded|maximum context length"
    r"|(?:model'?s?|available|input|the) context (?:length|size|window)|prompt is too long|input is too long"
    r"|too many (?:input )?tokens|request_too_large|string_above_max_length|input token count .{0,80}exceeds",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content_filter|content_policy|responsibleaipolicy|data_inspection_failed|moderation|flagged|safety_violation",
    re.IGNORECASE,
)
_KEY_REFUSED = re.compile(
    r"invalid_api_key|authentication_error|authentication_failed|permission_denied|permission_error|invalid_key"
    r"|incorrect api key|invalid api key|api key not valid|api key not found|api key expired",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model_not_found|model_not_available|model .{1,200} does not exist|no such model", re.IGNORECASE
)
_TOO_OFTEN = re.compile(r"rate_limit|too_many_requests|rate limit|too many requests", re.IGNORECASE)
_TOO_LATE = re.compile(r"timeout|timed out|deadline", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """Who was asked for what, as far as sentences need it.

    `own_key`: the caller brought the key. `fail_fast`: another provider stands by, so that nothing is waited for.
    """

    provider: str
    model: str = ""
    own_key: bool = False
    secret: str | None = None
    fail_fast: bool = False

    def __repr__(self) -> str:
        return f"Call({self.provider}/{self.model})"


class Refusal(Struct, frozen=True):
    """What a provider said. `status` is HTTP's or the one inside the body; none where it named none."""

    status: int | None = None
    code: str = ""
    kind: str = ""
    words: str = ""
    retry_after: float | None = None


def out_of_credit(refusal: Refusal) -> bool:
    """Whether it says that an account's credit is used up, which providers report as 429 too.

    Google names plan and billing with every limit, one per minute too; there, a delay tells that it passes by itself.
    """
    if refusal.kind == "RESOURCE_EXHAUSTED" and refusal.retry_after is not None:
        return False
    return QUOTA.search(_said(refusal)) is not None


def detail(call: Call, *parts: object) -> str:
    """Words for the log: bounded, and without anything that looks like a key."""
    text = " ".join(str(part) for part in parts if part not in (None, ""))
    if call.secret:
        text = text.replace(call.secret, "[key]")
    return _KEY.sub("[key]", text)[:_MAX_DETAIL]


def refused(call: Call, refusal: Refusal) -> MillraceError:
    """The error that a provider's refusal means: the first rule that knows it."""
    return next(error for rule in _RULES if (error := rule(call, refusal)) is not None)


def _no_credit(call: Call, refusal: Refusal) -> MillraceError | None:
    status = refusal.status
    if status != 402 and not (status in (None, 400, 403, 429) and out_of_credit(refusal)):
        return None
    return ProviderFailure(
        f"The account at provider {call.provider} has no credit left. {_who(call)} should check its plan and billing;"
        " until then choose another model.",
        recoverable=False,
        detail=_note(call, refusal),
    )


def _too_long(call: Call, refusal: Refusal) -> MillraceError | None:
    if refusal.status != 413 and not (_asked_wrong(refusal) and _CONTEXT.search(_said(refusal))):
        return None
    return ContextTooLong(detail=_note(call, refusal))


def _filtered(call: Call, refusal: Refusal) -> MillraceError | None:
    # In a 400 only the code counts: its words may quote the question, and a question may be about moderation.
    words = _said(refusal) if refusal.status in (None, 403) else f"{refusal.code} {refusal.kind}"
    if not (_asked_wrong(refusal) or refusal.status == 403) or not _FILTERED.search(words):
        return None
    return ContentFiltered(detail=_note(call, refusal))


def _key_refused(call: Call, refusal: Refusal) -> MillraceError | None:
    status = refusal.status
    if status not in (401, 403) and not (status in (None, 400) and _KEY_REFUSED.search(_said(refusal))):
        return None
    if call.own_key:
        sentence = f"Provider {call.provider} refused your key. Check the key you gave for {call.provider}."
    else:
        sentence = (
            f"Provider {call.provider} refused this server's key. Whoever runs this server should check the key of"
            f" provider {call.provider}; until then choose another model."
        )
    return ProviderFailure(sentence, recoverable=False, detail=_note(call, refusal))


def _no_model(call: Call, refusal: Refusal) -> MillraceError | None:
    if refusal.status != 404 and not _NO_MODEL.search(_said(refusal)):
        return None
    return ModelMissing(
        f"Provider {call.provider} does not know the model {call.model or 'that was asked for'} at its address. Choose"
        f" another model, or check the base URL of provider {call.provider}.",
        detail=_note(call, refusal),
    )


def _too_often(call: Call, refusal: Refusal) -> MillraceError | None:
    if refusal.status != 429 and not (refusal.status is None and _TOO_OFTEN.search(_said(refusal))):
        return None
    return RateLimited(
        f"Provider {call.provider} gets too many requests just now. Wait a moment and try again.",
        retry_after=refusal.retry_after,
        detail=_note(call, refusal),
    )


def _too_late(call: Call, refusal: Refusal) -> MillraceError | None:
    marked = refusal.status is None and _TOO_LATE.search(f"{refusal.code} {refusal.kind}")
    if refusal.status not in (408, 504, 524) and not marked:
        return None
    return ProviderTimeout(retry_after=refusal.retry_after, detail=_note(call, refusal))


def _moved(call: Call, refusal: Refusal) -> MillraceError | None:
    if refusal.status is None or not 300 <= refusal.status < 400:
        return None
    return ProviderFailure(
        f"Provider {call.provider} has moved to another address. Check the base URL of provider {call.provider}.",
        recoverable=False,
        detail=_note(call, refusal),
    )


def _bad_request(call: Call, refusal: Refusal) -> MillraceError | None:
    status = refusal.status
    if status is None or not 400 <= status < 500 or status in (409, 425):
        return None
    return RequestRefused(
        f"Provider {call.provider} refused the request. Choose another model; the server's log says why.",
        detail=_note(call, refusal),
    )


def _in_trouble(call: Call, refusal: Refusal) -> MillraceError:
    return ProviderFailure(
        f"Provider {call.provider} could not answer just now. Try again, or choose another model.",
        retry_after=refusal.retry_after,
        detail=_note(call, refusal),
    )


_RULES = (
    _no_credit,
    _too_long,
    _filtered,
    _key_refused,
    _no_model,
    _too_often,
    _too_late,
    _moved,
    _bad_request,
    _in_trouble,
)


def _said(refusal: Refusal) -> str:
    return f"{refusal.code} {refusal.kind} {refusal.words}"


def _note(call: Call, refusal: Refusal) -> str:
    return detail(call, refusal.status, refusal.code, refusal.kind, refusal.words)


def _asked_wrong(refusal: Refusal) -> bool:
    """Whether the request itself may be at fault; some servers answer that with a 500."""
    return refusal.status is None or refusal.status in (400, 413, 422) or refusal.status >= 500


def _who(call: Call) -> str:
    return "You" if call.own_key else "Whoever runs this server"


def unreachable(call: Call, cause: BaseException) -> ProviderFailure:
    """No connection could be made."""
    return ProviderFailure(
        f"Provider {call.provider} cannot be reached. Check that it runs and that its base URL is right, or choose"
        " another model.",
        detail=detail(call, repr(cause)),
    )


def truncated(call: Call, cause: object = "") -> ProviderFailure:
    """The answer broke off before its end. What came is kept."""
    return ProviderFailure(
        "The connection to the model broke before the answer was complete. Try again, or choose another model.",
        detail=detail(call, "the stream ended without a finish reason", cause),
    )


def empty(call: Call) -> ProviderFailure:
    """A successful status and nothing in the body."""
    return ProviderFailure(
        f"Provider {call.provider} sent an empty answer. Try again, or choose another model.",
        detail="the body was empty",
    )


def not_an_api(call: Call, body: str) -> ProviderFailure:
    """Something answered, a web page mostly, that is not a model API."""
    return ProviderFailure(
        f"What answers at the address of provider {call.provider} is not a model API. Check the base URL of provider"
        f" {call.provider} (most end in /v1).",
        recoverable=False,
        detail=detail(call, body),
    )


def unreadable(call: Call, cause: object) -> ProviderFailure:
    """The provider sent what its protocol does not allow."""
    return ProviderFailure(
        f"Provider {call.provider} sent something that could not be read. Try again, or choose another model.",
        detail=detail(call, cause),
    )


def too_large(call: Call, cause: object) -> ProviderFailure:
    """One event is over our limit."""
    return ProviderFailure(
        f"Provider {call.provider} sent more at once than this server accepts. Ask for a shorter answer, or choose"
        " another model.",
        detail=detail(call, cause),
    )
