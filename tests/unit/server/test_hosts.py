import pytest
from starlette.types import Message, Receive, Scope, Send

from millrace.server.hosts import HostGuard, guards_hosts
from millrace.server.settings import Settings


async def passes(host: str | None, *, kind: str = "http") -> bool:
    reached: list[Scope] = []
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [] if host is None else [(b"host", host.encode())]
    guard = HostGuard(app, {"https://chat.example.com:8443"})
    await guard({"type": kind, "method": "GET", "path": "/", "headers": headers}, receive, send)
    if not reached:
        assert sent[0].get("status", sent[0].get("code")) in {403, 1008}
    return bool(reached)


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:8000", True),
        ("localhost", True),
        ("LOCALHOST:8000", True),
        ("[::1]:8000", True),
        ("chat.example.com", True),
        ("evil.example.com", False),
        ("127.0.0.1.evil.example.com", False),
        ("localhost.evil.example.com:8000", False),
        ("192.168.1.4:8000", False),
        ("[::1", False),
        ("", False),
        (None, False),
    ],
)
async def test_only_names_of_this_machine_pass(host: str | None, ours: bool) -> None:
    assert await passes(host) is ours
    assert await passes(host, kind="websocket") is ours


def test_names_matter_where_guests_come_in_without_a_password() -> None:
    assert guards_hosts(Settings())
    assert not guards_hosts(Settings.model_validate({"auth": {"allow_guests": True}}))
    assert not guards_hosts(Settings.model_validate({"auth": {"mode": "accounts"}}))
