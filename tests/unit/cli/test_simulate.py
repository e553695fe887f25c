"""``millrace simulate``: what it prints, and how it ends."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from millrace.cli.simulate import simulate
from millrace.providers.config import KINDS, USUAL
from millrace.server.models import provider_configs
from millrace.server.settings import load_settings

LIMIT = 10.0
COMMAND = "import typer; from millrace.cli.simulate import simulate; typer.run(simulate)"


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(simulate)
    return made


async def test_it_prints_what_an_application_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COMMAND, "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(LIMIT):
        first = (await process.stdout.readline()).decode()
        second = (await process.stdout.readline()).decode()
        port = int(first.strip().removeprefix("OPENAI_BASE_URL=http://127.0.0.1:").removesuffix("/v1"))
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()
        process.send_signal(signal.SIGINT)
        rest, _ = await process.communicate()
    assert second == "OPENAI_API_KEY=sk-simulated\n"
    url = f"http://127.0.0.1:{port}"
    for line in (first + second + rest.decode()).splitlines():
        if not line.startswith("#") and "=" in line:
            monkeypatch.setenv(*line.split("=", 1))
    monkeypatch.chdir(tmp_path)
    configs = {config.name: config for config in provider_configs(load_settings())}
    assert {name: config.base_url for name, config in configs.items()} == {
        **{usual.name: f"{url}/v1" for usual in USUAL},
        "anthropic": url,
        "gemini": f"{url}/v1beta",
        "responses": f"{url}/v1",
        "ollama": url,
    }
    assert {config.kind for config in configs.values()} == set(KINDS)
    assert "sim?fault=429" in rest.decode()
    assert process.returncode == 0


def test_a_port_that_is_taken_is_explained(app: typer.Typer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(app, ["--port", port])
    assert result.exit_code == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in result.output
    assert "--port" in result.output


def test_a_behaviour_that_cannot_be_read_is_explained(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["--behaviour", "tokns=1"], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert "Did you mean 'tokens'?" in result.output
