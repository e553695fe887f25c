"""What names of chains may be, and what they mean."""

import pytest

from millrace.model.generation import ModelAlias
from millrace.providers.aliases import Aliases, Chain

ONE, TWO = Chain(("a/x", "b/y")), Chain(("c/z",), hedge=True)


def test_what_a_name_means() -> None:
    aliases = Aliases({"default": ONE, "House-1.2": TWO})
    assert aliases.chain(None) == aliases.chain("default") == aliases.chain("smart") == ONE
    assert aliases.chain("House-1.2") == TWO
    assert aliases.chain("a/x") is None
    assert aliases.listed() == (ModelAlias("default", ONE.models), ModelAlias("House-1.2", TWO.models, hedge=True))


def test_the_default_may_be_one_model_or_a_chain() -> None:
    one = Aliases({"smart": TWO}, "a/x")
    assert (one.default_model, one.chain(None), one.chain("fast"), one.chain("smart")) == ("a/x", None, None, TWO)
    assert one.is_default("fast")
    assert not one.is_default("a/x")
    chain = Aliases({"smart": TWO}, "smart")
    assert (chain.default_model, chain.chain(None), chain.chain("fast")) == (None, TWO, TWO)
    overruled = Aliases({"default": ONE}, "a/x")
    assert (overruled.default_model, overruled.chain(None), overruled.chain("default")) == ("a/x", None, None)


@pytest.mark.parametrize(
    ("chains", "default", "words"),
    [
        ({"a/x": ONE}, None, "cannot name a chain"),
        ({"": ONE}, None, "cannot name a chain"),
        ({"one": ONE, "two": Chain(("one",))}, None, "name its models instead"),
        ({"two": Chain(("smart",))}, None, "name its models instead"),
    ],
)
def test_what_cannot_be(chains: dict[str, Chain], default: str | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Aliases(chains, default)


@pytest.mark.parametrize("models", [(), ("a/x", " ")])
def test_a_chain_has_models(models: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="name its models"):
        Chain(models)
