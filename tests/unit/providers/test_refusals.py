from typing import Any

import pytest

from millrace.providers.failures import Refusal
from millrace.providers.refusals import is_final, refusal_of


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        (b'{"error":{"message":"m","type":"t","code":"c","param":null}}', Refusal(400, "c", "t", "m")),
        (b'{"error":"m"}', Refusal(400, words="m")),
        (b'{"object":"error","message":"m","type":"t","code":40}', Refusal(400, "40", "t", "m")),
        (b'[{"error":{"code":429,"message":"m","status":"S"}}]', Refusal(400, "429", "S", "m")),
        (b'{"detail":"m"}', Refusal(400, words="m")),
        (b'{"detail":[{"loc":["body"],"msg":"m"}]}', Refusal(400, words="[{'loc': ['body'], 'msg': 'm'}]")),
        (b"<html>m</html>", Refusal(400, words="<html>m</html>")),
        (b"null", Refusal(400)),
        (b"[]", Refusal(400, words="[]")),
        (b"{}", Refusal(400)),
        (b"", Refusal(400)),
        (b"\xff", Refusal(400, words="\ufffd")),
        (b"[" * 100_000, Refusal(400, words="[" * 2000)),
    ],
)
def test_bodies(said: bytes, refusal: Refusal) -> None:
    assert refusal_of(said, 400) == refusal


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"code": 429}, 429),
        ({"code": "503"}, 503),
        ({"status_code": 500, "code": "x"}, 500),
        ({"code": 200}, None),
        ({"code": "context_length_exceeded"}, None),
        ({"code": 40104}, None),
        ("429", None),
    ],
)
def test_status_inside_a_stream(said: Any, status: int | None) -> None:
    assert refusal_of(said).status == status


def test_retry_delay_of_google() -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}]
    assert refusal_of({"error": {"code": 429, "details": details}}).retry_after == 34.4
    assert refusal_of({"details": ["x", {}]}).retry_after is None


@pytest.mark.parametrize(
    ("refusal", "final"),
    [
        (Refusal(429, "insufficient_quota"), True),
        (Refusal(429, kind="billing_error"), True),
        (Refusal(429, "credit_balance_exhausted"), True),
        (Refusal(429, words="You exceeded your current quota, please check your plan and billing details."), True),
        (Refusal(429, words="Your monthly spending limit is reached"), True),
        (Refusal(429, "rate_limit_exceeded", words="Rate limit reached for tokens"), False),
        (Refusal(503, words="overloaded"), False),
    ],
)
def test_what_is_final(refusal: Refusal, final: bool) -> None:
    assert is_final(refusal) is final
