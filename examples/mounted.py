"""Millrace inside an application of one's own: the site's pages and API beside it, the chat under /chat-app.

    uvicorn examples.mounted:site --factory --ws websockets-sansio --ws-max-size 65536

The site starts and stops Millrace in its own lifespan, because Starlette passes neither on to mounted applications.
A signed-in user of the site is a user of the chat: the site signs a token with the secret that both know.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import jwt
from fastapi import FastAPI
from fastapi.responses import RedirectResponse

from millrace.server.app import create_app, millrace_lifespan
from millrace.server.settings import Settings, load_settings

PREFIX = "/chat-app"
HOUR_S = 3600


def site(settings: Settings | None = None) -> FastAPI:
    """The application with the chat in it. Its settings need `auth.mode = "jwt"` and a `jwt_secret`."""
    settings = settings or load_settings({"auth": {"mode": "jwt"}})
    chat = create_app(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with millrace_lifespan(chat):
            yield

    app = FastAPI(title="A site with a chat", lifespan=lifespan)

    @app.get("/enter")
    async def enter() -> RedirectResponse:
        """Where the site has signed somebody in: hand the chat a token for them and go there."""
        answer = RedirectResponse(f"{PREFIX}/chat")
        answer.set_cookie(
            "millrace_session", _token("ada", settings), path=PREFIX, max_age=HOUR_S, httponly=True, samesite="lax"
        )
        return answer

    app.mount(PREFIX, chat)
    return app


def _token(user_id: str, settings: Settings) -> str:
    if settings.jwt_secret is None:
        raise ValueError("Set MILLRACE_JWT_SECRET, 32 bytes or more: the site signs with it, the chat verifies.")
    claims = {"sub": user_id, "name": "Ada", "exp": int(time.time()) + HOUR_S}
    return jwt.encode(claims, settings.jwt_secret.get_secret_value(), algorithm="HS256")
