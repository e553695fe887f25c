"""The secrets of links."""

from pathlib import Path

import pytest
from tests.support.app import guest_of, running_app, small_settings

from millrace.model.errors import NotFound
from millrace.model.messages import Session
from millrace.server.services import services_of
from millrace.server.shares import ShareLinks


async def test_a_secret_is_unguessable_its_own_and_followed_only_where_links_are_on(tmp_path: Path) -> None:
    async with running_app(small_settings(tmp_path)) as app, guest_of(app) as owner:
        services = services_of(app)
        caller = await services.authentication.authenticate(owner.cookies["millrace_session"])
        await services.store.create_session(Session("s", caller.user_id, "T", 1, 1))
        secrets = {(await services.shares.create("s", caller))[1] for _ in range(3)}
        assert len(secrets) == 3
        assert {len(secret) for secret in secrets} == {43}, "256 bits"
        secret = secrets.pop()
        assert (await services.shares.follow(secret)).id == "s"
        off = ShareLinks(services.access, services.store, services.clock, enabled=False)
        for links, text in ((off, secret), (services.shares, secret[:-1]), (services.shares, "")):
            with pytest.raises(NotFound, match="leads nowhere"):
                await links.follow(text)
