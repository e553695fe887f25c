"""The page that people read."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import asdict

from chaos.counting import Counts
from chaos.faults import FAULTS
from chaos.results import NEEDED_TURNS, TAKEOVER_S, Results, Spread
from chaos.sites import BACKENDS

_METHOD = Path(__file__).with_name("method.txt")
_HEAD = """# Reliability

What becomes of answers when something breaks. `make chaos` runs real processes, breaks them while they answer, and
accounts for every single token that every client got. This page is what it wrote; nobody edits it.

"""
_BAD = (
    "lost", "doubled", "reordered", "taken_back", "foreign", "digests", "endless", "ends_twice", "wrong_ends", "broken",
)  # fmt: skip
_TITLES = (
    "lost", "doubled", "reordered", "taken back", "foreign", "digest", "no end", "two ends", "wrong end", "broken",
)  # fmt: skip


def page(results: Results, *, limit_s: float) -> str:
    """The whole page."""
    conditions = results.conditions
    how = _METHOD.read_text(encoding="utf-8").format(
        turns=conditions.turns,
        transports=", ".join(conditions.transports),
        limit=limit_s,
        minutes=max(1, conditions.seconds / 60),
    )
    return "".join(
        (
            _HEAD,
            _verdict(results),
            _totals(results),
            _takeover(results),
            _cells(results),
            _faults(results),
            how,
            _circumstances(results),
        )
    )


def _verdict(results: Results) -> str:
    problems = results.problems()
    counts = [results.of_backend(name) for name in results.backends()]
    turns, tokens = sum(each.in_flight for each in counts), sum(each.tokens for each in counts)
    said = f"{turns:,} answers were struck in their midst, with {tokens:,} tokens. "
    if not problems:
        return said + "Nothing was lost, doubled, reordered or taken back, and each had exactly one end.\n\n"
    shown = "".join(f"- {problem}\n" for problem in problems[:20])
    return f"{said}**{len(problems)} things are wrong:**\n\n{shown}\n"


def _totals(results: Results) -> str:
    rows = []
    for name in results.backends():
        counts = results.of_backend(name)
        enough = "" if counts.in_flight >= NEEDED_TURNS else f" (of {NEEDED_TURNS:,} wanted)"
        rows.append(
            [BACKENDS[name], f"{counts.in_flight:,}{enough}", f"{counts.tokens:,}", *_bad(counts), counts.leaked]
        )
    return "## In all\n\n" + _table(["backend", "in flight", "tokens", *_TITLES, "leaked"], rows)


def _takeover(results: Results) -> str:
    lease = results.conditions.lease_s
    rows = []
    for name in results.backends():
        for elsewhere, who in ((True, "connected to another process"), (False, "connected to the dead one")):
            spread = results.silences(name, "kill", elsewhere=elsewhere)
            if spread is not None:
                rows.append([name, who, *_times(spread)])
    if not rows:
        return ""
    said = (
        f"## From a kill -9 to the next token\n\nThe lease is {lease:g} s, so the limit with several processes is "
        f"{lease + TAKEOVER_S:g} s. Seconds, of answers whose model continues exactly; the others repeat themselves "
        "first. With one server it is its restart that is waited for.\n\n"
    )
    return said + _table(["backend", "who waited", "answers", "median", "p99", "longest"], rows)


def _cells(results: Results) -> str:
    titles = {fault.name: fault.title for fault in FAULTS}
    rows = [
        [
            titles[cell.fault],
            cell.backend,
            cell.transport,
            f"{cell.counts.turns:,}",
            f"{cell.counts.in_flight:,}",
            f"{cell.counts.returns:,}",
            f"{cell.counts.tokens:,}",
            f"{cell.counts.completed:,}",
            cell.counts.failed,
            cell.counts.told,
            *_bad(cell.counts),
        ]
        for cell in sorted(results.cells(), key=lambda cell: list(titles).index(cell.fault))
    ]
    head = [
        "fault",
        "backend",
        "transport",
        "turns",
        "in flight",
        "returns",
        "tokens",
        "completed",
        "ended",
        "told",
        *_TITLES,
    ]
    return "## Every fault, backend and transport\n\n" + _table(head, rows)


def _faults(results: Results) -> str:
    played = {each.fault for each in results.rounds}
    rows = [[fault.title, fault.does, fault.promise] for fault in FAULTS if fault.name in played]
    return "## What each fault does, and what is promised\n\n" + _table(
        ["fault", "what is done", "what must come of it"], rows
    )


def _circumstances(results: Results) -> str:
    conditions = results.conditions
    left_out = ", ".join(conditions.left_out) or "nothing"
    return (
        "## This run\n\n"
        f"{conditions.at}, seed {conditions.seed}, {len(results.rounds)} rounds in {conditions.seconds / 60:.0f} min. "
        f"{conditions.machine}, Python {conditions.python}, load average "
        f"{conditions.load_average} before it began. Left out for want of what it takes: {left_out}. All figures, "
        "round by round: [reliability.json](reliability.json).\n"
    )


def _bad(counts: Counts) -> Sequence[int]:
    values = asdict(counts)
    return [values[name] for name in _BAD]


def _times(spread: Spread) -> Sequence[object]:
    return [spread.number, f"{spread.median:.2f}", f"{spread.p99:.2f}", f"{spread.longest:.2f}"]


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join(lines) + "\n\n"
