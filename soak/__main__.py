"""`python -m soak`: ask for an hour, and see what stays."""

import math
import sys
import time
from collections.abc import Sequence
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.table import Table
from tests.support.postgresql import postgresql_program
from tests.support.redis import redis_program

from soak.players import Players
from soak.rig import Backend, open_rig
from soak.samples import Sample, problems

TURNS = 3600
"""An hour of a busy team: an answer every second."""
ROUNDS = 12
SHORT_TURNS, SHORT_ROUNDS = 150, 5
SHORT_S = 14.0
"""After so many seconds a short run asks no more, if it has three samples: starting and stopping take some, too."""
_ENOUGH = 3
_WIDTH = 120
app = typer.Typer(add_completion=False)


@app.command()
def main(
    short: Annotated[bool, typer.Option("--short", help="Few answers, one backend: for CI, under 30 s.")] = False,
    backend: Annotated[str, typer.Option(help="sqlite or redis; both where none is named.")] = "",
    turns: Annotated[int, typer.Option(min=0, help="Answers for each backend; 0: 3,600, or 150.")] = 0,
) -> None:
    """Ask, wait for quiet, look, again; the exit status is 1 where anything grew."""
    console = Console(highlight=False, soft_wrap=True, width=max(_WIDTH, Console().width))
    chosen: list[Backend] = ["sqlite", "redis"]
    if redis_program() is None or postgresql_program("postgres") is None:
        console.print("No Redis or PostgreSQL is installed here: that backend is left out.")
        chosen = ["sqlite"]
    if backend:
        chosen = [name for name in chosen if name == backend]
        if not chosen:
            raise typer.BadParameter("sqlite; redis where Redis and PostgreSQL are", param_hint="--backend")
    elif short:
        chosen = chosen[-1:]  # the one with more that could leak
    found = []
    for name in chosen:
        began = time.monotonic()
        rounds = SHORT_ROUNDS if short else ROUNDS
        asked = turns or (SHORT_TURNS if short else TURNS)
        samples = uvloop.run(_soak(name, asked, rounds, until=began + SHORT_S if short else math.inf))
        _show(console, name, samples, time.monotonic() - began)
        found += [f"{name}: {problem}" for problem in problems(samples)]
    for problem in found:
        console.print(problem, style="red", markup=False)
    console.print("Something grew." if found else "Nothing grew.")
    sys.exit(1 if found else 0)


async def _soak(backend: Backend, turns: int, rounds: int, *, until: float) -> list[Sample]:
    samples = []
    async with open_rig(backend) as rig, Players(rig.url) as players:
        await rig.at_rest(0)
        for number in range(1, rounds + 1):
            await players.ask(turns * number // rounds - turns * (number - 1) // rounds)
            samples.append(await rig.at_rest(turns * number // rounds))
            if len(samples) >= _ENOUGH and time.monotonic() > until:
                break
    return samples


def _show(console: Console, backend: Backend, samples: Sequence[Sample], seconds: float) -> None:
    title = f"{backend}: {samples[-1].turns:,} answers in {seconds:.0f} s; at rest after each round"
    table = Table(title=title, title_justify="left", title_style="bold")
    columns = [name for name in Sample.__struct_fields__ if getattr(samples[-1], name) is not None]
    for name in columns:
        table.add_column(name.replace("_", " "), justify="right")
    for sample in samples:
        values = [getattr(sample, name) for name in columns]
        table.add_row(*(f"{value:,.1f}" if isinstance(value, float) else f"{value:,}" for value in values))
    console.print(table)


if __name__ == "__main__":
    app()
