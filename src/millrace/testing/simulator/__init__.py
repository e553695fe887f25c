"""A simulated model provider: OpenAI's chat wire over HTTP, every text known in advance, every fault on demand.

Use it in a test's own process::

    async with Simulator.start() as simulator:
        client = AsyncOpenAI(base_url=simulator.base_url, api_key=API_KEY)
        ...
        assert text == expected_text("sim?tokens=20&seed=7")
        (request,) = await simulator.settled()
        assert request.closed_by == "server"

Parts: `behaviour` (what a model name says), `text` and `script` (what is said), `wires` (in which bytes), `performance`
(when, and what goes wrong), `pacer` and `exchange` (to which socket), `journal` (what happened).
"""

from millrace.testing.simulator.behaviour import Behaviour, BehaviourError, Fault, ReasoningPlace, TextKind, UsagePlace
from millrace.testing.simulator.exchange import BEHAVIOUR_HEADER
from millrace.testing.simulator.faults import SECRET
from millrace.testing.simulator.journal import RequestRecord
from millrace.testing.simulator.process import SimulatorProcess, simulator_process
from millrace.testing.simulator.script import expected_reasoning, expected_steps, expected_text, expected_tokens
from millrace.testing.simulator.server import API_KEY, Simulator

__all__ = [
    "API_KEY",
    "BEHAVIOUR_HEADER",
    "SECRET",
    "Behaviour",
    "BehaviourError",
    "Fault",
    "ReasoningPlace",
    "RequestRecord",
    "Simulator",
    "SimulatorProcess",
    "TextKind",
    "UsagePlace",
    "expected_reasoning",
    "expected_steps",
    "expected_text",
    "expected_tokens",
    "simulator_process",
]
