"""`python -m chaos`: break what answers, and account for every token."""

import math
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, cast

import typer
import uvloop
from msgspec import Struct
from msgspec.structs import replace
from rich.console import Console
from tests.support.postgresql import postgresql_program
from tests.support.redis import redis_program

from chaos.client import LOST
from chaos.faults import FAULTS, Fault
from chaos.report import page
from chaos.results import NEEDED_TURNS, Results, Summary, conditions, encoded
from chaos.round import INTERVAL_MS, LIMIT_S, TRANSPORTS, Players, Round, routes
from chaos.sites import BACKENDS, Backend, open_site
from millrace.testing.simulator.process import simulator_process

DOCS = Path(__file__).parent.parent / "docs"
PAGE, JSON = "reliability.md", "reliability.json"
QUICK = {
    "memory": ("truncate",),
    "sqlite": ("kill", "provider", "disk"),
    "redis": ("kill", "sleep", "redis-restart", "redis-flushed", "database"),
}
"""What a short run does."""

app = typer.Typer(add_completion=False)


class Plan(Struct, frozen=True):
    """What is to be done: at each backend these faults, each so often."""

    faults: dict[Backend, Sequence[Fault]]
    transports: Sequence[str]
    turns: int
    repeats: int
    seed: int
    lease_s: float
    interval_ms: int

    def rounds(self, backend: Backend) -> Iterator[tuple[Fault, int]]:
        """Each round with its seed, which is the same whatever else is played."""
        faults = self.faults[backend]
        answers = self.turns * len(self.transports) * len(faults)
        for repeat in range(self.repeats or max(2, math.ceil(NEEDED_TURNS / max(1, answers)))):
            for fault in faults:
                yield fault, self.seed + 1000 * FAULTS.index(fault) + repeat


def _names(text: str, known: Sequence[str], what: str) -> Sequence[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise typer.BadParameter(f"no such {what}: {', '.join(unknown)}. There are: {', '.join(known)}.")
    return names or known


def _chosen(backend: str, fault: str, *, quick: bool) -> dict[Backend, Sequence[Fault]]:
    """The faults for each backend that is wanted.

    Raises:
        typer.BadParameter: There is no such thing, nothing to do, or not what it takes.
    """
    backends = [cast(Backend, name) for name in _names(backend, list(BACKENDS), "backend")]
    if "redis" in backends and (redis_program() is None or postgresql_program("postgres") is None):
        raise typer.BadParameter(
            "Redis or PostgreSQL is not on this machine: run scripts/setup.sh services, or say --backend memory,sqlite."
        )
    names = _names(fault, [each.name for each in FAULTS], "fault")
    wanted = {name: QUICK[name] if quick and not fault else names for name in backends}
    chosen = {
        name: [each for each in FAULTS if name in each.backends and each.name in wanted[name]] for name in backends
    }
    if not any(chosen.values()):
        raise typer.BadParameter("None of these faults makes sense at these backends.")
    return {name: faults for name, faults in chosen.items() if faults}


@app.command()
def main(
    quick: Annotated[bool, typer.Option("--quick", help="Some faults, few answers, no report: for CI.")] = False,
    backend: Annotated[str, typer.Option(help="Backends, with commas between: " + ", ".join(BACKENDS))] = "",
    fault: Annotated[str, typer.Option(help="Faults: " + ", ".join(each.name for each in FAULTS))] = "",
    transport: Annotated[str, typer.Option(help="Transports: " + ", ".join(TRANSPORTS))] = "",
    turns: Annotated[int, typer.Option(min=0, help="Answers at a time for each transport; 0: 50, or 8.")] = 0,
    repeats: Annotated[
        int, typer.Option(min=0, help="Rounds for each fault; 0: as many as 2,000 answers take, or 1.")
    ] = 0,
    lease: Annotated[float, typer.Option(min=0, help="The servers' lease in seconds; 0: 5, or 1.")] = 0,
    seed: Annotated[int, typer.Option(help="Chance; 0: another one each time.")] = 0,
    report: Annotated[Path | None, typer.Option(help="Where page and JSON are written; docs/ for a full run.")] = None,
) -> None:
    """Strike, count, write; the exit status is 1 where anything is wrong."""
    console = Console(highlight=False, soft_wrap=True)
    folder = report or DOCS
    plan = Plan(
        _chosen(backend, fault, quick=quick),
        _names(transport, list(TRANSPORTS), "transport"),
        turns or (8 if quick else 50),
        repeats or (1 if quick else 0),
        seed or time.time_ns() % 1_000_000,
        lease or (1.0 if quick else 5.0),
        INTERVAL_MS // 2 if quick else INTERVAL_MS,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is stopped
    results = uvloop.run(_run(plan, console))
    if not (quick or backend or fault or transport) or report is not None:
        _write(results.summary(), folder, console)
    problems = results.problems()
    for problem in (*results.broken, *results.lateness()):
        console.print(problem, style="red", markup=False)
    console.print(f"{len(results.rounds)} rounds in {results.conditions.seconds:.0f} s, {len(problems)} problems")
    sys.exit(1 if problems else 0)


async def _run(plan: Plan, console: Console) -> Results:
    began = time.monotonic()
    under = conditions(seed=plan.seed, turns=plan.turns, transports=plan.transports, lease_s=plan.lease_s)
    rounds: list[Round] = []
    broken: list[str] = []
    left_out: dict[str, None] = {}
    async with simulator_process() as simulator:
        for backend in plan.faults:
            async with open_site(backend, simulator, lease_s=plan.lease_s, routes=routes(plan.interval_ms)) as site:
                players = Players(site, plan.transports, plan.turns, plan.interval_ms)
                for fault, seed in plan.rounds(backend):
                    if not fault.possible(site):
                        left_out[fault.title] = None
                        continue
                    try:
                        rounds.append(await players.play(fault, seed))
                    except (RuntimeError, AssertionError, *LOST) as error:
                        broken.append(f"{backend}, {fault.name}, seed {seed}: the round itself broke: {error!r}")
                    else:
                        _tell(rounds[-1], console)
                await players.close()
    return Results(replace(under, left_out=list(left_out), seconds=time.monotonic() - began), rounds, broken)


def _tell(played: Round, console: Console) -> None:
    counts = played.counts
    wrong = ", ".join(f"{name} {number}" for name, number in counts.violations().items())
    wrong = wrong or ("nothing wrong" if not played.problems else "; ".join(played.problems))
    struck = f"{played.backend:7} {played.fault:14} seed {played.seed:<8} {counts.in_flight:4} of {counts.turns:4}"
    ends = f"{counts.completed:4} completed, {counts.failed:4} ended"
    if played.asked_again:
        ends += f", {played.asked_again} asked again"
    console.print(f"{struck}, {counts.tokens:6} tokens, {ends}, {played.seconds:5.1f} s: {wrong}")
    for problem in played.problems:
        console.print(f"  {problem}", style="red", markup=False)


def _write(summary: Summary, folder: Path, console: Console) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JSON).write_bytes(encoded(summary))
    (folder / PAGE).write_text(page(summary, limit_s=LIMIT_S), encoding="utf-8")
    console.print(f"written: {folder / PAGE}")


if __name__ == "__main__":
    app()
