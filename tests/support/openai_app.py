"""The app with a provider that the test plays, and somebody with an API key."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from httpx2 import AsyncClient, Response
from tests.support.app import client_of, guest_of, running_app, small_settings
from tests.support.scripted_provider import ScriptedDirectory, ScriptedProvider

from millrace.server.compose import Ports

HELLO = {"messages": [{"role": "user", "content": "Hello?"}]}


@dataclass
class OpenAIApp:
    """The app, its provider, and `client`, who is a guest with a key and no cookie."""

    app: FastAPI
    provider: ScriptedProvider
    client: AsyncClient
    browser: AsyncClient


@asynccontextmanager
async def openai_app(
    tmp_path: Path, *, autoplay: tuple[str, ...] | None = None, **settings: Any
) -> AsyncIterator[OpenAIApp]:
    """Run one. With `autoplay` the provider answers by itself."""
    provider = ScriptedProvider(autoplay=autoplay)
    ports = Ports(models=ScriptedDirectory(provider))
    async with running_app(small_settings(tmp_path, **settings), ports) as app, guest_of(app) as browser:
        key = (await browser.post("/api/keys", json={})).json()["key"]
        async with client_of(app, raise_app_exceptions=False) as client:
            client.headers["authorization"] = f"Bearer {key}"
            yield OpenAIApp(app, provider, client, browser)


def error_of(response: Response) -> dict[str, Any]:
    """The error in an answer, which must look as OpenAI's do."""
    assert response.headers["content-type"] == "application/json", response.text
    assert response.headers["x-request-id"]
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"message", "type", "param", "code"}
    error: dict[str, Any] = body["error"]
    return error


def events_of(response: Response) -> list[Any]:
    """The data of an event stream: JSON, or the text where it is none."""
    assert response.headers["content-type"].startswith("text/event-stream"), response.text
    assert response.headers["x-accel-buffering"] == "no"
    records = response.content.split(b"\n\n")
    assert records.pop() == b""
    found = []
    for record in records:
        assert not record.startswith((b"id:", b"retry:"))
        data = record.rpartition(b"data: ")[2]
        found.append(data.decode() if data == b"[DONE]" else json.loads(data))
    return found
