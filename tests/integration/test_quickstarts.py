"""Every program of docs/quickstart runs as it stands there, against a real server with the simulated model."""

import re
from pathlib import Path

import httpx2
import pytest
from tests.integration.test_mounted import served
from tests.support.frontends import Seen, run_clients
from tests.support.server import RunningServer, run_millrace

from millrace.testing.simulator import expected_text

MODEL = "sim?tokens=20&seed=5"
ANSWER = expected_text(MODEL)
PAGES = Path(__file__).parents[2] / "docs" / "quickstart"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)
TWICE = {"stream.md 1", "session.md 1"}


@pytest.fixture(scope="module")
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"MILLRACE_DEFAULT_MODEL": f"sim/{MODEL}"}


@pytest.fixture(scope="module")
def seen(server: RunningServer, environment: dict[str, str]) -> Seen:
    made = run_millrace("token", "--user", "ana", "--data-dir", str(server.data_dir), environment=environment)
    more = {"MILLRACE_TOKEN": made.stdout.strip(), "MILLRACE_ANSWER": ANSWER}
    return run_clients("quickstarts.mjs", server.url, more)


def blocks(page: Path) -> list[tuple[str, str]]:
    """The languages and programs of a page."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def test_every_program_of_javascript_tells_the_answer(seen: Seen) -> None:
    pages = sorted(PAGES.glob("*.md"))
    protocols = {"chat", "stream", "tokens", "study", "session"}
    assert {page.stem for page in pages} == {"README", "react", "javascript", "fastapi", *protocols}
    programs = {
        f"{page.name} {number}"
        for page in pages
        for number, _ in enumerate((one for one in blocks(page) if one[0] in {"js", "tsx"}), start=1)
    }
    assert set(seen.sights) == programs
    outputs = {name: seen[name]["output"] for name in programs}
    study = outputs.pop("study.md 1")
    assert "1842" in study
    assert study.rstrip().endswith("[1] The mill")
    for name, output in outputs.items():
        assert output.count(ANSWER) == (2 if name in TWICE else 1), name
    assert outputs["react.md 1"].startswith("connected by websocket")
    assert outputs["chat.md 1"].rstrip().endswith("tokens")


async def test_an_app_with_the_chat_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [(_, program)] = [one for one in blocks(PAGES / "fastapi.md") if one[0] == "python"]
    monkeypatch.setenv("MILLRACE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MILLRACE_DISCOVER_LOCAL", "false")
    names: dict[str, object] = {"__name__": "main"}
    exec(compile(program, "main.py", "exec"), names)
    async with served(names["app"]) as url, httpx2.AsyncClient(base_url=url) as browser:
        assert (await browser.get("/hello")).json() == {"hello": "from the app around it"}
        await browser.get("/chat-app/api/auth/session")
        answer = await browser.post("/chat-app/api/v1/chat", json={"message": "What is a turn?"})
        assert answer.json()["status"] == "complete"
