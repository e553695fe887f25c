from pathlib import Path
from typing import Any

import pytest
from tests.support.app import running_app, small_settings

from millrace.model.messages import User
from millrace.model.principal import Principal
from millrace.server.operators import is_operator
from millrace.server.services import services_of

BOSS = User(id="u1", kind="account", name="Boss", created_at=0, email="boss@example.com")


@pytest.mark.parametrize(
    ("operators", "user_id", "expected"),
    [
        ([], "u1", False),
        (["u1"], "u1", True),
        (["u2"], "u1", False),
        (["Boss@Example.com"], "u1", True),
        (["boss@example.com"], "nobody", False),
        ("u2, u1", "u1", True),
    ],
)
async def test_by_id_or_by_address(tmp_path: Path, operators: Any, user_id: str, expected: bool) -> None:
    async with running_app(small_settings(tmp_path, auth={"operators": operators})) as app:
        services = services_of(app)
        await services.store.create_user(BOSS, "hash")
        assert await is_operator(Principal(user_id, "account"), services) is expected
