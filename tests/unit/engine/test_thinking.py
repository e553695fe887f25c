"""Which mode a turn has: the request's word, else the chooser's, else that reasoning is to be seen."""

from millrace.engine.thinking import decided
from millrace.model.commands import StartTurn, ThinkingDecision
from millrace.model.generation import Capabilities

QUOTING = Capabilities(instructions=False)


class Chooser:
    """Chooses what the question says."""

    def choose(self, question: str, *, wanted: bool) -> ThinkingDecision:
        return ThinkingDecision("system2" if "prove" in question or wanted else "system1", f"of {question!r}")


def test_the_request_decides() -> None:
    command = StartTurn(message="Hi", thinking_mode="system2")
    for model in (Capabilities(), QUOTING):
        assert decided(command, model, Chooser()).mode == "system2"


def test_else_the_chooser_does() -> None:
    assert decided(StartTurn(message="Hi"), Capabilities(), Chooser()) == ThinkingDecision("system1", "of 'Hi'")
    assert decided(StartTurn(message="prove it"), Capabilities(), Chooser()).mode == "system2"
    assert decided(StartTurn(message="Hi", enable_reasoning=True), Capabilities(), Chooser()).mode == "system2"


def test_what_cannot_think_does_not() -> None:
    decision = decided(StartTurn(message="prove it", enable_reasoning=True), QUOTING, Chooser())
    assert decision == ThinkingDecision("system1", "the model does not think")
    assert decided(StartTurn(message="prove it"), Capabilities(), Chooser(), steps=False) == decision
    assert (
        decided(StartTurn(message="prove it"), Capabilities(reasoning=True), Chooser(), steps=False).mode == "system2"
    )


def test_without_a_chooser_whoever_wants_to_see_reasoning_gets_it() -> None:
    assert decided(StartTurn(message="prove it"), Capabilities(), None).mode == "system1"
    assert decided(StartTurn(message="Hi", enable_reasoning=True), Capabilities(), None).mode == "system2"
