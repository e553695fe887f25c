"""Reads what a provider says instead of answering, in any of the shapes in which providers say it. Pure."""

import json
from typing import Any

from millrace.providers.failures import Refusal, out_of_credit
from millrace.providers.retry_after import retry_after


def refusal_of(said: Any, status: int | None = None) -> Refusal:
    """Read an error: a response's body, or the object (or bare string) that stands in a stream.

    Args:
        said: Bytes of a body, or a decoded error: an object, with or without an `error` key around it, a list of
            one (Google's), or a string.
        status: HTTP's; where there is none, the one that the error itself names.
    """
    if isinstance(said, bytes):
        try:
            said = json.loads(said)
        except (ValueError, RecursionError):
            said = said[:2000].decode("utf-8", "replace")
    if isinstance(said, list) and said:
        said = said[0]
    if isinstance(said, dict):
        said = said.get("error") or said
    if not isinstance(said, dict):
        return Refusal(status, words="" if said is None else str(said))
    code, kind = said.get("code"), said.get("type") or said.get("status")
    if status is None:
        status = next(filter(None, map(_status, (said.get("status_code"), code, kind))), None)
    words = said.get("message") or said.get("detail")
    wait = retry_after({}, 0.0, body_delay=_retry_delay(said.get("details")))
    return Refusal(status, str(code or ""), str(kind or ""), str(words or ""), wait)


def is_final(refusal: Refusal) -> bool:
    """Whether asking again is useless: the account's credit is used up, which providers report as 429 too."""
    return out_of_credit(refusal)


def _status(value: Any) -> int | None:
    text = str(value)
    return int(text) if len(text) == 3 and text.isdigit() and 400 <= int(text) < 600 else None


def _retry_delay(details: Any) -> Any:
    """The delay in Google's error details, "34.4s" for example."""
    for item in details if isinstance(details, list) else ():
        if isinstance(item, dict) and "retryDelay" in item:
            return item["retryDelay"]
    return None
