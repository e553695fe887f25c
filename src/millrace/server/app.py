"""The composition root: one FastAPI app out of settings and ports."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.routing import WebSocketRoute

import millrace
from millrace.knowledge.documents import Documents
from millrace.limits.connections import ConnectionCounter
from millrace.ops.metrics import Metrics
from millrace.server.body_limit import BodyLimit
from millrace.server.compose import Ports, compose
from millrace.server.ingestion import ToldDocuments
from millrace.server.openai_errors import openai_error_response
from millrace.server.origin import OriginGuard
from millrace.server.problems import install_problem_handlers
from millrace.server.routes import (
    ag_ui,
    ai_sdk,
    auth,
    chat,
    chat_stream,
    export,
    health,
    keys,
    messages,
    metrics,
    models,
    openai,
    openai_responses,
    preferences,
    search,
    sessions,
    shares,
    stream_status,
    study,
    tokens,
)
from millrace.server.routes.documents import documents_router
from millrace.server.services import current_caller, services_of
from millrace.server.settings import Settings, load_settings
from millrace.server.socketio import socketio_endpoint
from millrace.server.static import Page, SecurityHeaders
from millrace.server.websockets import websocket_endpoints

_DESCRIPTION = """Live AI chat: ask over a WebSocket at `/api/ws/chat` or in one request at `/api/v1/chat`, and manage
what was said. Callers are known by the cookie `millrace_session` or by `Authorization: Bearer`, with a token or an API
key. Errors are RFC 9457 problem details with a `code`. What is under `/v1` speaks as OpenAI's API does, errors too."""
_ROUTES = (
    auth,
    keys,
    preferences,
    sessions,
    shares,
    export,
    messages,
    search,
    models,
    chat,
    chat_stream,
    health,
    metrics,
    stream_status,
    study,
    tokens,
    ai_sdk,
    ag_ui,
    openai,
    openai_responses,
)
_EXPOSED = (
    "Retry-After",
    "Content-Disposition",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "RateLimit-Policy",
    "X-Session-Id",
    "X-Turn-Id",
    "X-Message-Id",
    "X-Error-Code",
)
_SELF_LIMITED = ("/api/documents",)


def create_app(settings: Settings | None = None, *, ports: Ports | None = None) -> FastAPI:
    """Make the app. Nothing is opened before its lifespan begins.

    Args:
        settings: Those of the environment and `millrace.toml` where none are given.
        ports: Parts to use instead of those that the settings name; whoever made them closes them.

    Raises:
        SettingsError: The environment or the file is wrong.
    """
    settings = settings if settings is not None else load_settings()
    app = FastAPI(
        title="Millrace",
        version=millrace.__version__,
        description=_DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,  # FastAPI's pages load scripts from elsewhere, which the page's policy forbids
        redoc_url=None,
        lifespan=_lifespan,
        middleware=_middleware(settings),
    )
    app.state.settings = settings
    app.state.ports = ports or Ports()
    app.state.connections = ConnectionCounter(settings.limits.connections_per_user)
    forms = {
        ai_sdk.PREFIX: ai_sdk.plain_error,
        tokens.PREFIX: tokens.tokens_error,
        openai.PREFIX: openai_error_response,
        **dict.fromkeys(study.PREFIXES, study.study_error),
    }
    app.state.metrics = Metrics()
    install_problem_handlers(app, forms, app.state.metrics.refused)
    for module in _ROUTES:
        app.include_router(module.router)
    app.state.socketio = socketio_endpoint(app)
    app.include_router(documents_router(_told_documents, current_caller))
    for path, endpoint in websocket_endpoints(app).items():
        app.router.routes.append(WebSocketRoute(path, endpoint))
    app.mount("/socket.io", app.state.socketio)
    app.mount("/", Page(), name="page")
    return app


@asynccontextmanager
async def millrace_lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Run the lifespan of a Millrace app inside another's.

    A server tells only the outermost app to start and stop; Starlette does not pass it on to mounted ones:

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            async with millrace_lifespan(chat):
                yield

        site = FastAPI(lifespan=lifespan)
        site.mount("/chat", chat)
    """
    async with app.router.lifespan_context(app):
        yield


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with compose(app.state.settings, app.state.ports, app.state.connections, app.state.metrics) as services:
        app.state.services = services
        try:
            async with app.state.socketio.serving(services.stopping):
                yield
        finally:
            del app.state.services


def _told_documents(request: Request) -> Documents:
    """The keeper of the documents, who tells a user's tabs what becomes of them."""
    app = request.app
    return ToldDocuments(services_of(app).documents, app.state.socketio.tell)


def _middleware(settings: Settings) -> list[Middleware]:
    """What stands before every route, outermost first."""
    guards = [
        Middleware(SecurityHeaders),
        Middleware(OriginGuard, allowed=settings.page_origins),
        Middleware(BodyLimit, limit=settings.limits.body_bytes, except_under=_SELF_LIMITED),
    ]
    if not settings.allowed_origins:
        return guards
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(settings.allowed_origins),
        allow_credentials=True,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=[
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "Last-Event-ID",
            "X-Provider-Key",
            "X-Session-Id",
        ],
        expose_headers=_EXPOSED,
        max_age=600,
    )
    return [cors, *guards]
