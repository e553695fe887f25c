"""What suggestions and titles use is booked as the user's, apart from the answer's own usage."""

import logging

import pytest
from tests.support.scripted_provider import ScriptedDirectory, ScriptedProvider
from tests.unit.engine.conftest import ANA, Bench, until

from millrace.engine.insights import Insights
from millrace.engine.tally import Tally
from millrace.model.commands import CancelTurn
from millrace.model.errors import StoreUnavailable
from millrace.model.events import TurnCompleted, Usage
from millrace.model.generation import ModelUse
from millrace.model.turns import SideUsage
from millrace.ops.clock import SystemClock
from millrace.ports import Reservation
from millrace.routing.router import Router
from millrace.suggestions.suggester import Suggester
from millrace.suggestions.titler import Titler

QUICK = "scripted/model"


def thinking_with(provider: ScriptedProvider) -> Insights:
    models, router = ScriptedDirectory(provider), Router(SystemClock())
    return Insights(suggester=Suggester(models, QUICK, router), titler=Titler(models, QUICK, router))


def booked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[SideUsage]:
    """What the store is given, which it takes as well."""
    taken: list[SideUsage] = []
    keep = bench.store.add_side_usage

    async def add(used: SideUsage) -> None:
        await keep(used)
        taken.append(used)

    monkeypatch.setattr(bench.store, "add_side_usage", add)
    return taken


async def test_both_are_booked_apart_from_the_answer(make_bench, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    quick = ScriptedProvider(autoplay=["And why ", "not?"])
    bench: Bench = await make_bench(insights=thinking_with(quick))
    taken = booked(bench, monkeypatch)
    turn, call = await bench.ask("Why?")
    call.say("Because.")
    call.finish(usage=Usage(10, 20))
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnCompleted)
    assert (end.usage, end.cost) == (Usage(10, 20), 0.03)
    await until(lambda: len(taken) == 2)
    assert [(used.purpose, used.usage, used.cost) for used in taken] == [
        ("suggestions", Usage(1, 2), 0.003),
        ("title", Usage(1, 2), 0.003),
    ]
    assert {(used.user_id, used.session_id, used.turn_id) for used in taken} == {("ana", turn.session_id, turn.id)}


async def test_what_a_stop_cut_off_is_estimated(make_bench, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    quick = ScriptedProvider()
    bench: Bench = await make_bench(insights=thinking_with(quick))
    taken = booked(bench, monkeypatch)
    turn, call = await bench.ask("Why?")
    call.say("x" * 500)
    (await quick.next_call()).say("And")
    await bench.engine.cancel(CancelTurn(turn_id=turn.id), ANA)
    await until(lambda: bool(taken))
    assert (taken[0].purpose, taken[0].usage.estimated) == ("suggestions", True)
    assert taken[0].usage.input_tokens > 100


class Books:
    """A ledger that remembers."""

    def __init__(self) -> None:
        self.used: list[tuple[str, Usage]] = []

    async def reserve(self, user_id: str, *, tokens: int, metered: bool = False) -> Reservation:
        raise NotImplementedError

    async def book(self, user_id: str, usage: Usage) -> None:
        self.used.append((user_id, usage))


async def test_a_store_that_does_not_answer_costs_the_books_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def down(_: SideUsage) -> None:
        raise StoreUnavailable(detail="connection refused")

    turn, call = await bench.ask()
    call.finish()
    await bench.entries(turn)
    monkeypatch.setattr(bench.store, "add_side_usage", down)
    ledger = Books()
    models = ScriptedDirectory(ScriptedProvider())
    tally = Tally(turn, store=bench.store, ledger=ledger, models=models, clock=SystemClock())
    tally.of("title")(ModelUse(QUICK, Usage(1, 2), cost=0.5))
    tally.of("suggestions")(ModelUse(QUICK, Usage(3, 4)))
    with caplog.at_level(logging.ERROR):
        await tally.book()
        await tally.book()
    assert ledger.used == [("ana", Usage(1, 2)), ("ana", Usage(3, 4))], "each once"
    assert caplog.text.count("not booked: connection refused") == 2
