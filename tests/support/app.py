"""The real app in this process, spoken to over ASGI: real store, log, engine and built-in provider, no socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI

from millrace.server.app import create_app, millrace_lifespan
from millrace.server.compose import Ports
from millrace.server.settings import Settings

BASE_URL = "http://127.0.0.1:8000"


def small_settings(data_dir: Path, **values: Any) -> Settings:
    """Settings of a small server that looks for nothing outside its folder and calls a model once for an answer."""
    small = {"data_dir": data_dir, "log": "memory", "discover_local": False, "thinking": {"steps_enabled": False}}
    return Settings.model_validate({**small, **values})


@asynccontextmanager
async def running_app(settings: Settings, ports: Ports | None = None) -> AsyncIterator[FastAPI]:
    """The app while it runs."""
    app = create_app(settings, ports=ports)
    async with millrace_lifespan(app):
        yield app


def client_of(app: FastAPI, *, base_url: str = BASE_URL, raise_app_exceptions: bool = True) -> httpx2.AsyncClient:
    """A browser of its own: cookies and all."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=raise_app_exceptions)
    return httpx2.AsyncClient(transport=transport, base_url=base_url)


@asynccontextmanager
async def guest_of(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that has become a guest."""
    async with client_of(app) as client:
        (await client.get("/api/auth/session")).raise_for_status()
        yield client
