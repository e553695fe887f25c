"""Errors over HTTP: RFC 9457 problem details with our code, or the form of the protocol that is spoken at an address.

Nothing but the sentence meant for people goes out.
"""

import logging
import math
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from msgspec import json
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from millrace.model.errors import InvalidRequest, MillraceError, NoActiveStream, NotFound, Overloaded, StreamError

ErrorForm = Callable[[MillraceError], Response]
"""How a protocol tells an error that stands in place of its answer."""

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
    if isinstance(error, NoActiveStream) and error.answer is not None:
        body |= {"session_id": error.answer.session_id, "message_id": error.answer.id}
    if fields:
        body["errors"] = fields
    return body


def problem_response(error: MillraceError, *, fields: list[dict[str, str]] | None = None) -> Response:
    """The response for an error, with `Retry-After` where it says when to come back."""
    return _response(problem(error, fields=fields), error_headers(error))


def error_headers(error: MillraceError) -> dict[str, str]:
    """The headers of a response for an error, whatever its body."""
    headers = {"Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


async def send_problem(error: MillraceError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with an error from a middleware."""
    form = _form(scope)
    response = problem_response(error) if form is None else form(error)
    await response(scope, receive, send)


def install_problem_handlers(
    app: FastAPI, forms: Mapping[str, ErrorForm] | None = None, refused: Callable[[str], None] | None = None
) -> None:
    """Make every failure of `app` a problem document.

    Args:
        app: The app.
        forms: The paths under which another protocol is spoken, relative to the app, and its way to tell errors.
        refused: Told the code of each error.
    """
    app.state.error_forms = forms or {}
    app.state.refused = refused
    app.add_exception_handler(MillraceError, _on_millrace_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_unknown_error)


def _form(scope: Scope) -> ErrorForm | None:
    """The form of errors at the address of a request, where it is not a problem document."""
    app = scope.get("app")  # none in front of an app
    forms: Mapping[str, ErrorForm] = getattr(app.state, "error_forms", {}) if app is not None else {}
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    return next((form for prefix, form in forms.items() if path == prefix or path.startswith(prefix + "/")), None)


def _told(request: Request, error: MillraceError, fields: list[dict[str, str]] | None = None) -> Response:
    if request.app.state.refused is not None:
        request.app.state.refused(error.code)
    form = _form(request.scope)
    return problem_response(error, fields=fields) if form is None else form(error)


def _response(body: dict[str, Any], headers: Mapping[str, str]) -> Response:
    return Response(json.encode(body), status_code=body["status"], headers=dict(headers), media_type=MEDIA_TYPE)


async def _on_millrace_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, MillraceError):  # Starlette dispatches by class; this tells the type checker
        raise error
    if isinstance(error, Overloaded):
        _log.info("%s: %s", type(error).__name__, error.message)  # a state of the server, and no fault
    elif isinstance(error, StreamError):
        _log.error("%s: %s", type(error).__name__, error.detail or error.message, exc_info=error)
    elif error.detail:
        _log.info("%s: %s", type(error).__name__, error.detail)
    return _told(request, error)


async def _on_validation_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):  # as above
        raise error
    fields = [{"field": _field(each["loc"]), "message": each["msg"]} for each in error.errors()[:20]]
    first = fields[0]
    sentence = f"{first['field']}: {first['message'].removeprefix('Value error, ')}."
    return _told(request, InvalidRequest(sentence), fields)


def _field(location: tuple[int | str, ...]) -> str:
    """The name of a field as the caller wrote it: without `body` or `query` before it."""
    parts = [str(part) for part in location]
    named = parts[1:] if parts[0] in {"body", "query", "path", "header", "cookie"} else parts
    if not named or (len(named) == 1 and named[0].isdigit()):  # a JSON error's place is an offset, no field
        return "body"
    return ".".join(named)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):  # as above
        raise error
    if error.status_code == HTTPStatus.NOT_FOUND:
        return _told(request, NotFound("There is nothing at this address."))
    if error.status_code == HTTPStatus.BAD_REQUEST:  # FastAPI's, for a body that is no JSON at all
        message = "this could not be read as JSON in UTF-8"
        return _told(request, InvalidRequest(f"body: {message}."), [{"field": "body", "message": message}])
    response = _http_response(request, error)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def _http_response(request: Request, error: HTTPException) -> Response:
    """What the framework says itself: a method that is not there, for example."""
    status = error.status_code
    sentence = HTTPStatus(status).description or HTTPStatus(status).phrase
    form = _form(request.scope)
    if form is not None:
        response = form(InvalidRequest(sentence))
        response.status_code = status
        return response
    server_fault = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    body = {
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": sentence,
        "code": _CODES.get(status, "STREAM_ERROR" if server_fault else "INVALID_REQUEST"),
        "recoverable": server_fault,
    }
    return _response(body, {"Cache-Control": "no-store"})


async def _on_unknown_error(request: Request, error: Exception) -> Response:
    # The server that runs the app logs the traceback: Starlette raises the error again after this answer.
    _log.error("%s %s failed: %s", request.method, request.url.path, type(error).__name__)
    return _told(request, StreamError())
