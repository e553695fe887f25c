from typing import Any

import pytest

from millrace.providers.listings import is_chat_model, model_info, model_infos


@pytest.mark.parametrize(
    "listing",
    [
        {"object": "list", "data": [{"id": "a"}, {"id": "b"}, {"id": "a"}]},
        [{"id": "a"}, {"id": "b"}],
        {"models": [{"name": "a"}, {"id": "b"}]},
        {"data": [{"id": "a"}, None, {"id": 3}, {"id": ""}, "x", {"id": "b"}]},
    ],
)
def test_shapes(listing: Any) -> None:
    assert [info.id for info in model_infos("p", listing)] == ["p/a", "p/b"]


@pytest.mark.parametrize("listing", [None, {}, [], "x", {"data": None}, {"data": "x"}, 3])
def test_no_listing(listing: Any) -> None:
    assert model_infos("p", listing) == ()


@pytest.mark.parametrize(
    ("item", "length"),
    [
        ({"context_length": 4096}, 4096),
        ({"max_model_len": 8192}, 8192),
        ({"context_window": 16}, 16),
        ({"max_context_length": 32}, 32),
        ({"meta": {"n_ctx_train": 64}}, 64),
        ({"meta": {"n_ctx": 32, "n_ctx_train": 64}}, 32),
        ({"context_length": None}, None),
        ({"context_length": "many"}, None),
        ({"context_length": True}, None),
        ({"context_length": 0, "max_model_len": 7}, 7),
    ],
)
def test_context_length(item: Any, length: int | None) -> None:
    assert model_info("p", "m", item).context_length == length


def test_capabilities() -> None:
    assert model_info("p", "o3").capabilities.reasoning
    assert model_info("p", "deepseek-reasoner").capabilities.reasoning
    assert not model_info("p", "gpt-4o").capabilities.reasoning
    assert model_info("p", "x", {"supported_parameters": ["reasoning"]}).capabilities.reasoning
    assert not model_info("p", "o3", {"supported_parameters": []}).capabilities.reasoning
    assert model_info("p", "sonar-pro").capabilities.citations


@pytest.mark.parametrize(
    "name",
    [
        "text-embedding-3-small",
        "whisper-1",
        "tts-1-hd",
        "dall-e-3",
        "omni-moderation-latest",
        "gpt-image-1",
        "nomic-embed-text",
        "gpt-4o-realtime-preview",
        "gpt-4o-audio-preview",
        "babbage-002",
        "llama-guard-3",
    ],
)
def test_models_that_do_not_chat(name: str) -> None:
    assert not is_chat_model(name)


@pytest.mark.parametrize("name", ["gpt-4o-mini", "llama3.2:1b", "qwen2.5-coder", "sim", "gpt-4-vision", "passages"])
def test_models_that_chat(name: str) -> None:
    assert is_chat_model(name)
