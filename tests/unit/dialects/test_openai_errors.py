"""Every error of ours has a status, a type and a code of OpenAI's."""

import json

import pytest

from millrace.dialects.openai_errors import (
    BadParameter,
    ModelNotFound,
    UnsupportedParameter,
    error_body,
    kind_of,
    should_retry,
)
from millrace.model import errors
from millrace.model.errors import (
    InvalidRequest,
    MillraceError,
    Overloaded,
    ProviderFailure,
    QuotaExceeded,
    RateLimited,
    Unauthorized,
)


def every_error() -> list[type[MillraceError]]:
    return [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, MillraceError)]


@pytest.mark.parametrize("error", every_error())
def test_each_has_a_body_that_clients_read(error: type[MillraceError]) -> None:
    body = json.loads(error_body(error("What to do.")))["error"]
    assert body.keys() == {"message", "type", "param", "code"}
    assert body["message"] == "What to do."
    assert 400 <= kind_of(error()).status < 600
    assert kind_of(error()).status < 500 or body["type"] == "server_error"


@pytest.mark.parametrize(
    ("error", "status", "code", "param"),
    [
        (Unauthorized(), 401, "invalid_api_key", None),
        (ModelNotFound(), 404, "model_not_found", "model"),
        (RateLimited(), 429, "rate_limit_exceeded", None),
        (QuotaExceeded(), 429, "insufficient_quota", None),
        (InvalidRequest(), 400, "invalid_value", None),
        (BadParameter("messages[0]", "No."), 400, "invalid_value", "messages[0]"),
        (UnsupportedParameter("tools", "No."), 400, "unsupported_parameter", "tools"),
        (ProviderFailure(), 502, "provider_failure", None),
    ],
)
def test_the_usual_ones_are_called_as_clients_expect(
    error: MillraceError, status: int, code: str, param: str | None
) -> None:
    body = json.loads(error_body(error))["error"]
    assert (kind_of(error).status, body["code"], body["param"]) == (status, code, param)


def test_clients_try_again_where_that_can_help() -> None:
    assert [should_retry(error) for error in (RateLimited(), Overloaded(), ProviderFailure())] == [True] * 3
    refused = (QuotaExceeded(), InvalidRequest(), Unauthorized(), ProviderFailure(recoverable=False))
    assert [should_retry(error) for error in refused] == [False] * 4
