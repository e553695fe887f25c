from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import pytest
from starlette.requests import HTTPConnection

from millrace.model.errors import Forbidden, Unauthorized
from millrace.model.keys import Scope
from millrace.model.messages import User
from millrace.model.principal import Principal
from millrace.ops.clock import SystemClock
from millrace.server.auth import Authentication, KnownUsers, accepted_subprotocol
from millrace.server.keys import ApiKeys
from millrace.server.settings_groups import JwtSettings
from millrace.server.tickets import MemoryTickets, Tickets
from millrace.server.tokens import LocalTokens, SharedSecretVerifier
from millrace.stores.sql import SqlStore

ADA = Principal(user_id="ada", kind="guest", name="Ada")
TOKENS = LocalTokens(b"0123456789abcdef0123456789abcdef", SystemClock())
TOKEN = TOKENS.issue_access(ADA, 3600)
OTHER = TOKENS.issue_access(Principal(user_id="grace", kind="guest"), 3600)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await SqlStore.open(f"sqlite:///{tmp_path / 'database.db'}")
    yield opened
    await opened.close()


@pytest.fixture
def tickets() -> Tickets:
    return MemoryTickets(SystemClock())


@pytest.fixture
def authentication(store: SqlStore, tickets: Tickets) -> Authentication:
    return Authentication(
        mode="guest",
        verifier=TOKENS,
        keys=ApiKeys(store, SystemClock()),
        tickets=tickets,
        users=KnownUsers(store, SystemClock()),
        page_origins=frozenset(),
    )


def connection(
    headers: dict[str, str] | None = None, *, query: str = "", subprotocols: tuple[str, ...] = ()
) -> HTTPConnection:
    raw = {"host": "chat.example.com", **(headers or {})}
    scope: dict[str, Any] = {
        "type": "websocket",
        "path": "/api/ws/chat",
        "headers": [(name.encode(), value.encode()) for name, value in raw.items()],
        "query_string": query.encode(),
        "subprotocols": list(subprotocols),
    }
    return HTTPConnection(scope)


@pytest.mark.parametrize(
    "sent",
    [
        connection(query=f"token={TOKEN}"),
        connection({"authorization": f"Bearer {TOKEN}"}),
        connection({"authorization": f"bearer  {TOKEN}"}),
        connection({"cookie": f"a=b; millrace_session={TOKEN}"}),
        connection(subprotocols=("chat", TOKEN)),
        connection(subprotocols=(f"bearer.{TOKEN}",)),
        connection({"cookie": f"millrace_session={OTHER}"}, query=f"token={TOKEN}"),
    ],
)
async def test_a_websocket_may_bring_its_token_in_many_ways(
    authentication: Authentication, sent: HTTPConnection
) -> None:
    assert (await authentication.websocket_caller(sent)).user_id == "ada"


@pytest.mark.parametrize(
    "sent",
    [
        connection(),
        connection(query="token="),
        connection(query="token=nonsense"),
        connection(query="ticket=nonsense"),
        connection({"authorization": "Basic YWRhOmFkYQ=="}),
        connection({"authorization": "Bearer"}),
        connection({"authorization": "Bearer x", "cookie": f"millrace_session={TOKEN}"}),
        connection({"cookie": f"millrace_session={TOKEN}x"}),
        connection(subprotocols=("chat",)),
    ],
)
async def test_no_token_or_a_wrong_one_is_refused(authentication: Authentication, sent: HTTPConnection) -> None:
    with pytest.raises(Unauthorized):
        await authentication.websocket_caller(sent)


async def test_a_ticket_opens_one_websocket(authentication: Authentication, tickets: Tickets) -> None:
    ticket = await tickets.issue(ADA)
    assert (await authentication.websocket_caller(connection(query=f"ticket={ticket}"))).user_id == "ada"
    with pytest.raises(Unauthorized):
        await authentication.websocket_caller(connection(query=f"ticket={ticket}"))


async def test_another_sites_page_opens_none(authentication: Authentication) -> None:
    foreign = connection({"origin": "https://evil.example.com", "cookie": f"millrace_session={TOKEN}"})
    with pytest.raises(Forbidden):
        await authentication.websocket_caller(foreign)


async def test_an_http_request_is_known_by_header_or_cookie_and_not_by_its_query(
    authentication: Authentication,
) -> None:
    assert (await authentication.caller(connection({"authorization": f"Bearer {TOKEN}"}))).user_id == "ada"
    assert (await authentication.caller(connection({"cookie": f"millrace_session={TOKEN}"}))).user_id == "ada"
    with pytest.raises(Unauthorized):
        await authentication.caller(connection(query=f"token={TOKEN}"))


async def test_beside_an_issuers_callers_guests_are_known_by_their_cookies(store: SqlStore, tickets: Tickets) -> None:
    secret = b"fedcba9876543210fedcba9876543210"
    issuer = SharedSecretVerifier(secret, JwtSettings())
    authentication = Authentication(
        mode="jwt",
        verifier=issuer,
        keys=ApiKeys(store, SystemClock()),
        tickets=tickets,
        users=KnownUsers(store, SystemClock()),
        page_origins=frozenset(),
        guests=TOKENS,
    )
    guest = await authentication.authenticate(TOKEN)
    assert (guest.user_id, guest.kind) == ("ada", "guest")
    account = TOKENS.issue_access(Principal("eve", "account"), 60)
    for wrong in (account, TOKEN + "x"):
        with pytest.raises(Unauthorized):
            await authentication.authenticate(wrong)


async def test_an_api_key_is_good_for_its_scopes_and_belongs_in_no_url(
    authentication: Authentication, store: SqlStore
) -> None:
    await store.create_user(User("ada", "guest", "Ada", 1))
    keys = ApiKeys(store, SystemClock())
    read, chat = [(await keys.create("ada", name="", scopes=(scope,), lifetime_s=None))[1] for scope in get_args(Scope)]
    assert (await authentication.websocket_caller(connection({"authorization": f"Bearer {chat}"}))).user_id == "ada"
    with pytest.raises(Forbidden, match="lacks the scope 'chat'"):
        await authentication.websocket_caller(connection({"authorization": f"Bearer {read}"}))
    with pytest.raises(Unauthorized, match="not belong in a URL"):
        await authentication.websocket_caller(connection(query=f"token={chat}"))
    for method, key, allowed in (("GET", read, True), ("HEAD", read, True), ("POST", read, False), ("GET", chat, True)):
        request = connection({"authorization": f"Bearer {key}"})
        request.scope["method"] = method
        if allowed:
            assert (await authentication.caller(request)).user_id == "ada"
        else:
            with pytest.raises(Forbidden):
                await authentication.caller(request)


async def test_whoever_calls_is_in_the_store(authentication: Authentication, store: SqlStore) -> None:
    for _ in range(2):
        await authentication.authenticate(TOKEN)
    user = await store.user("ada")
    assert user is not None
    assert (user.kind, user.name) == ("guest", "Ada")


@pytest.mark.parametrize(
    ("offered", "accepted"), [((), None), (("chat", TOKEN), "chat"), ((TOKEN, "chat"), "chat"), ((TOKEN,), TOKEN)]
)
def test_a_subprotocol_that_was_offered_is_accepted(offered: tuple[str, ...], accepted: str | None) -> None:
    assert accepted_subprotocol(connection(subprotocols=offered)) == accepted
