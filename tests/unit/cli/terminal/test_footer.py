from typing import Any

import pytest

from millrace.cli.terminal.footer import figures, sources


def test_sources_bear_the_numbers_of_their_marks() -> None:
    citations: list[Any] = [
        {"title": "Start", "url": "/docs/start", "snippet": "", "number": 3},
        {"title": "", "url": "https://example.com/\x1b"},
        "nonsense",
    ]
    listed = [line.plain for line in sources({"citations": citations})]
    assert listed == ["Sources", "[3] Start  /docs/start", "[2] https://example.com/"]
    assert sources({}) == []
    assert sources({"citations": None}) == []


@pytest.mark.parametrize(
    ("metadata", "line"),
    [
        ({}, ""),
        (
            {
                "model": "p/m",
                "usage": {"input_tokens": 1200, "output_tokens": 8},
                "cost": 0.012,
                "response_time_ms": 85,
            },
            "p/m · tokens: 1,200 in, 8 out · $0.0120 · 85 ms",
        ),
        (
            {"model": "p/m", "usage": {"output_tokens": 8, "estimated": True}, "cost": 1e-5, "response_time_ms": 1840},
            "p/m · tokens: about 0 in, 8 out · less than $0.0001 · 1.8 s",
        ),
        ({"model": "p/m", "usage": None, "cost": None, "response_time_ms": None}, "p/m"),
        ({"model": "p/m", "cost": 0}, "p/m"),
    ],
)
def test_figures_say_what_is_known(metadata: dict[str, Any], line: str) -> None:
    assert figures(metadata) == line
