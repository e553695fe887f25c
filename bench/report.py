"""Show the results: tables for people, JSON for machines."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench.machine import Machine
from bench.metrics import COLUMNS, WAITED
from bench.results import Results
from bench.servers import SERVERS
from bench.targets import Check, Verdict
from bench.workloads import Workload

QUIET = 0.05
"""Up to this share of time taken by others a run counts as undisturbed."""
STYLES = {Verdict.MET: "green", Verdict.SLACK: "yellow", Verdict.MISSED: "bold red"}


def show(console: Console, results: Results, checks: Sequence[Check], workloads: Sequence[Workload]) -> None:
    """Print one table per workload, what went wrong, and the targets."""
    for workload in workloads:
        if workload.name in COLUMNS:
            _show_workload(console, results, workload)
    disturbed = results.highest(WAITED)
    if disturbed > QUIET:
        text = f"Disturbed: a server waited up to {disturbed:.0%} of the time for a core that something else had."
        console.print(f"{text} Latencies and ratios say little; repeat on a quiet machine.", style="yellow")
    for sample in results.samples:
        for failure in sample.failures:
            console.print(f"{sample.server}, {sample.workload}: {failure}", style="red", markup=False)
    table = Table(title="targets", title_justify="left", title_style="bold")
    for column in ("what", "server", "figure", "limit", ""):
        table.add_column(column, justify="right" if column in {"figure", "limit"} else "left")
    for check in checks:
        verdict = f"[{STYLES[check.verdict]}]{check.verdict}[/]"
        table.add_row(check.title, check.server, f"{check.value:.2f}", f"{check.limit:g}", verdict)
    console.print(table)


def _show_workload(console: Console, results: Results, workload: Workload) -> None:
    """Print a workload's figures, a row per metric: it is as readable in a narrow terminal as in a wide one."""
    names = [spec.name for spec in SERVERS if workload.name in results.tables.get(spec.name, {})]
    if not names:
        return
    table = Table(title=workload.title, title_justify="left", title_style="bold")
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
    for metric in COLUMNS[workload.name]:
        values = [results.get(name, workload.name, metric) for name in names]
        if any(value is not None for value in values):
            cells = ["" if value is None else f"{value:,.{metric.digits}f}" for value in values]
            table.add_row(metric.title, *cells)
    console.print(table)


def write_json(
    path: Path, machine: Machine, results: Results, checks: Sequence[Check], options: dict[str, str]
) -> None:
    """Write everything: machine, options, medians, targets and each sample."""
    document = {
        "machine": machine,
        "options": options,
        "medians": results.tables,
        "targets": [msgspec.to_builtins(check) | {"verdict": check.verdict} for check in checks],
        "samples": results.samples,
    }
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document)))
