"""`millrace chat` as a person uses it: real server, real provider processes, a real pseudo-terminal."""

import re
import signal
import stat
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.support.chat_client import Visitor
from tests.support.journal import requests_of
from tests.support.server import RunningServer, clean_environment, command, running_server, start_server
from tests.support.terminal import CONTROL_C, CONTROL_D, terminal

from millrace.cli.client.vault import Vault
from millrace.testing.simulator import expected_text
from millrace.testing.simulator.process import SimulatorProcess

SLOW = "sim?tokens=250&interval_ms=20&seed=5"
READY = "/help lists"


def words(text: str) -> str:
    """A text without its line breaks: how it is wrapped is the terminal's business."""
    return " ".join(text.split())


def beginning(behaviour: str, characters: int) -> str:
    return words(expected_text(behaviour))[:characters]


def run_chat(
    server_url: str, *arguments: str, state: Path, question: str | None = None, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run it without a terminal."""
    return subprocess.run(
        command("chat", "--url", server_url, *arguments),
        env=clean_environment({"XDG_STATE_HOME": str(state), **environment}),
        input=question,
        stdin=subprocess.DEVNULL if question is None else None,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def at_the_prompt(text: str) -> bool:
    """Whether the program waits for a line."""
    return text.rstrip().splitlines()[-1].startswith(">")


async def test_a_conversation(server: RunningServer, tmp_path: Path) -> None:
    async with terminal(
        "chat", "--url", server.url, "--model", "sim/sim?tokens=30&text=markdown&seed=2", state=tmp_path
    ) as chat:
        await chat.until(READY)
        chat.type("What is a turn?\r")
        first = await chat.until("tokens:")
        assert "**" not in first
        assert "> What is a turn?" in first
        chat.type("/sessions\r")
        await chat.until("(open)")
        chat.type("/model nothing-of-that-name\r")
        await chat.until("/models lists them")
        chat.type("/model sim/sim?tokens=5&seed=9\r")
        await chat.until("seed=9 is asked")
        chat.type("/retry\r")
        await chat.until(lambda text: text.count("tokens:") == 2)
        assert beginning("sim?tokens=5&seed=9", 20) in words(chat.text)
        chat.type("/steps\r")
        await chat.until("answered at once")
        chat.type("/thinking\r")
        await chat.until("reasoning is shown")
        chat.type("/model sim/sim?tokens=5&reasoning=60\r")
        await chat.until("reasoning=60 is asked")
        chat.type("And why?\r")
        await chat.until(lambda text: text.count("tokens:") == 3)
        assert chat.text.count("Thought for") == 1
        chat.type("/steps\r")
        await chat.until(lambda text: text.count("Thought for") == 2)
        chat.type("/nonsense\r")
        await chat.until("There is no command /nonsense")
        chat.type("/new\r")
        await chat.until("A new conversation")
        chat.type("/open 1\r")
        await chat.until(lambda text: text.count("> What is a turn?") == 2)
        await chat.until(lambda text: text.count("Thought for") == 3)
        await chat.until(at_the_prompt)
        chat.type(CONTROL_C)
        await chat.until("Ctrl-C once more")
        await chat.until(at_the_prompt)
        chat.type(CONTROL_D)
        assert await chat.exit_code() == 0
        assert f"millrace chat --url {server.url} --session" in words(chat.text)


async def test_control_c_stops_the_answer_and_not_the_program(
    server: RunningServer, simulator: SimulatorProcess, tmp_path: Path
) -> None:
    async with terminal("chat", "--url", server.url, "--model", f"sim/{SLOW}", state=tmp_path) as chat:
        await chat.until(READY)
        chat.type("Talk.\r")
        await chat.until(lambda text: beginning(SLOW, 60) in words(text))
        chat.type("typed ahead")
        pressed = time.time()
        chat.type(CONTROL_C)
        await chat.until("stopped")
        [request] = await requests_of(simulator, settled_within_s=5)
        assert (request.closed_by, request.finished) == ("client", False)
        assert request.closed_at is not None
        assert request.closed_at - pressed < 2.0
        shown = await chat.until("> typed ahead")
        assert "^C" not in shown
        chat.type(CONTROL_C)  # erases the line
        chat.type("/model sim/sim?tokens=3&seed=4\rAgain.\r")
        await chat.until("tokens:")
        await chat.until(at_the_prompt)  # one that is pressed earlier is for the answer
        chat.type(CONTROL_C)
        await chat.until("Ctrl-C once more")
        await chat.until(at_the_prompt)
        chat.type(CONTROL_C)
        assert await chat.exit_code() == 0


@pytest.mark.parametrize("provider", ["sim", "plain"])
async def test_a_server_that_is_killed_and_comes_back(
    provider: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """The answer goes on where it was, whether or not the model can continue a text by itself; the prompt works."""
    data = tmp_path / "data"
    server = start_server(data, environment=environment)
    port = ("--port", str(urlsplit(server.url).port))
    try:
        async with terminal("chat", "--url", server.url, "--model", f"{provider}/{SLOW}", state=tmp_path) as chat:
            await chat.until(READY)
            chat.type("Talk.\r")
            await chat.until(lambda text: beginning(SLOW, 60) in words(text))
            server.kill()
            await chat.until("reconnecting in")
            server = start_server(data, environment=environment, options=port)
            shown = await chat.until("tokens:", 60)
            assert "reconnecting" not in shown
            assert words(expected_text(SLOW)) in words(shown)
            chat.type("/model sim/sim?tokens=3&seed=4\rAgain.\r")
            await chat.until(lambda text: beginning("sim?tokens=3&seed=4", 10) in words(text))
    finally:
        server.stop()


async def test_leaving_while_the_server_is_away(environment: dict[str, str], tmp_path: Path) -> None:
    server = start_server(tmp_path / "data", environment=environment)
    async with terminal("chat", "--url", server.url, "--model", f"sim/{SLOW}", state=tmp_path) as chat:
        await chat.until(READY)
        chat.type("Talk.\r")
        await chat.until(lambda text: beginning(SLOW, 20) in words(text))
        server.kill()
        await chat.until("reconnecting in")
        chat.type(CONTROL_C)
        await chat.until("Not waiting any longer")
        chat.type("/sessions\r")
        await chat.until("No Millrace server answers")
        await chat.until(at_the_prompt)
        chat.type(CONTROL_D)
        assert await chat.exit_code() == 0


async def test_a_running_answer_is_followed_from_elsewhere(
    server: RunningServer, simulator: SimulatorProcess, tmp_path: Path
) -> None:
    async with terminal("chat", "--url", server.url, "--model", f"sim/{SLOW}", state=tmp_path) as first:
        await first.until(READY)
        first.type("Talk.\r")
        await first.until(lambda text: beginning(SLOW, 40) in words(text))
        async with terminal("chat", "--url", server.url, state=tmp_path) as second:
            await second.until(READY)
            second.type("/open 1\r")
            await second.until(lambda text: beginning(SLOW, 40) in words(text))
            assert "> Talk." in second.text
            second.type(CONTROL_C)
            await second.until("stopped")
        await first.until("stopped")


async def test_a_narrow_terminal_and_no_colors(server: RunningServer, tmp_path: Path) -> None:
    model = "sim/sim?tokens=120&text=mixed&seed=2"
    arguments = ("chat", "--url", server.url, "--model", model, "Write.")
    async with terminal(*arguments, state=tmp_path, columns=24, rows=8, environment={"NO_COLOR": "1"}) as chat:
        assert await chat.exit_code() == 0
        assert all(len(line) <= 24 for line in chat.screen.lines())


def test_asked_through_a_pipe_it_writes_plain_text(server: RunningServer, tmp_path: Path) -> None:
    model = "sim/sim?tokens=60&text=markdown&seed=2"
    asked = run_chat(server.url, "--model", model, state=tmp_path, question="What is a turn?\n")
    assert (asked.returncode, asked.stderr) == (0, "")
    assert asked.stdout.rstrip("\n") == expected_text("sim?tokens=60&text=markdown&seed=2").rstrip("\n")


def test_it_writes_while_the_answer_comes(server: RunningServer, tmp_path: Path) -> None:
    arguments = command("chat", "--url", server.url, "--model", f"sim/{SLOW}", "Talk.")
    environment = clean_environment({"XDG_STATE_HOME": str(tmp_path)})
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.read(20).decode() == expected_text(SLOW)[:20]
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert len(process.stdout.read().decode()) < len(expected_text(SLOW)) / 2


def test_what_fails_is_said_and_ends_with_1(server: RunningServer, tmp_path: Path) -> None:
    failed = run_chat(server.url, "--model", "sim/sim?fault=500", "Hello", state=tmp_path)
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert re.fullmatch(r"millrace: [A-Z].*\.\n", failed.stderr)
    assert run_chat(server.url, "   ", state=tmp_path).returncode == 1


def test_without_a_server_it_says_what_to_do(tmp_path: Path) -> None:
    failed = run_chat("http://127.0.0.1:9", "Hello", state=tmp_path)
    assert failed.returncode == 1
    assert failed.stderr == (
        "millrace: No Millrace server answers at http://127.0.0.1:9. "
        "Start one with `millrace serve`, or say where it is with --url.\n"
    )
    assert run_chat("ftp://x", "Hello", state=tmp_path).returncode == 2


async def test_a_guest_stays_the_same_guest(server: RunningServer, tmp_path: Path) -> None:
    model = ("--model", "sim/sim?tokens=3&seed=4")
    assert run_chat(server.url, *model, "First question", state=tmp_path).returncode == 0
    vault = Vault(tmp_path / "millrace")
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o600
    guest = vault.get(server.url).guest
    assert run_chat(server.url, *model, "Second question", state=tmp_path).returncode == 0
    assert vault.get(server.url).guest == guest
    async with terminal("chat", "--url", server.url, state=tmp_path) as chat:
        await chat.until(READY)
        chat.type("/sessions\r")
        await chat.until("First question")
        assert "Second question" in chat.text


def test_a_token_says_who_one_is(server: RunningServer, tmp_path: Path) -> None:
    made = subprocess.run(
        command("token", "--user", "ada", "--data-dir", str(server.data_dir)),
        env=clean_environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    model = ("--model", "sim/sim?tokens=3&seed=4", "Hello")
    asked = run_chat(server.url, *model, state=tmp_path, MILLRACE_TOKEN=made.stdout.strip())
    assert asked.returncode == 0, asked.stderr
    refused = run_chat(server.url, *model, "--token", "nonsense.nonsense.nonsense", state=tmp_path)
    assert refused.returncode == 1
    assert "does not accept this token" in refused.stderr
    assert not Vault(tmp_path / "millrace").path.exists()


async def test_an_account_signs_in_once(environment: dict[str, str], tmp_path: Path) -> None:
    with running_server(tmp_path / "data", environment=environment, options=("--auth", "accounts")) as server:
        async with Visitor.guest(server.url) as visitor:
            body = {"email": "ada@example.com", "password": "correct horse battery"}
            (await visitor.http.post("/api/auth/register", json=body)).raise_for_status()
        without = run_chat(server.url, "Hello", state=tmp_path)
        assert without.returncode == 1
        assert "wants you to sign in" in without.stderr
        async with terminal("chat", "--url", server.url, state=tmp_path) as chat:
            await chat.until("Email:")
            chat.type("ada@example.com\r")
            await chat.until("Password:")
            chat.type("correct horse battery\r")
            shown = await chat.until(READY)
            assert "correct horse" not in shown
            chat.type(CONTROL_D)
            await chat.exit_code()
        kept = Vault(tmp_path / "millrace").path.read_text(encoding="utf-8")
        assert "correct horse" not in kept
        again = run_chat(server.url, "--model", "sim/sim?tokens=3&seed=4", "Hello", state=tmp_path)
        assert again.returncode == 0, again.stderr
        assert Vault(tmp_path / "millrace").path.read_text(encoding="utf-8") != kept, "a refresh token is good once"
