"""Millrace as `millrace serve` runs it, with one more address that says what is left in the process: `/soak`."""

import asyncio
import gc
import sys
from pathlib import Path

import typer
import uvloop
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from millrace.server.app import create_app
from millrace.server.services import services_of
from millrace.server.serving import bind, serve, url_of
from millrace.server.settings import load_settings

LINGER_S = 0.5
"""An ended answer stays in memory for those who come back, ten seconds; here less, so that quiet comes soon."""


async def left(request: Request) -> JSONResponse:
    """What is in the process, once all garbage is gone."""
    engine = services_of(request.app).engine
    engine._hub._linger_s = LINGER_S  # no setting: nobody else needs another
    gc.unfreeze()  # the server sets objects aside, and looks at them again after ten quiet minutes
    gc.collect()
    gc.freeze()
    return JSONResponse(
        {
            "tasks": len(asyncio.all_tasks()),
            "blocks": sys.getallocatedblocks(),
            "answers": len(engine._hub._turns) + len(engine.turns()),
        }
    )


def main(port: int = 0, data_dir: Path = Path("data")) -> None:
    """Serve on `port` until told to stop; says where, as `millrace serve` does."""
    settings = load_settings({"port": port, "data_dir": data_dir})
    app = create_app(settings)
    app.router.routes.insert(0, Route("/soak", left))
    listener = bind(settings.host, settings.port)
    url = url_of(listener, settings.host)
    try:
        uvloop.run(serve(app, settings, listener, lambda: print(f"Millrace is ready at {url}", flush=True)))
    finally:
        listener.close()


if __name__ == "__main__":
    typer.run(main)
