"""Errors over HTTP: RFC 9457 problem details with our code. Nothing but the sentence meant for people goes out."""

import logging
import math
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from msgspec import json
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from millrace.model.errors import InvalidRequest, MillraceError, NotFound, StreamError

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)
_CODES = {401: "UNAUTHORIZED", 403: "UNAUTHORIZED", 404: "NOT_FOUND", 429: "RATE_LIMIT"}


def problem(error: MillraceError, *, fields: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """The problem details of an error; `fields` names what was wrong in the request."""
    body: dict[str, Any] = {
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "recoverable": error.recoverable,
    }
    if error.retry_after is not None:
        body["retry_after"] = error.retry_after
    if fields:
        body["errors"] = fields
    return body


def problem_response(error: MillraceError, *, fields: list[dict[str, str]] | None = None) -> Response:
    """The response for an error, with `Retry-After` where it says when to come back."""
    return _response(problem(error, fields=fields))


async def send_problem(error: MillraceError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a problem from a middleware."""
    await problem_response(error)(scope, receive, send)


def install_problem_handlers(app: FastAPI) -> None:
    """Make every failure of `app` a problem document."""
    app.add_exception_handler(MillraceError, _on_millrace_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_unknown_error)


def _response(body: dict[str, Any]) -> Response:
    headers = {"Cache-Control": "no-store"}
    if "retry_after" in body:
        headers["Retry-After"] = str(max(1, math.ceil(body["retry_after"])))
    if body["status"] == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(json.encode(body), status_code=body["status"], headers=headers, media_type=MEDIA_TYPE)


async def _on_millrace_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, MillraceError):  # Starlette dispatches by class; this tells the type checker
        raise error
    if isinstance(error, StreamError):
        _log.error("%s: %s", type(error).__name__, error.detail or error.message, exc_info=error)
    elif error.detail:
        _log.info("%s: %s", type(error).__name__, error.detail)
    return problem_response(error)


async def _on_validation_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):  # as above
        raise error
    fields = [{"field": _field(each["loc"]), "message": each["msg"]} for each in error.errors()[:20]]
    first = fields[0]
    sentence = f"{first['field']}: {first['message'].removeprefix('Value error, ')}."
    return problem_response(InvalidRequest(sentence), fields=fields)


def _field(location: tuple[int | str, ...]) -> str:
    """The name of a field as the caller wrote it: without `body` or `query` before it."""
    parts = [str(part) for part in location]
    named = parts[1:] if parts[0] in {"body", "query", "path", "header", "cookie"} else parts
    if not named or (len(named) == 1 and named[0].isdigit()):  # a JSON error's place is an offset, no field
        return "body"
    return ".".join(named)


async def _on_http_exception(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):  # as above
        raise error
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problem_response(NotFound("There is nothing at this address."))
    if error.status_code == HTTPStatus.BAD_REQUEST:  # FastAPI's, for a body that is no JSON at all
        message = "this could not be read as JSON in UTF-8"
        return problem_response(InvalidRequest(f"body: {message}."), fields=[{"field": "body", "message": message}])
    status = error.status_code
    server_fault = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    body = {
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": HTTPStatus(status).description or HTTPStatus(status).phrase,
        "code": _CODES.get(status, "STREAM_ERROR" if server_fault else "INVALID_REQUEST"),
        "recoverable": server_fault,
    }
    response = _response(body)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


async def _on_unknown_error(request: Request, error: Exception) -> Response:
    # The server that runs the app logs the traceback: Starlette raises the error again after this answer.
    _log.error("%s %s failed: %s", request.method, request.url.path, type(error).__name__)
    return problem_response(StreamError())
