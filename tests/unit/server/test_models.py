from pathlib import Path

import pytest
from pydantic import ValidationError

from millrace.model.events import Passage, Usage
from millrace.providers.aliases import Chain
from millrace.providers.config import OPENAI_BASE_URL
from millrace.providers.whole_answers import WholeAnswers
from millrace.routing.breaker import BreakerOptions
from millrace.routing.router import RouterOptions
from millrace.server.models import chains, fast_model, model_registry, provider_configs, router_options
from millrace.server.settings import Settings, load_settings
from millrace.server.settings_errors import SettingsError


class NothingKnown:
    async def retrieve(
        self, query: str, *, user_id: str, document_ids: object = (), limit: int = 6, own: bool = False
    ) -> tuple[Passage, ...]:
        return ()


def settings(**values: object) -> Settings:
    return Settings.model_validate({"discover_local": False, **values})


def test_providers_are_those_of_the_settings_in_their_order() -> None:
    configs = provider_configs(
        settings(
            providers={
                "mine": {"base_url": "http://127.0.0.1:9/v1/", "models": ["a", "b"]},
                "openai": {"api_key": " key "},
            }
        )
    )
    mine, openai = configs
    assert (mine.name, mine.base_url, mine.api_key, mine.models) == ("mine", "http://127.0.0.1:9/v1", None, ("a", "b"))
    assert (openai.name, openai.base_url, openai.api_key) == ("openai", OPENAI_BASE_URL, "key")


def test_each_provider_that_cannot_be_used_is_named() -> None:
    wrong = settings(providers={"Mine": {}, "other": {"kind": "fax"}, "third": {"base_url": "https://h/v1?key=1"}})
    with pytest.raises(SettingsError) as refused:
        provider_configs(wrong)
    assert [sentence.split(" is wrong")[0] for sentence in refused.value.sentences] == [
        "The setting providers.Mine",
        "The setting providers.other",
        "The setting providers.third",
    ]


async def test_what_is_said_of_single_models_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MILLRACE_DISCOVER_LOCAL", "false")
    monkeypatch.setenv("MILLRACE_PROVIDERS__MINE__BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("MILLRACE_PROVIDERS__MINE__MODELS", "big, slow-1")
    overrides = '{"slow-*": {"streaming": false, "input_price": 2, "output_price": 10}}'
    monkeypatch.setenv("MILLRACE_PROVIDERS__MINE__OVERRIDES", overrides)
    registry = model_registry(load_settings(), NothingKnown())
    assert {info.name: info.capabilities.streaming for info in registry.models() if info.provider == "mine"} == {
        "big": True,
        "slow-1": False,
    }
    assert isinstance(registry.resolve("mine/slow-1").provider, WholeAnswers)
    assert isinstance(registry.resolve("mine/slow-unlisted").provider, WholeAnswers)
    assert not isinstance(registry.resolve("mine/big").provider, WholeAnswers)
    assert registry.cost("mine/slow-1", Usage(1_000_000, 100_000)) == 3.0
    assert registry.cost("mine/big", Usage(1_000_000, 0)) is None
    await registry.close()


@pytest.mark.parametrize("prices", [{"input_price": 1}, {"output_price": 1}, {"cached_input_price": 1}])
def test_half_a_price_is_none(prices: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="price"):
        settings(providers={"mine": {"overrides": {"m": prices}}})


async def test_without_any_provider_the_built_in_one_answers() -> None:
    registry = model_registry(settings(), NothingKnown())
    await registry.start()
    assert registry.default == "embedded/passages"
    await registry.close()


async def test_the_built_in_providers_name_is_taken() -> None:
    with pytest.raises(SettingsError, match="embedded"):
        model_registry(settings(providers={"embedded": {}}), NothingKnown())


def test_chains_are_written_as_lists_or_as_tables() -> None:
    made = settings(
        routes={"default": ["a/x", "b/y"], "smart": {"models": "a/x, b/y", "hedge": True}}, fast_model="smart"
    )
    assert chains(made) == {
        "default": Chain(("a/x", "b/y")),
        "smart": Chain(("a/x", "b/y"), hedge=True),
        "fast": Chain(("a/x", "b/y"), hedge=True),
    }
    assert fast_model(made) == "smart"
    assert chains(settings(fast_model="a/x")) == {"fast": Chain(("a/x",))}
    assert fast_model(settings(routes={"fast": "a/x"})) == "fast"
    assert fast_model(settings()) is None
    with pytest.raises(SettingsError, match=r"routes\.empty"):
        chains(settings(routes={"empty": []}))
    with pytest.raises(SettingsError, match="name its models instead"):
        model_registry(settings(routes={"one": "a/x", "two": "one"}), NothingKnown())


def test_what_the_settings_say_of_failing_models() -> None:
    routing = {
        "continue_without_prefill": False,
        "breaker_error_rate": 0.25,
        "breaker_calls": 3,
        "breaker_window_s": 7,
        "breaker_open_s": 8,
        "hedge_after_calls": 9,
    }
    made = settings(routing=routing, providers={"a": {"concurrent_calls": 2}, "b": {}})
    assert router_options(made) == RouterOptions(
        breakers=BreakerOptions(error_rate=0.25, least_calls=3, window_s=7, open_s=8),
        limits={"a": 2},
        ask_to_go_on=False,
        hedge_after_calls=9,
    )
    assert router_options(settings()) == RouterOptions()
