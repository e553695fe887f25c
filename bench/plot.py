"""The results as one picture: a panel per figure, a bar per server."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench import metrics, workloads
from bench.machine import Machine
from bench.metrics import Metric
from bench.results import Results
from bench.servers import FLOOR, MEMORY, REDIS, SERVERS, SQLITE, USUAL

COLORS = {FLOOR: "#9aa5b1", MEMORY: "#2f7ed8", SQLITE: "#12539c", REDIS: "#7a4fb5", USUAL: "#d9822b"}
OTHER_COLOR = "#6b7280"
INK = "#1f2933"
COLUMNS = 3
DPI = 150


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure of one workload."""

    title: str
    workload: str
    metric: Metric
    limit: float | None = None
    """What Millrace must stay under, drawn as a line."""


PANELS = (
    Panel("CPU per token, paced, µs", workloads.PACED, metrics.CPU),
    Panel("CPU per token, flat out, µs", workloads.FLAT, metrics.CPU),
    Panel("CPU per token, many slow streams, µs", workloads.MANY, metrics.CPU),
    Panel("latency p99 above the floor's, paced, ms", workloads.PACED, metrics.ADDED_P99, 15),
    Panel("time to first token above the floor's, ms", workloads.PACED, metrics.TTFT_ADDED, 10),
    Panel("CPU of a turn, ms", workloads.TURNS, metrics.TURN_CPU, 3),
    Panel("memory per idle connection, KiB", workloads.IDLE, metrics.CONNECTION_MEMORY, 40),
    Panel("memory per stream, KiB", workloads.MANY, metrics.STREAM_MEMORY),
    Panel("memory added by a slow reader, KiB", workloads.SLOW, metrics.SLOW_MEMORY, 1024),
)


def draw(path: Path, results: Results, machine: Machine) -> None:
    """Write the picture as PNG; panels without a figure are left out, and without any there is no picture."""
    panels = [panel for panel in PANELS if any(_bars(panel, results))]
    if not panels:
        return
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(4.6 * columns, 0.8 + 1.9 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for panel, axis in zip(panels, axes, strict=False):
        _draw_panel(axis, panel, _bars(panel, results))
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    shared = "server, feed and load share one core" if machine.cores_shared else "server pinned to a core of its own"
    where = f"{machine.processor}, {machine.cores} cores, Python {machine.python}, {shared}"
    figure.suptitle(f"Millrace beside its yardsticks: {where}; dashed: the limit", fontsize=10, color=INK)
    figure.savefig(path, dpi=DPI)


def _bars(panel: Panel, results: Results) -> list[tuple[str, float]]:
    found = [(spec.name, results.get(spec.name, panel.workload, panel.metric)) for spec in SERVERS]
    return [(name, value) for name, value in found if value is not None]


def _draw_panel(axis: Axes, panel: Panel, bars: Sequence[tuple[str, float]]) -> None:
    names, values = [name for name, _ in bars], [value for _, value in bars]
    drawn = axis.barh(names, values, color=[COLORS.get(name, OTHER_COLOR) for name in names], height=0.65)
    labels = [_label(value) for value in values]
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}  # so that the limit's line does not cross a figure
    axis.bar_label(drawn, labels=labels, padding=4, fontsize=8, color=INK, bbox=behind)
    if panel.limit is not None and panel.limit < 3 * max(*values, panel.limit / 4):
        axis.axvline(panel.limit, color="#c23b22", linewidth=1, linestyle="--")
    axis.invert_yaxis()
    axis.margins(x=0.18)
    axis.set_title(panel.title, fontsize=9, loc="left", color=INK)
    axis.tick_params(labelsize=8, length=0, colors=INK)
    axis.xaxis.set_visible(False)
    for side in ("top", "right", "bottom"):
        axis.spines[side].set_visible(False)


def _label(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
