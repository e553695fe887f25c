"""``millrace simulate``: what it prints, and how it ends."""

import asyncio
import signal
import socket
import sys

import pytest
import typer
from typer.testing import CliRunner

from millrace.cli.simulate import simulate

LIMIT = 10.0
COMMAND = "import typer; from millrace.cli.simulate import simulate; typer.run(simulate)"


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(simulate)
    return made


async def test_it_prints_what_an_application_needs() -> None:
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
    assert f"ANTHROPIC_BASE_URL={url}\nANTHROPIC_API_KEY=sk-simulated\n" in rest.decode()
    assert f"MILLRACE_PROVIDERS__OLLAMA__KIND=ollama\nMILLRACE_PROVIDERS__OLLAMA__BASE_URL={url}\n" in rest.decode()
    assert f"GEMINI_BASE_URL={url}/v1beta\nGEMINI_API_KEY=sk-simulated\n" in rest.decode()
    assert f"RESPONSES__KIND=openai-responses\nMILLRACE_PROVIDERS__RESPONSES__BASE_URL={url}/v1\n" in rest.decode()
    assert "GROQ_BASE_URL, PERPLEXITY_BASE_URL, OPENROUTER_BASE_URL" in rest.decode()
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
