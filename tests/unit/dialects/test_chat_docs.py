"""The examples of docs/chat-protocol.md: what the server takes and what it sends."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.support.app import small_settings
from tests.support.asgi_server import serving
from tests.support.at import at
from tests.support.chat_bench import ANA
from tests.support.scripted_provider import ScriptedDirectory, ScriptedProvider

from millrace.dialects.chat import ChatDialect
from millrace.dialects.chat_frames import CLIENT_FRAMES, SERVER_FRAMES
from millrace.dialects.dialect import Reference
from millrace.model.commands import Ping
from millrace.model.errors import ErrorCode, TurnInProgress
from millrace.model.events import (
    AnyEvent,
    Citation,
    EmotionState,
    EmotionUpdated,
    Entry,
    Passage,
    PassagesRetrieved,
    ProviderSwitched,
    ReasoningCompleted,
    ReasoningDelta,
    ReasoningStep,
    SuggestionsReady,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnResumed,
    TurnStarted,
    Usage,
)
from millrace.server.app import create_app
from millrace.server.compose import Ports
from millrace.server.services import services_of
from millrace.stream.delivery import Delivery, DeliveryOptions
from millrace.stream.digest import text_digest
from millrace.stream.frames import FrameCache
from millrace.transports.uvicorn_protocol import FramesProtocol

PAGE = Path(__file__).resolve().parents[3] / "docs" / "chat-protocol.md"
BEGIN_MS = 1_767_323_045_000  # 2026-01-02T03:04:05Z
TEXT = "Air scatters blue [1]."
USAGE = Usage(120, 30, reasoning_tokens=20, cached_tokens=64)
OPTICS = "https://example.org/optics"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def examples() -> list[dict[str, Any]]:
    return [json.loads(block) for block in blocks("json")]


def of_clients() -> list[dict[str, Any]]:
    return [example for example in examples() if example["type"] in {*CLIENT_FRAMES, "ping"}]


def of_the_server() -> list[dict[str, Any]]:
    return [example for example in examples() if example["type"] in {*SERVER_FRAMES, "pong"}]


def turn(*end: AnyEvent) -> list[Entry]:
    """The turn that the page shows."""
    feeling = EmotionState(
        "curiosity", 0.6, "optimal", "optimal", ("Offer a picture.",), {"curiosity": 0.6, "joy": 0.2}
    )
    events: list[tuple[int, AnyEvent]] = [
        (
            0,
            TurnStarted(
                "t1",
                "s1",
                "m1",
                "u1",
                "openai/gpt-5",
                "Why is the sky blue?",
                "system2",
                2300,
                True,
                "r1",
                "the request says so",
            ),
        ),
        (10, EmotionUpdated("user", feeling)),
        (20, PassagesRetrieved((Passage(1, "Optics", "Air scatters ...", 0.83, OPTICS),), 0.4)),
        (30, ReasoningDelta("First: what is blue light?")),
        (400, ReasoningStep(1, "decomposition", "First: what is blue light?", 0.9)),
        (500, ReasoningCompleted("Short waves scatter more.", 1, 480)),
        (600, TextDelta(0, "Air ")),
        (620, TextDelta(1, "scatters ")),
        (640, TextDelta(2, "blue [1].")),
        *((1300, event) for event in end),
    ]
    return [Entry(seq, BEGIN_MS + at, event) for seq, (at, event) in enumerate(events)]


def completed() -> tuple[AnyEvent, AnyEvent]:
    citation = Citation("Optics", OPTICS, "Air scatters ...", 1)
    end = TurnCompleted(
        "stop", text_digest(TEXT), 3, USAGE, "openai/gpt-5", 0.00045, 1300, 600, "physics", True, (citation,)
    )
    return SuggestionsReady(("Why are sunsets red?",)), end


def sent(*end: AnyEvent, lag_entries: int = 64) -> list[dict[str, Any]]:
    """What a client gets of the turn."""
    log = turn(*end)
    delivery = Delivery(options=DeliveryOptions(lag_entries=lag_entries, lag_ms=10**9))
    batch = delivery.take(log, at(BEGIN_MS), sealed=True)
    return [json.loads(frame) for frame in FrameCache(log, ChatDialect().renderer()).frames(batch)]


def everything_sent() -> list[dict[str, Any]]:
    dialect, digest = ChatDialect(), text_digest(TEXT)
    refusal = dialect.error(TurnInProgress(), Reference(session_id="s1", request_id="r1"), BEGIN_MS)
    ping = dialect.decode(json.dumps(next(frame for frame in of_clients() if frame["type"] == "ping")), "ana")
    assert isinstance(ping, Ping)
    seams = (ProviderSwitched("openai/gpt-5", "backup/gpt-5", "failed", 22), TurnResumed(22, 2))
    failed = TurnFailed("RATE_LIMIT", "The model is busy. Try again in 20 s.", True, digest, 3, 20)
    return [
        *sent(*completed()),
        *sent(*completed(), lag_entries=1),
        *sent(TurnCancelled("user", digest, 3, USAGE)),
        *sent(failed),
        *sent(*seams),
        json.loads(refusal),
        json.loads(dialect.pong(ping, BEGIN_MS)),
    ]


def test_every_example_is_somebodys() -> None:
    assert len(of_clients()) + len(of_the_server()) == len(examples())
    assert {frame["type"] for frame in of_clients()} == {*CLIENT_FRAMES, "ping"}
    assert {frame["type"] for frame in of_the_server()} == {*SERVER_FRAMES, "pong"}


@pytest.mark.parametrize("frame", of_clients(), ids=lambda frame: frame["type"])
def test_what_a_client_sends_is_taken(frame: dict[str, Any]) -> None:
    ChatDialect().decode(json.dumps(frame), "ana")


@pytest.mark.parametrize("frame", of_the_server(), ids=lambda frame: frame["type"])
def test_what_the_server_sends_is_what_the_page_says(frame: dict[str, Any]) -> None:
    alike = [each for each in everything_sent() if each["type"] == frame["type"]]
    assert frame in alike, alike


def test_every_error_code_is_explained() -> None:
    explained = set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert explained == set(get_args(ErrorCode))


async def test_the_client_of_a_few_lines_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (source,) = blocks("python")
    names: dict[str, Any] = {}
    exec(compile(source, str(PAGE), "exec"), names)
    provider = ScriptedProvider(autoplay=["Air ", "scatters ", "blue."])
    app = create_app(small_settings(tmp_path), ports=Ports(models=ScriptedDirectory(provider)))
    async with serving(app, ws=FramesProtocol, ws_per_message_deflate=False, lifespan="on") as address:
        token = services_of(app).tokens.issue_access(ANA, 60)
        answer = await names["ask"](f"ws://{address}/api/ws/chat?token={token}", "Why is the sky blue?")
        with pytest.raises(RuntimeError, match="empty"):
            await names["ask"](f"ws://{address}/api/ws/chat?token={token}", " ")
    assert answer == "Air scatters blue."
    assert capsys.readouterr().out == answer
