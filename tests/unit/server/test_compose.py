from dataclasses import fields
from pathlib import Path

import pytest
from tests.support.app import client_of, running_app, small_settings

from millrace.engine.options import EngineOptions
from millrace.limits.connections import ConnectionCounter
from millrace.model.errors import StoreUnavailable
from millrace.ops.clock import SystemClock
from millrace.ops.metrics import Metrics
from millrace.server.compose import Ports, compose, engine_options, verifier_for
from millrace.server.settings import Settings
from millrace.server.settings_errors import SettingsError
from millrace.server.tokens import LocalTokens, PublicKeyVerifier, SharedSecretVerifier
from millrace.stores.sql import SqlStore

SECRET = "0123456789abcdef0123456789abcdef"


def test_the_engine_does_what_the_settings_say() -> None:
    values: dict[str, object] = {
        "max_tokens": 7,
        "generation_timeout_s": 8.0,
        "first_token_timeout_s": 9.0,
        "idle_timeout_s": 10.0,
        "on_busy": "reject",
        "on_disconnect": "cancel",
        "disconnect_grace_s": 11.0,
        "history_messages": 12,
        "system_prompt": "Be brief.",
        "guidance_enabled": False,
    }
    settings = Settings.model_validate(
        {"generation": values, "limits": {"queue": 13, "message_chars": 14}, "log_retention_s": 61}
    )
    options = engine_options(settings)
    expected = {**values, "queue_limit": 13, "message_chars": 14, "log_retention_s": 61.0}
    assert {name: getattr(options, name) for name in expected} == expected


def test_without_settings_the_engine_is_as_it_is_by_itself() -> None:
    ours, own = engine_options(Settings()), EngineOptions()
    assert {each.name for each in fields(own) if getattr(ours, each.name) != getattr(own, each.name)} == set()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({}, LocalTokens),
        ({"auth": {"mode": "accounts"}}, LocalTokens),
        ({"auth": {"mode": "jwt"}, "jwt_secret": SECRET}, SharedSecretVerifier),
        (
            {"auth": {"mode": "jwt"}, "jwt": {"algorithms": ["RS256"], "jwks_url": "https://issuer/keys"}},
            PublicKeyVerifier,
        ),
    ],
)
def test_the_mode_says_who_verifies(values: dict[str, object], kind: type[object]) -> None:
    clock, secret = SystemClock(), SECRET.encode()
    verifier = verifier_for(Settings.model_validate(values), LocalTokens(secret, clock), secret, clock)
    assert type(verifier) is kind


@pytest.mark.parametrize("log", ["memory", "sqlite"])
async def test_what_was_opened_is_closed_and_can_be_opened_again(tmp_path: Path, log: str) -> None:
    settings = small_settings(tmp_path, log=log, auth={"mode": "accounts"})
    for _ in range(2):
        async with compose(settings, Ports(), ConnectionCounter(1), Metrics()) as services:
            await services.store.ready()
            await services.log_ready()
            with pytest.raises(SettingsError, match="Another Millrace"):
                async with compose(settings, Ports(), ConnectionCounter(1), Metrics()):
                    pass
        with pytest.raises(StoreUnavailable):
            await services.store.ready()


class SilentStore(SqlStore):
    """A store whose database has gone."""

    async def ready(self) -> None:
        raise StoreUnavailable(retry_after=3, detail="no answer")


async def test_parts_that_were_passed_in_are_used_and_left_open(tmp_path: Path) -> None:
    store = await SilentStore.open(f"sqlite:///{tmp_path / 'own.db'}")
    async with running_app(small_settings(tmp_path), Ports(store=store)) as app, client_of(app) as client:
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
        assert (await client.get("/healthz")).status_code == 200
    assert await store.user("nobody") is None, "it is still open"
    await store.close()
