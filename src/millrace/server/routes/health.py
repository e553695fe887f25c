"""Is it alive, can it work, what is it doing: `/healthz`, `/readyz`, `/api/status`."""

from dataclasses import asdict
from typing import Literal

from fastapi import APIRouter

import millrace
from millrace.model.errors import Overloaded
from millrace.server.routes.documentation import problems
from millrace.server.schemas import Shape
from millrace.server.services import ServicesDep

router = APIRouter(tags=["health"])


class HealthShape(Shape):
    """All is well."""

    status: Literal["ok"] = "ok"


class TurnsShape(Shape):
    """Answers in this process."""

    running: int
    queued: int
    concluding: int
    """Answers that are over, and wait for the database or the log to be kept."""
    followers: int
    """Readers of these answers: one per tab and answer."""


class ProviderCallsShape(Shape):
    """How calls of one provider go."""

    provider: str
    breaker: Literal["closed", "open", "half-open"]
    """`open`: it failed too often, and chains of models pass it over; `half-open`: one call tries whether it works."""
    calls: int
    """Calls that count for the breaker at the moment."""
    failures: int
    """Those of them that failed."""
    running: int
    waiting: int
    """Calls that wait for a place."""
    limit: int | None
    """Calls that may run at a time; any number where there is none."""


class StatusShape(Shape):
    """What this process is doing."""

    status: Literal["up"] = "up"
    version: str
    uptime_s: float
    """Seconds since it was ready."""
    auth_mode: str
    default_model: str
    providers: list[str]
    models: list[str]
    active_streams: int
    """Answers that are being written."""
    calls: list[ProviderCallsShape]
    """The providers that were asked so far, or have a limit."""
    turns: TurnsShape
    connections: int
    """Open WebSocket connections and event streams."""
    gc_pause_max_ms: float
    """The longest pause of the garbage collector while answers could be written, in milliseconds."""
    gc_quiet_pause_max_ms: float
    """The longest one that was kept for a time when no answer was being written, in milliseconds."""


@router.get("/healthz")
async def healthz() -> HealthShape:
    """The process answers. Restart it where it does not."""
    return HealthShape()


@router.get("/readyz", responses=problems(503))
async def readyz(services: ServicesDep) -> HealthShape:
    """The database answers and has every answer that ended, and the log takes entries. Send no users here otherwise."""
    if services.stopping.is_set():
        raise Overloaded(retry_after=5)
    await services.store.ready()
    services.engine.check()
    await services.log_ready()
    return HealthShape()


@router.get("/api/status")
async def status(services: ServicesDep) -> StatusShape:
    """What this process is doing, in numbers; nothing of what anybody wrote."""
    turns = services.engine.status()
    models = services.models.models()
    return StatusShape(
        version=millrace.__version__,
        uptime_s=round(services.clock.monotonic() - services.started_at, 3),
        auth_mode=services.settings.auth.mode,
        default_model=services.models.default,
        providers=sorted({info.provider for info in models}),
        models=[info.id for info in models],
        active_streams=turns.running,
        calls=[ProviderCallsShape(**asdict(status)) for status in services.router.status()],
        turns=TurnsShape(**asdict(turns)),
        connections=services.connections.total,
        gc_pause_max_ms=round(services.gc_meter.max_pause_ms, 3),
        gc_quiet_pause_max_ms=round(services.gc_meter.max_quiet_pause_ms, 3),
    )
