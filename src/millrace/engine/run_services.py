"""What every run uses."""

from dataclasses import dataclass, field

from millrace.engine.fading import Fading
from millrace.engine.hub import Hub
from millrace.engine.insights import Insights
from millrace.engine.metering import Unmetered
from millrace.engine.options import EngineOptions
from millrace.engine.outcomes import Outcomes
from millrace.ports import Clock, Ledger, Meter, ModelDirectory, Retriever, Store, TurnLog, TurnRegistry
from millrace.routing.router import Router
from millrace.routing.timings import Timings


@dataclass(frozen=True, slots=True)
class RunServices:
    """What every run uses."""

    log: TurnLog
    registry: TurnRegistry
    store: Store
    outcomes: Outcomes
    models: ModelDirectory
    clock: Clock
    hub: Hub
    timings: Timings
    options: EngineOptions
    insights: Insights
    fading: Fading
    router: Router
    retriever: Retriever | None = None
    ledger: Ledger | None = None
    meter: Meter = field(default_factory=Unmetered)
