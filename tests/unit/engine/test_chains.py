"""A turn is answered by the chain that its request means, as long as that is the one it was admitted with."""

import msgspec
from tests.support.scripted_provider import ScriptedDirectory, ScriptedProvider
from tests.unit.engine.test_endings import TURN

from millrace.engine.chains import chain_of


def test_the_chain_of_a_turn() -> None:
    one, two = ScriptedProvider(), ScriptedProvider()
    models = ScriptedDirectory(one, then=two)
    chain = chain_of(models, TURN)
    assert [link.info.id for link in (chain, *chain.others)] == ["scripted/model", "second/model"]
    moved = msgspec.structs.replace(TURN, model="second/model")
    assert chain_of(models, moved).info.id == "scripted/model", "it is in the chain"
    gone = msgspec.structs.replace(TURN, model="scripted/prefill")
    chain = chain_of(models, gone)
    assert (chain.info.id, chain.others) == ("scripted/prefill", ())
