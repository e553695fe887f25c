"""`python -m bench`: measure Millrace beside its yardsticks."""

import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import workloads
from bench.errors import BenchError
from bench.machine import Machine
from bench.measure import Plan, measure
from bench.parts import NAMES as PARTS
from bench.parts import Parts
from bench.plot import draw
from bench.process import Cores
from bench.report import show, write_json
from bench.results import Results
from bench.servers import SERVERS
from bench.targets import Verdict, check

RESULTS = Path(__file__).parent / "results"
NAMES = (*workloads.NAMES, *PARTS)
FEED = f"{shlex.quote(sys.executable)} -m millrace.testing --port 0"

app = typer.Typer(add_completion=False)


def _names(text: str, known: tuple[str, ...], what: str) -> set[str]:
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = names - set(known)
    if unknown:
        raise typer.BadParameter(f"no such {what}: {', '.join(sorted(unknown))}. There are: {', '.join(known)}.")
    return names


@app.command()
def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="Small sizes, one repeat: for CI, not for a judgement.")
    ] = False,
    only: Annotated[str, typer.Option(help="Workloads and parts, with commas between: " + ", ".join(NAMES))] = "",
    servers: Annotated[str, typer.Option(help="Servers: " + ", ".join(spec.name for spec in SERVERS))] = "",
    repeats: Annotated[int, typer.Option(min=0, help="How often; 0: 3 times, or once with --quick.")] = 0,
    enforce: Annotated[bool, typer.Option("--assert", help="Exit with 1 where a target is missed.")] = False,
    slack: Annotated[float, typer.Option(min=1, help="By how much a limit may be exceeded before it counts.")] = 1.25,
    feed: Annotated[str, typer.Option(help="Another feed: a command that prints its address.")] = FEED,
    output: Annotated[Path, typer.Option(help="Where JSON and plot are written.")] = RESULTS,
) -> None:
    """Measure, show, write; all figures are medians over the repeats."""
    known = tuple(spec.name for spec in SERVERS)
    wanted = _names(only, NAMES, "workload or part")
    chosen = _names(servers, known, "server")
    plan = Plan(
        [spec for spec in SERVERS if (spec.name in chosen if chosen else not spec.services)],
        workloads.select(
            workloads.quick_workloads() if quick else workloads.full_workloads(),
            wanted,
        ),
        repeats or (1 if quick else 3),
        quick,
    )
    console = Console(highlight=False)
    cores = Cores.divide(list(os.sched_getaffinity(0)))
    machine = Machine.here(cores)
    if cores.shared:
        console.print("One core only: server, feed and load share it. CPU per token stands; latencies do not.")
    try:
        with console.status("starting") as status:
            samples = measure(plan, shlex.split(feed), cores, status.update) if plan.workloads else []
            parts = Parts(wanted, quick, slack).measure(shlex.split(feed), cores, status.update)
    except BenchError as error:
        console.print(f"bench: {error}", style="red", markup=False)
        raise typer.Exit(2) from error
    results = Results.of(samples)
    checks = [*check(results, slack), *parts]
    show(console, results, checks, plan.workloads)
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    options = {"quick": str(quick), "repeats": str(plan.repeats), "slack": str(slack), "feed": feed}
    write_json(path, machine, results, checks, options)
    draw(path.with_suffix(".png"), results, machine)
    written = [file for file in (path, path.with_suffix(".png")) if file.exists()]
    console.print(*written, sep="\n", soft_wrap=True)
    missed = [found for found in checks if found.verdict is Verdict.MISSED]
    raise typer.Exit(1 if enforce and missed else 0)


if __name__ == "__main__":
    app()
