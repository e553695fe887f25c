"""A chain of models that the test plays, and somebody who listens to it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest
from tests.support.clock import ManualClock
from tests.support.scripted_provider import ScriptedProvider

from millrace.model.generation import (
    Capabilities,
    Delta,
    GenerationRequest,
    ModelInfo,
    PromptMessage,
    Switched,
    TextPiece,
)
from millrace.ports import ResolvedModel
from millrace.routing.breaker import BreakerOptions
from millrace.routing.route import Route
from millrace.routing.router import Router, RouterOptions

ASKED = GenerationRequest(model="whatever", messages=(PromptMessage("user", "Why?"),), user_id="ana")


def link(name: str, *, prefill: bool = False, context: int | None = None) -> ResolvedModel:
    """A model of a provider of its own."""
    info = ModelInfo(f"{name}/m", name, "m", Capabilities(prefill=prefill), context)
    return ResolvedModel(info, ScriptedProvider())


def chain(*links: ResolvedModel, hedge: bool = False) -> ResolvedModel:
    """The models as one."""
    return replace(links[0], others=links[1:], hedge=hedge)


def script(of: ResolvedModel) -> ScriptedProvider:
    """The hand on what a model says."""
    assert isinstance(of.provider, ScriptedProvider)
    return of.provider


@dataclass
class Listener:
    """Takes what a chain says."""

    deltas: list[Delta] = field(default_factory=list)
    before: str = ""
    asked: list[str] = field(default_factory=list)

    def take(self, deltas: Sequence[Delta]) -> None:
        self.deltas += deltas

    def said(self) -> str:
        return self.before + "".join(delta.text for delta in self.deltas if isinstance(delta, TextPiece))

    def switches(self) -> list[tuple[str, str, str]]:
        return [(d.from_model, d.to_model, d.reason) for d in self.deltas if isinstance(d, Switched)]


@dataclass
class Stage:
    """A router, its clock, and who listens."""

    router: Router
    clock: ManualClock
    listener: Listener

    def route(
        self, model: ResolvedModel, request: GenerationRequest = ASKED, *, serving: str | None = None
    ) -> tuple[Route, "asyncio.Task[None]"]:
        """Begin an answer."""
        route = self.router.route(
            model,
            request,
            self.listener.take,
            said=self.listener.said,
            asked=lambda each: self.listener.asked.append(each.info.id),
            serving=serving,
        )
        return route, asyncio.create_task(route.run())

    def breakers(self) -> dict[str, str]:
        return {status.provider: status.breaker for status in self.router.status()}


MakeStage = Callable[..., Stage]


@pytest.fixture
def make_stage() -> MakeStage:
    def make(*, before: str = "", **options: object) -> Stage:
        clock = ManualClock()
        breakers = BreakerOptions(least_calls=2, open_s=30)
        made = RouterOptions(**{"breakers": breakers, "hedge_after_calls": 1, **options})  # type: ignore[arg-type]  # test shorthand
        return Stage(Router(clock, made), clock, Listener(before=before))

    return make


@pytest.fixture
def stage(make_stage: MakeStage) -> Stage:
    return make_stage()


T = TypeVar("T")


async def within(awaitable: Awaitable[T]) -> T:
    """Wait, but not for ever."""
    async with asyncio.timeout(5):
        return await awaitable
