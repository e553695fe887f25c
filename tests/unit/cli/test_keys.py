import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from typer.testing import CliRunner, Result

from millrace.cli.main import app
from millrace.model.messages import User
from millrace.ops.clock import SystemClock
from millrace.server.keys import ApiKeys
from millrace.stores.sql import SqlStore

T = TypeVar("T")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MILLRACE_DATA_DIR", str(tmp_path / "data"))


def keys(*options: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["keys", *options], env=environment)


async def with_store(tmp_path: Path, work: Callable[[SqlStore], Awaitable[T]]) -> T:
    store = await SqlStore.open(f"sqlite:///{tmp_path / 'data' / 'millrace.db'}")
    try:
        return await work(store)
    finally:
        await store.close()


def test_a_key_is_made_listed_and_revoked() -> None:
    made = keys("create", "--user", "script", "--name", "nightly", "--scope", "read", "--expires", "30d")
    assert made.exit_code == 0, made.output
    text = made.stdout.strip()
    prefix = text[:15]
    assert prefix in made.stderr
    assert text not in made.stderr, "what is shown once is one line of standard output, to be captured"
    listed = keys("list").stdout
    assert text not in listed
    line = next(line for line in listed.splitlines() if prefix in line)
    assert all(word in line for word in ("script", "nightly", "read", "good until", "never"))
    assert keys("list", "--user", "nobody").stdout.startswith("There are no keys yet")
    revoked = keys("revoke", text)
    assert revoked.stdout == f"Revoked {prefix}.\n"
    assert "revoked 2" in keys("list", "--user", "script").stdout
    missing = keys("revoke", "mr_000000000000")
    assert missing.exit_code == 1
    assert "does not exist" in missing.stderr


def test_the_server_knows_whom_it_speaks_for(tmp_path: Path) -> None:
    text = keys("create", "--user", "script").stdout.strip()
    principal = asyncio.run(with_store(tmp_path, lambda store: ApiKeys(store, SystemClock()).verify(text)))
    assert (principal.user_id, principal.kind, principal.scopes) == ("script", "external", ("chat",))


def test_where_people_register_a_key_is_for_one_who_has(tmp_path: Path) -> None:
    refused = keys("create", "--user", "ada@example.com", MILLRACE_AUTH__MODE="accounts")
    assert refused.exit_code == 1
    assert "has an account here" in refused.stderr
    ada = User("user-1", "account", "Ada", 1, "ada@example.com")
    asyncio.run(with_store(tmp_path, lambda store: store.create_user(ada, "hash")))
    for named in ("Ada@example.com", "user-1"):
        made = keys("create", "--user", named, MILLRACE_AUTH__MODE="accounts")
        assert "of user-1" in made.stderr, made.output


@pytest.mark.parametrize(
    ("options", "word"), [(("--scope", "all"), "scope"), (("--expires", "soon"), "lifetime"), (("--user", ""), "user")]
)
def test_what_no_key_can_be_is_refused(options: tuple[str, ...], word: str) -> None:
    refused = keys("create", "--user", "script", *options)
    assert refused.exit_code == 2
    assert word in refused.stderr.lower()
