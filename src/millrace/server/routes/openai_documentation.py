"""What the OpenAPI description says of the routes for OpenAI's clients, whose bodies are not FastAPI's to check."""

from typing import Any

import msgspec

from millrace.dialects.openai_errors import Kind
from millrace.server.routes.documentation import EVENT, Responses

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string", "description": "A sentence for people: what is wrong and what to do."},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
_EXAMPLES: dict[int, tuple[str, Kind, str | None]] = {
    400: (
        "Unsupported parameter: 'tools'. This server calls no tools.",
        Kind(400, "invalid_request_error", "unsupported_parameter"),
        "tools",
    ),
    401: ("This API key is not valid.", Kind(401, "authentication_error", "invalid_api_key"), None),
    403: ("This API key lacks the scope 'chat'.", Kind(403, "permission_error", "forbidden"), None),
    404: ("There is no provider 'nobody'.", Kind(404, "invalid_request_error", "model_not_found"), "model"),
    409: ("An answer is still being written.", Kind(409, "invalid_request_error", "conversation_locked"), None),
    413: ("The message is too long.", Kind(413, "invalid_request_error", "string_above_max_length"), None),
    429: ("That was too fast.", Kind(429, "rate_limit_error", "rate_limit_exceeded"), None),
    500: ("Something went wrong on the server.", Kind(500, "server_error", "server_error"), None),
    502: ("The model's provider could not answer.", Kind(502, "server_error", "provider_failure"), None),
    503: ("The server is busy or restarting.", Kind(503, "server_error", "overloaded"), None),
    504: ("The model took too long to answer.", Kind(504, "server_error", "provider_timeout"), None),
}


def openai_errors(*statuses: int) -> Responses:
    """The errors of a route, each with an example, and the form of all others."""
    others = {"description": "Any other error", "content": {"application/json": {"schema": _ERROR}}}
    return {**{status: _error(*_EXAMPLES[status]) for status in statuses}, "default": others}


def openai_answer(description: str, example: Any, *, stream: bool = False) -> Responses:
    """The answer of a route; with `stream` it may be an event stream too."""
    content: dict[str, Any] = {"application/json": {"schema": {"type": "object"}, "example": example}}
    if stream:
        content["text/event-stream"] = {"schema": EVENT}
    return {200: {"description": description, "content": content}}


def body_of(shape: type[msgspec.Struct], example: Any) -> dict[str, Any]:
    """The description of a route's body, which is a `shape` in JSON."""
    schema = {**_inlined(shape), "example": example}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _error(message: str, kind: Kind, param: str | None) -> dict[str, Any]:
    example = {"error": {"message": message, "type": kind.type, "param": param, "code": kind.code}}
    return {"description": message, "content": {"application/json": {"schema": _ERROR, "example": example}}}


def _inlined(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON schema of a type, without references: FastAPI keeps the components to itself."""
    prefix = "#/"
    (root,), components = msgspec.json.schema_components([shape], ref_template=prefix + "{name}")

    def resolved(node: Any) -> Any:
        if isinstance(node, list):
            return [resolved(each) for each in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if reference is not None:
            return resolved(components[reference.removeprefix(prefix)])
        return {name: resolved(value) for name, value in node.items()}

    schema: dict[str, Any] = resolved(root)
    return schema
