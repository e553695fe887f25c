import json
import logging

import pytest

from millrace.model.errors import InvalidRequest, RateLimited, Unauthorized
from millrace.server.openai_errors import openai_error_response


def test_it_says_when_to_come_back_and_can_be_found_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    response = openai_error_response(RateLimited(retry_after=2.1))
    assert (response.status_code, response.headers["retry-after"]) == (429, "3")
    assert response.headers["x-should-retry"] == "true"
    assert response.headers["x-request-id"] in caplog.text
    assert json.loads(bytes(response.body))["error"]["code"] == "rate_limit_exceeded"


def test_what_cannot_succeed_is_not_to_be_tried_again() -> None:
    assert openai_error_response(InvalidRequest()).headers["x-should-retry"] == "false"
    assert openai_error_response(Unauthorized()).headers["www-authenticate"] == "Bearer"
