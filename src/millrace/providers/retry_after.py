"""When a provider may be asked again: `Retry-After` and its relatives, all in seconds.

What is read, in order: `retry-after-ms`; `retry-after` as seconds (whole or not) or as an HTTP date; the body's
`retryDelay` (Google's error details); `x-ratelimit-reset-*` of the limit that is used up, as a duration like `6m0s`;
`anthropic-ratelimit-*-reset` likewise, as a time.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_SECONDS = 86_400.0
"""Longer waits are reported as a day: nobody plans by them, and clients set timers with them."""

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_UNITS = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)


def retry_after(headers: Mapping[str, str], now: float, *, body_delay: object = None) -> float | None:
    """Seconds until another try makes sense; none where nothing usable is said.

    Args:
        headers: With case-insensitive names.
        now: Unix time in seconds, for HTTP dates. A date that has passed means 0.
        body_delay: `retryDelay` of the error body, if there is one.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    value = headers.get("retry-after")
    if value is not None:
        seconds = _number(value)
        if seconds is None:
            seconds = _until(value, now)
        if seconds is not None:
            return _bounded(seconds)
    if isinstance(body_delay, str) and (seconds := duration(body_delay)) is not None:
        return _bounded(seconds)
    return _reset(headers, now)


def duration(value: str) -> float | None:
    """`34.4s`, `6m0s`, `2m59.56s`, `120ms`, `1h0m0s` or bare seconds, in seconds."""
    value = value.strip().lower()
    if not value:
        return None
    match = _DURATION.fullmatch(value)
    if match is None:
        return _number(value)
    return sum(float(part) * unit for part, unit in zip(match.groups(), _UNITS, strict=True) if part)


def _reset(headers: Mapping[str, str], now: float) -> float | None:
    waits = [
        seconds
        for what in ("requests", "tokens")
        if _number(headers.get(f"x-ratelimit-remaining-{what}")) == 0
        and (seconds := duration(headers.get(f"x-ratelimit-reset-{what}", ""))) is not None
    ]
    waits += [
        seconds
        for what in ("requests", "tokens", "input-tokens", "output-tokens")
        if _number(headers.get(f"anthropic-ratelimit-{what}-remaining")) == 0
        and (seconds := _until_timestamp(headers.get(f"anthropic-ratelimit-{what}-reset", ""), now)) is not None
    ]
    return _bounded(max(waits)) if waits else None


def _until_timestamp(value: str, now: float) -> float | None:
    """Seconds until a time as RFC 3339 writes it."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)


def _until(date: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, IndexError):
        return None
    if moment.tzinfo is None:  # "-0000": a time in UTC of unknown origin
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)


def _number(value: str | None) -> float | None:
    """A finite number that is not negative; none for anything else."""
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _bounded(seconds: float) -> float:
    return min(seconds, MAX_SECONDS)
