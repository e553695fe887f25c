import json
import logging

import pytest

from millrace.server.logging import program_logging, redact

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (
            '127.0.0.1 - "WebSocket /api/ws/chat?ticket=abc" [accepted]',
            '127.0.0.1 - "WebSocket /api/ws/chat?[hidden]" [accepted]',
        ),
        (f"GET /api/ws/chat?token={JWT} HTTP/1.1", "GET /api/ws/chat?[hidden] HTTP/1.1"),
        (f"token {JWT} refused", "token [hidden] refused"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [hidden]"),
        ("Incorrect API key provided: sk-proj-0123456789", "Incorrect API key provided: [hidden]"),
        ('"GET /api/shared/Zk3vQm0X-_ HTTP/1.1" 200', '"GET /api/shared/[hidden] HTTP/1.1" 200'),
        ("Is it ready? Yes.", "Is it ready? Yes."),
    ],
)
def test_queries_tokens_and_keys_are_hidden(text: str, clean: str) -> None:
    assert redact(text) == clean


def test_messages_are_json_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("millrace.test")
    with program_logging("info", "json"):
        log.info("opened %s", f"/api/ws/chat?token={JWT}", extra={"api_key": "sk-1", "user": "ada"})
        log.debug("not written")
        try:
            raise ValueError(f"bad {JWT}")
        except ValueError:
            log.exception("failed")
    log.info("not written either")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert first["event"] == "opened /api/ws/chat?[hidden]"
    assert (first["api_key"], first["user"], first["level"]) == ("[hidden]", "ada", "info")
    assert "Traceback" in second["exception"]
    assert JWT not in second["exception"]


def test_a_console_gets_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    with program_logging("info", "console"):
        logging.getLogger("millrace.test").warning("look at %s", "/x?token=1")
    line = capsys.readouterr().err
    assert "look at /x?[hidden]" in line
    assert not line.startswith("{")


def test_uvicorns_accepted_line_is_not_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A server that another test ran in this process without an access log has cut the logger off.
    monkeypatch.setattr(logging.getLogger("uvicorn.access"), "propagate", True)
    with program_logging("debug", "json"):
        logging.getLogger("uvicorn.error").info('127.0.0.1 - "WebSocket /api/ws/chat?ticket=abc" [accepted]')
        logging.getLogger("uvicorn.access").info("GET /")
    assert capsys.readouterr().err == ""
    with program_logging("debug", "json", access=True):
        logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', "::1", "GET", "/x?token=1", "1.1", 200)
    assert json.loads(capsys.readouterr().err)["event"] == '::1 - "GET /x?[hidden] HTTP/1.1" 200'
