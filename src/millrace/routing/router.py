"""Asks the models of a chain until one has answered; what one began the next one finishes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from millrace.model.generation import GenerationRequest, StepFound
from millrace.ports import Clock, DeltaSink, ResolvedModel
from millrace.routing.breaker import BreakerOptions
from millrace.routing.experience import Experience
from millrace.routing.gates import Gates, GateStatus
from millrace.routing.route import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterOptions:
    """How chains behave.

    Attributes:
        breakers: When a provider is passed over.
        limits: How many concurrent calls each provider takes, by its name; any number where it is not there.
        ask_to_go_on: Whether an answer that broke off may be continued by models that cannot be prefilled.
        hedge_after_calls: How many first tokens of a model must be known before one can be late.
    """

    breakers: BreakerOptions = field(default_factory=BreakerOptions)
    limits: Mapping[str, int] = field(default_factory=dict)
    ask_to_go_on: bool = True
    hedge_after_calls: int = 20


class Router:
    """One serves all calls of a process: it knows how its providers are doing."""

    def __init__(self, clock: Clock, options: RouterOptions | None = None) -> None:
        self._options = options or RouterOptions()
        gates = Gates(clock, self._options.breakers, self._options.limits)
        self._experience = Experience(clock, gates, least_first_tokens=self._options.hedge_after_calls)

    def status(self) -> Sequence[GateStatus]:
        """How the providers are doing."""
        return self._experience.gates.status()

    def route(
        self,
        model: ResolvedModel,
        request: GenerationRequest,
        sink: DeltaSink,
        *,
        said: Callable[[], str],
        asked: Callable[[ResolvedModel], None] | None = None,
        thought: Callable[[], Sequence[StepFound]] | None = None,
        serving: str | None = None,
    ) -> Route:
        """One answer, not begun yet.

        Args:
            model: The chain.
            request: What to ask; the name of its model does not matter.
            sink: Takes what the models say, and `Switched` before another one goes on.
            said: The answer so far. What is there before the first model is asked is continued, too.
            asked: Is told whenever a model is asked.
            thought: The steps of its thinking so far, which whoever takes over need not think again.
            serving: The id of the model that answered before, where that is not the first one.
        """
        return Route(
            self._experience,
            model,
            request,
            sink,
            said=said,
            asked=asked,
            thought=thought,
            serving=serving,
            ask_to_go_on=self._options.ask_to_go_on,
        )

    async def generate(
        self, model: ResolvedModel, request: GenerationRequest, sink: DeltaSink, *, said: Callable[[], str]
    ) -> None:
        """One answer, to its end.

        Raises:
            MillraceError: No model of the chain could answer.
        """
        await self.route(model, request, sink, said=said).run()
