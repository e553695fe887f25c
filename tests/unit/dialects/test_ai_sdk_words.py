"""The words of the AI SDK are those that its versions know."""

import json

import pytest

from millrace.dialects.ai_sdk_words import AiSdkWords
from millrace.model.events import FinishReason, TurnCompleted, Usage


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("filtered", "content-filter"),
        ("tools", "tool-calls"),
        ("pause", "other"),
    ],
)
def test_every_reason_has_a_word_that_version_5_knows(reason: FinishReason, word: str) -> None:
    records = AiSdkWords().end(TurnCompleted(reason, "d", 0, Usage(), "a/b"))
    finish = json.loads(records[-1].removeprefix(b"data: "))
    assert finish["finishReason"] == word
    assert finish["messageMetadata"]["finishReason"] == reason, "our own word is in the metadata"
