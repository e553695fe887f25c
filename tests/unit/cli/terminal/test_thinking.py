"""How an answer came about, in lines for people."""

from typing import Any

import pytest

from millrace.cli.client.shapes import StoredMessage
from millrace.cli.terminal.thinking import story_lines, time_line


def lines(metadata: dict[str, Any] | None) -> list[str]:
    message = StoredMessage("m", "s", "t", "assistant", "Yes.", "complete", metadata)
    return [line.plain for line in story_lines(message.story)]


def test_all_that_is_kept_is_told() -> None:
    assert lines(
        {
            "model": "b/y",
            "reasoning_steps": [
                {"step_number": 1, "type": "exploration", "content": "Look\x1b[2J around.", "confidence": 0.5},
                {"step_number": 2, "type": "synthesis", "content": "So.", "confidence": None},
            ],
            "reasoning_time_ms": 65_000,
            "seams": [
                {
                    "type": "provider_switched",
                    "position": 1200,
                    "from_model": "a/x",
                    "to_model": "b/y",
                    "reason": "slow",
                },
                {"type": "turn_resumed", "position": 1300},
            ],
        }
    ) == [
        "exploration (50% sure): Look[2J around.",
        "synthesis: So.",
        "Thought for 1 min 5 s · 2 steps",
        "b/y went on for a/x (slow), at character 1,200",
        "Resumed after an interruption, at character 1,300",
    ]


@pytest.mark.parametrize("metadata", [None, {}, {"model": "a/x"}, {"reasoning_steps": 3}, {"seams": [{"type": 1}]}])
def test_what_is_not_told_or_not_understood_is_nothing(metadata: dict[str, Any] | None) -> None:
    assert lines(metadata) == []


def test_one_step_is_one_step() -> None:
    assert time_line(400, 1).plain == "Thought for 0.4 s · 1 step"
    assert time_line(59_940, 0).plain == "Thought for 59.9 s"
