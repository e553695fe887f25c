import pytest

from millrace.providers.retry_after import MAX_SECONDS, duration, retry_after

NOW = 1_795_160_000.0  # Fri, 20 Nov 2026 07:33:20 GMT


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("-3", None),
        ("inf", None),
        ("nan", None),
        ("1e400", None),
        ("99999999999", MAX_SECONDS),
        ("Fri, 20 Nov 2026 07:33:50 GMT", 30.0),
        ("Friday, 20-Nov-26 07:33:50 GMT", 30.0),
        ("Fri Nov 20 07:33:50 2026", 30.0),
        ("Fri, 20 Nov 2026 07:33:50 -0000", 30.0),
        ("Fri, 20 Nov 2025 07:33:50 GMT", 0.0),
        ("Fri, 20 Nov 9999 07:33:50 GMT", MAX_SECONDS),
        ("soon", None),
        ("Fri, 99 Nov 2026 07:33:50 GMT", None),
        ("", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == seconds


def test_milliseconds_come_first() -> None:
    assert retry_after({"retry-after-ms": "250", "retry-after": "9"}, NOW) == 0.25
    assert retry_after({"retry-after-ms": "x", "retry-after": "9"}, NOW) == 9.0


def test_retry_delay_of_the_body() -> None:
    assert retry_after({}, NOW, body_delay="34.4s") == 34.4
    assert retry_after({"retry-after": "2"}, NOW, body_delay="34.4s") == 2.0
    assert retry_after({}, NOW, body_delay=["34.4s"]) is None


def test_reset_of_the_limit_that_is_used_up() -> None:
    headers = {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "6m0s",
        "x-ratelimit-remaining-tokens": "100",
        "x-ratelimit-reset-tokens": "1h",
    }
    assert retry_after(headers, NOW) == 360.0
    assert retry_after({**headers, "x-ratelimit-remaining-requests": "3"}, NOW) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("2m59.56s", 179.56),
        ("120ms", 0.12),
        ("1h2m3s", 3723.0),
        ("7", 7.0),
        ("1d", 86400.0),
    ],
)
def test_duration(value: str, seconds: float) -> None:
    assert duration(value) == pytest.approx(seconds)


@pytest.mark.parametrize("value", ["", "x", "s", "-1s", "1s1s"])
def test_no_duration(value: str) -> None:
    assert duration(value) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"requests-remaining": "0", "requests-reset": "2001-09-09T01:46:52Z"}, 12.0),
        ({"requests-remaining": "0", "requests-reset": "2001-09-09T01:46:52"}, 12.0),
        ({"output-tokens-remaining": "0", "output-tokens-reset": "2001-09-09T03:46:52+02:00"}, 12.0),
        (
            {
                "tokens-remaining": "0",
                "tokens-reset": "2001-09-09T01:46:45Z",
                "input-tokens-remaining": "0",
                "input-tokens-reset": "2001-09-09T01:46:50Z",
            },
            10.0,
        ),
        ({"requests-remaining": "3", "requests-reset": "2001-09-09T01:46:52Z"}, None),
        ({"requests-remaining": "0", "requests-reset": "2001-09-09T00:00:00Z"}, 0.0),
        ({"requests-remaining": "0", "requests-reset": "soon"}, None),
        ({"requests-remaining": "0"}, None),
    ],
)
def test_anthropics_limits_say_a_time(headers: dict[str, str], seconds: float | None) -> None:
    named = {f"anthropic-ratelimit-{name}": value for name, value in headers.items()}
    assert retry_after(named, 1_000_000_000.0) == seconds


def test_a_stated_wait_comes_before_a_limits_reset() -> None:
    headers = {
        "retry-after": "3",
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2001-09-09T01:46:52Z",
    }
    assert retry_after(headers, 1_000_000_000.0) == 3
