"""Errors of the routes under `/v1`, in the form that OpenAI's clients read."""

import logging
import uuid

from starlette.responses import Response

from millrace.dialects.openai_errors import error_body, kind_of, should_retry
from millrace.model.errors import MillraceError
from millrace.server.problems import error_headers

_log = logging.getLogger(__name__)


def openai_error_response(error: MillraceError) -> Response:
    """The response for an error, which tells the official clients too whether they may try again by themselves."""
    status, request_id = kind_of(error).status, uuid.uuid4().hex
    _log.info("request %s was refused: %d %s", request_id, status, error.code)
    retry = {"x-should-retry": "true" if should_retry(error) else "false", "x-request-id": request_id}
    headers = {**error_headers(error), **retry}
    return Response(error_body(error), status_code=status, headers=headers, media_type="application/json")
