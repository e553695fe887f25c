"""What holds for every route, whichever it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from tests.support.app import client_of, running_app, small_settings

from millrace.server.app import create_app
from millrace.server.routes.chat import ChatAnswer
from millrace.server.schemas import MessageShape, SessionDetailShape

OPEN_TO_ALL = {
    "/healthz",
    "/readyz",
    "/api/status",
    "/api/auth/session",
    "/api/auth/register",
    "/api/auth/login",
    "/api/auth/refresh",
    "/api/auth/logout",
    "/api/shared/{secret}",  # whoever has the link
}
GUESTS_ASK = {"/api/chat/stream"}
"""Where somebody who is not known becomes a guest."""

AT_THE_MACHINE = {"/metrics"}
"""What whoever sits at the machine of a private server may see; see `routes/test_metrics.py`."""


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return create_app(small_settings(tmp_path_factory.mktemp("data"))).openapi()


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def test_each_says_what_it_does_and_how_it_fails(description: dict[str, Any]) -> None:
    for path, method, operation in operations(description):
        assert operation["summary"], f"{method} {path}"
        assert operation["description"], f"{method} {path}"
        if path not in OPEN_TO_ALL:
            assert "401" in operation["responses"], f"{method} {path} does not say that one must sign in"
        if method != "GET" and path not in OPEN_TO_ALL:
            assert operation["responses"].keys() & {"403", "404"}, f"{method} {path}"


def test_each_error_has_an_example_of_its_status(description: dict[str, Any]) -> None:
    for path, method, operation in operations(description):
        for status, response in operation["responses"].items():
            if status.startswith(("4", "5")):
                [(media_type, content)] = response["content"].items()
                if path.startswith("/v1/"):
                    assert content["example"]["error"]["message"], f"{method} {path}"
                elif media_type == "text/plain":  # a sentence for people, as a protocol's clients want it
                    assert content["example"], f"{method} {path}"
                else:
                    assert media_type == "application/problem+json", f"{method} {path}"
                    assert content["example"]["status"] == int(status), f"{method} {path}"


async def test_each_wants_to_know_who_calls(tmp_path: Path, description: dict[str, Any]) -> None:
    async with running_app(small_settings(tmp_path)) as app, client_of(app) as nobody:
        for path, method, _ in operations(description):
            if path not in OPEN_TO_ALL | GUESTS_ASK | AT_THE_MACHINE:
                answer = await nobody.request(method, path.replace("{", "").replace("}", ""), json={"message": "x"})
                assert answer.status_code in {400, 401}, f"{method} {path}"
                if answer.status_code == 400 and not path.startswith(
                    "/v1/"
                ):  # the request is looked at beside the caller
                    assert answer.json()["code"] == "INVALID_REQUEST"


def test_the_interface_is_what_the_page_is_built_against(description: dict[str, Any]) -> None:
    found = {f"{method} {path}" for path, method, _ in operations(description)}
    assert found >= {
        "GET /api/auth/session",
        "POST /api/auth/register",
        "POST /api/auth/login",
        "POST /api/auth/refresh",
        "POST /api/auth/logout",
        "POST /api/auth/ws-ticket",
        "GET /api/sessions",
        "POST /api/sessions",
        "GET /api/sessions/{session_id}",
        "PATCH /api/sessions/{session_id}",
        "POST /api/sessions/{session_id}/branch",
        "DELETE /api/sessions/{session_id}",
        "GET /api/sessions/{session_id}/export",
        "GET /api/search",
        "GET /api/messages/{message_id}/versions",
        "PUT /api/messages/{message_id}/version",
        "PUT /api/messages/{message_id}/reactions/{name}",
        "DELETE /api/messages/{message_id}/reactions/{name}",
        "GET /api/models",
        "POST /api/v1/chat",
        "GET /healthz",
        "GET /readyz",
        "GET /api/status",
    }


def test_the_answers_have_examples(description: dict[str, Any]) -> None:
    shapes = description["components"]["schemas"]
    for name in ("SessionShape", "SessionDetailShape", "MessageShape", "ChatAnswer", "ChatRequest", "TicketShape"):
        assert shapes[name]["example"], name
    shapes_with_examples: list[type[BaseModel]] = [MessageShape, SessionDetailShape, ChatAnswer]
    for shape in shapes_with_examples:
        shape.model_validate(schema_extra(shape)["example"])


def schema_extra(shape: type[BaseModel]) -> dict[str, Any]:
    extra = shape.model_config["json_schema_extra"]
    assert isinstance(extra, dict)
    return extra
