from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from millrace.cli.main import app
from millrace.ops.clock import SystemClock
from millrace.server.secret import signing_secret
from millrace.server.settings import Settings
from millrace.server.settings_groups import JwtSettings
from millrace.server.tokens import LocalTokens, SharedSecretVerifier

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MILLRACE_DATA_DIR", str(tmp_path / "data"))


def token(*options: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["token", *options], env=environment)


async def test_the_server_knows_whom_it_speaks_for(tmp_path: Path) -> None:
    result = token("--user", "script", "--lifetime", "30m")
    secret = signing_secret(Settings(data_dir=tmp_path / "data"))
    principal = await LocalTokens(secret, SystemClock()).verify(result.stdout.strip())
    assert (principal.user_id, principal.kind) == ("script", "external")
    lifetime = (principal.expires_at or 0) - SystemClock().now_ms() // 1000
    assert 1790 < lifetime <= 1800


async def test_with_an_outside_issuer_it_looks_like_the_issuers() -> None:
    result = token(
        "--user",
        "script",
        MILLRACE_AUTH__MODE="jwt",
        MILLRACE_JWT_SECRET=SECRET,
        MILLRACE_JWT__ISSUER="https://issuer",
        MILLRACE_JWT__AUDIENCE="millrace",
    )
    settings = JwtSettings(issuer="https://issuer", audience="millrace")
    principal = await SharedSecretVerifier(SECRET.encode(), settings).verify(result.stdout.strip())
    assert principal.user_id == "script"


def test_where_only_the_issuer_can_sign_it_says_so() -> None:
    result = token(
        "--user",
        "script",
        MILLRACE_AUTH__MODE="jwt",
        MILLRACE_JWT__ALGORITHMS="RS256",
        MILLRACE_JWT__JWKS_URL="https://issuer/keys",
    )
    assert result.exit_code == 2
    assert "come from the issuer" in result.stderr


@pytest.mark.parametrize("lifetime", ["", "0", "x", "1w", "-1h", "1.5h", "²d"])
def test_a_lifetime_is_a_number_and_a_unit(lifetime: str) -> None:
    result = token("--user", "script", "--lifetime", lifetime)
    assert result.exit_code == 2
    assert "is no lifetime" in result.stderr
