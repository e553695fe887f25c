"""The page that people read."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import asdict

from chaos.counting import Counts
from chaos.faults import FAULTS
from chaos.results import NEEDED_TURNS, TAKEOVER_S, Spread, Summary
from chaos.sites import BACKENDS

_METHOD = Path(__file__).with_name("method.txt")
_HEAD = """# Reliability

What becomes of answers when something breaks. `make chaos` runs real processes, breaks them while they answer, and
accounts for every single token that every client got. This page is what it wrote; nobody edits it.

"""
_BAD = {
    "lost": "lost",
    "doubled": "doubled",
    "reordered": "reordered",
    "taken_back": "taken back",
    "foreign": "foreign",
    "digests": "digest",
    "endless": "no end",
    "ends_twice": "two ends",
    "wrong_ends": "wrong end",
    "broken": "broken",
    "leaked": "leaked",
}
"""What must not happen, and how it is called."""


def page(summary: Summary, *, limit_s: float) -> str:
    """The whole page."""
    conditions = summary.conditions
    how = _METHOD.read_text(encoding="utf-8").format(
        turns=conditions.turns,
        transports=", ".join(conditions.transports),
        limit=limit_s,
        minutes=max(1, conditions.seconds / 60),
    )
    parts = (_HEAD, _verdict(summary), _totals(summary), _takeover(summary), _cells(summary), _faults(summary), how)
    return "".join((*parts, _circumstances(summary)))


def _verdict(summary: Summary) -> str:
    counts = summary.backends.values()
    turns, tokens = sum(each.in_flight for each in counts), sum(each.tokens for each in counts)
    said = f"{turns:,} answers were struck in their midst; their clients got {tokens:,} tokens. "
    if not summary.problems:
        return said + "Nothing was lost, doubled,\nreordered or taken back, and each answer had exactly one end.\n\n"
    shown = "".join(f"- {problem}\n" for problem in summary.problems[:20])
    return f"{said}**{len(summary.problems)} things are wrong:**\n\n{shown}\n"


def _totals(summary: Summary) -> str:
    rows = []
    for name, counts in summary.backends.items():
        enough = "" if counts.in_flight >= NEEDED_TURNS else f" (of {NEEDED_TURNS:,} wanted)"
        values = asdict(counts)
        rows.append([name, f"{counts.in_flight:,}{enough}", f"{counts.tokens:,}", *(values[each] for each in _BAD)])
    said = "".join(f"- `{name}`: {title}\n" for name, title in BACKENDS.items() if name in summary.backends)
    return f"## In all\n\n{said}\n" + _table(["backend", "in flight", "tokens", *_BAD.values()], rows)


def _takeover(summary: Summary) -> str:
    lease = summary.conditions.lease_s
    rows = [
        [name, who, *_times(spread)]
        for name, silences in summary.kill.items()
        for who, spread in (
            ("connected to another process", silences.elsewhere),
            ("connected to the dead one", silences.returning),
        )
        if spread is not None
    ]
    if not rows:
        return ""
    said = (
        f"## From a kill -9 to the next token\n\nThe lease is {lease:g} s, so the limit for those who are connected to "
        f"another process is {lease + TAKEOVER_S:g} s. Seconds,\nof answers whose model continues exactly; the others "
        "repeat themselves first. With one server it is its restart that is waited for.\n\n"
    )
    return said + _table(["backend", "who waited", "answers", "median", "p99", "longest"], rows)


def _cells(summary: Summary) -> str:
    order = [fault.name for fault in FAULTS]
    titles = {fault.name: fault.title for fault in FAULTS}
    rows = [
        [
            titles[cell.fault],
            cell.backend,
            cell.transport,
            *(f"{number:,}" for number in _harmless(cell.counts)),
            ", ".join(f"{_BAD[name]} {number}" for name, number in cell.counts.violations().items()) or "nothing",
        ]
        for cell in sorted(summary.cells, key=lambda cell: order.index(cell.fault))
    ]
    head = ["fault", "backend", "transport", "turns", "in flight", "returns", "tokens", "completed", "ended", "told"]
    return "## Every fault, backend and transport\n\n" + _table([*head, "wrong"], rows)


def _harmless(counts: Counts) -> Sequence[int]:
    numbers = (counts.turns, counts.in_flight, counts.returns, counts.tokens)
    return (*numbers, counts.completed, counts.failed, counts.told)


def _faults(summary: Summary) -> str:
    played = {cell.fault for cell in summary.cells}
    rows = [[fault.title, fault.does, fault.promise] for fault in FAULTS if fault.name in played]
    head = ["fault", "what is done", "what must come of it"]
    return "## What each fault does, and what is promised\n\n" + _table(head, rows)


def _circumstances(summary: Summary) -> str:
    conditions = summary.conditions
    left_out = ", ".join(conditions.left_out) or "nothing"
    again = sum(each.asked_again for each in summary.rounds)
    minutes = f"{conditions.seconds / 60:.0f} minutes"
    return (
        f"## This run\n\n{conditions.at}, seed {conditions.seed}, {len(summary.rounds)} rounds in {minutes}, "
        f"on {conditions.machine} with Python {conditions.python}.\nThe load average of the machine was "
        f"{conditions.load_average} before it began; {again} questions were refused before anything was broken, and "
        f"asked again.\nLeft out for want of what it takes: {left_out}. "
        "All figures, round by round: [reliability.json](reliability.json).\n"
    )


def _times(spread: Spread) -> Sequence[object]:
    return [spread.number, f"{spread.median:.2f}", f"{spread.p99:.2f}", f"{spread.longest:.2f}"]


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join(lines) + "\n\n"
