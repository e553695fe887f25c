from typing import Any

import pytest

from millrace.providers.config import (
    OPENAI_BASE_URL,
    USUAL,
    ProviderConfig,
    UsualProvider,
    kind_and_address,
    providers_from_environment,
)


def test_nothing_in_the_environment() -> None:
    assert providers_from_environment({}) == ()
    assert providers_from_environment({"OPENAI_API_KEY": " ", "OPENAI_BASE_URL": ""}) == ()


@pytest.mark.parametrize(
    ("environ", "config"),
    [
        ({"OPENAI_API_KEY": "k\n"}, ProviderConfig("openai", base_url=OPENAI_BASE_URL, api_key="k")),
        ({"OPENAI_BASE_URL": "http://h:1/v1/"}, ProviderConfig("openai", base_url="http://h:1/v1")),
        (
            {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://h/v1"},
            ProviderConfig("openai", base_url="http://h/v1", api_key="k"),
        ),
    ],
)
def test_environment(environ: dict[str, str], config: ProviderConfig) -> None:
    assert providers_from_environment(environ) == (config,)


def test_the_key_is_not_shown() -> None:
    assert "hidden" not in repr(ProviderConfig("a", api_key="hidden"))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "a/b"}, "without a slash"),
        ({"name": "A"}, "small letters"),
        ({"name": ""}, "small letters"),
        ({"name": "a", "kind": "x"}, 'kind "x" is unknown'),
        ({"name": "a", "base_url": "ftp://h"}, "like https://host/v1"),
        ({"name": "a", "base_url": "h/v1"}, "like https://host/v1"),
        ({"name": "a", "base_url": "http://h:port"}, "cannot be read"),
        ({"name": "a", "base_url": "http://h:0"}, "like https://host/v1"),
        ({"name": "a", "base_url": "https://key@h/v1"}, "neither key nor query"),
        ({"name": "a", "base_url": "https://h/v1?key=x"}, "neither key nor query"),
    ],
)
def test_what_cannot_be(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ProviderConfig(**values)


@pytest.mark.parametrize(
    ("url", "address", "local"),
    [
        ("http://localhost:8080/v1", ("localhost", 8080), True),
        ("http://127.0.0.1/v1", ("localhost", 80), True),
        ("http://[::1]:9/v1", ("localhost", 9), True),
        ("https://api.example/v1", ("api.example", 443), False),
    ],
)
def test_address(url: str, address: tuple[str, int], local: bool) -> None:
    config = ProviderConfig("a", base_url=url)
    assert (config.address, config.local) == (address, local)


@pytest.mark.parametrize("usual", USUAL, ids=lambda usual: usual.name)
def test_a_usual_name_in_the_environment_makes_its_provider(usual: UsualProvider) -> None:
    made = ProviderConfig(usual.name, usual.kind, usual.base_url, api_key="k")
    for variable in usual.key_variables:
        assert providers_from_environment({variable: "k", "OTHER_API_KEY": "x"}) == (made,)
    elsewhere = ProviderConfig(usual.name, usual.kind, "http://h/v1")
    assert providers_from_environment({usual.base_url_variable: "http://h/v1/"}) == (elsewhere,)


def test_the_usual_names_are_those_of_the_services() -> None:
    variables = {variable for usual in USUAL for variable in usual.key_variables}
    assert variables >= {
        f"{name}_API_KEY" for name in ("OPENAI", "GROQ", "PERPLEXITY", "OPENROUTER", "MISTRAL", "DEEPSEEK", "XAI")
    }
    assert providers_from_environment({"XAI_API_KEY": "x", "OPENAI_API_KEY": "o"})[0].name == "openai"


@pytest.mark.parametrize(
    ("name", "kind", "base_url", "found"),
    [
        ("groq", None, None, ("openai", "https://api.groq.com/openai/v1")),
        ("groq", None, "http://h/v1", ("openai", "http://h/v1")),
        ("house", None, None, ("openai", OPENAI_BASE_URL)),
        ("house", "unheard-of", None, ("unheard-of", OPENAI_BASE_URL)),
    ],
)
def test_what_the_settings_leave_out(name: str, kind: str | None, base_url: str | None, found: tuple[str, str]) -> None:
    assert kind_and_address(name, kind, base_url) == found


def test_gemini_has_two_names_for_its_key() -> None:
    (config,) = providers_from_environment({"GOOGLE_API_KEY": "g", "GEMINI_API_KEY": "first"})
    assert (config.name, config.kind, config.api_key) == ("gemini", "gemini", "first")
    assert providers_from_environment({"GOOGLE_API_KEY": "g"})[0].api_key == "g"


def test_background_belongs_to_one_wire() -> None:
    assert ProviderConfig("a", "openai-responses", background=True).background
    with pytest.raises(ValueError, match="background needs the kind openai-responses"):
        ProviderConfig("a", background=True)
