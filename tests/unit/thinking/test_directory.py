"""Every model of a chain can be asked to think, each in its own way."""

from tests.support.scripted_provider import ScriptedDirectory, ScriptedProvider

from millrace.thinking.directory import ThinkingDirectory
from millrace.thinking.stepwise import StepwiseProvider


def test_who_takes_over_thinks_too() -> None:
    models = ScriptedDirectory(ScriptedProvider(), then=ScriptedProvider())
    chain = ThinkingDirectory(models, 100).resolve(None)
    assert [type(link.provider) for link in (chain, *chain.others)] == [StepwiseProvider, StepwiseProvider]
    assert [link.info for link in chain.others] == [link.info for link in models.resolve(None).others]


def test_models_that_think_by_themselves_or_only_quote_stay_as_they_are() -> None:
    provider = ScriptedProvider()
    directory = ThinkingDirectory(ScriptedDirectory(provider), 100)
    for name in ("scripted/reasoning", "scripted/quoting"):
        assert directory.resolve(name).provider is provider
    assert directory.default == "scripted/model"
    assert directory.aliases() == ()
