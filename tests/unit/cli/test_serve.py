import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

import millrace
from millrace.cli.main import app


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MILLRACE_DATA_DIR", str(tmp_path / "data"))


@pytest.mark.parametrize(
    ("options", "environment", "words"),
    [
        (["--host", "0.0.0.0"], {}, "--allow-guests"),
        (["--auth", "everybody"], {}, "auth.mode (MILLRACE_AUTH__MODE)"),
        ([], {"MILLRACE_PORT": "many"}, "port (MILLRACE_PORT)"),
        ([], {"MILLRACE_JWT_SECRET": "short"}, "jwt_secret (MILLRACE_JWT_SECRET)"),
        (["--auth", "jwt"], {}, "jwks_url"),
        (["--config", "missing.toml"], {}, "missing.toml"),
        (["--database-url", "mysql://nowhere/db", "--port", "0"], {}, "This database is not supported."),
    ],
)
def test_a_mistake_is_one_sentence_and_no_traceback(
    options: list[str], environment: dict[str, str], words: str
) -> None:
    result = CliRunner().invoke(app, ["serve", *options], env=environment)
    assert result.exit_code in {1, 2}
    (line,) = [line for line in result.stderr.splitlines() if not line.startswith("{")]
    assert line.startswith("millrace: ")
    assert words in line
    assert result.stdout == ""


def test_every_mistake_is_said(tmp_path: Path) -> None:
    (tmp_path / "millrace.toml").write_text('prt = 1\n[limits]\nqueue = "x"\n')
    result = CliRunner().invoke(app, ["serve"])
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 2
    assert 'Did you mean "port"?' in result.stderr


def test_a_taken_port_is_said_to_be_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(app, ["serve", "--port", str(port)])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"millrace: Port {port} on 127.0.0.1 is in use.")


def test_the_version_is_printed() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.stdout == f"millrace {millrace.__version__}\n"
