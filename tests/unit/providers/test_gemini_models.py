"""Gemini's listing of models."""

from typing import Any

import pytest

from millrace.model.generation import Capabilities, ModelInfo
from millrace.providers.gemini_models import gemini_info, gemini_infos, next_page


def test_models_that_generate_text() -> None:
    listing = {
        "models": [
            {
                "name": "models/gemini-2.5-flash",
                "inputTokenLimit": 1048576,
                "supportedGenerationMethods": ["generateContent", "countTokens"],
                "thinking": True,
            },
            {"name": "models/embedding-001", "supportedGenerationMethods": ["embedContent"]},
            {
                "name": "models/gemini-2.0-flash",
                "inputTokenLimit": 0,
                "supportedGenerationMethods": ["generateContent"],
            },
            {"name": "tunedModels/mine"},
            {"name": ""},
            {},
            7,
        ]
    }
    assert gemini_infos("g", listing) == (
        ModelInfo("g/gemini-2.5-flash", "g", "gemini-2.5-flash", Capabilities(reasoning=True), 1048576),
        ModelInfo("g/gemini-2.0-flash", "g", "gemini-2.0-flash"),
        ModelInfo("g/tunedModels/mine", "g", "tunedModels/mine"),
    )


@pytest.mark.parametrize("listing", [{}, {"models": 3}, [], None, "x"])
def test_what_is_no_listing(listing: Any) -> None:
    assert gemini_infos("g", listing) == ()


def test_the_next_page() -> None:
    assert next_page({"nextPageToken": "abc"}) == "abc"
    listings: tuple[Any, ...] = ({}, {"nextPageToken": ""}, [], None)
    assert [next_page(listing) for listing in listings] == [None] * 4


def test_a_model_that_is_not_listed() -> None:
    assert gemini_info("g", "gemini-3-pro").capabilities.reasoning
    assert gemini_info("g", "gemini-2.5-flash", {"thinking": False}).capabilities.reasoning is False
