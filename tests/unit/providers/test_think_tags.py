import pytest

from millrace.model.generation import ReasoningPiece, TextPiece
from millrace.providers.think_tags import ThinkTagSplitter


def split(*pieces: str) -> tuple[str, str]:
    splitter = ThinkTagSplitter()
    found = [part for piece in pieces for part in splitter.feed(piece)] + splitter.close()
    assert all(part.text for part in found)
    kinds = [type(part) for part in found]
    assert kinds == sorted(kinds, key=lambda kind: kind is TextPiece), "reasoning comes before text"
    return (
        "".join(part.text for part in found if isinstance(part, ReasoningPiece)),
        "".join(part.text for part in found if isinstance(part, TextPiece)),
    )


@pytest.mark.parametrize(
    ("content", "reasoning", "text"),
    [
        ("Hello", "", "Hello"),
        ("  Hello ", "", "  Hello "),
        ("<think>a < b</think>\n\nHello", "a < b", "Hello"),
        ("\n<think>\nwhy?\n\nso. \n</think>Hello", "why?\n\nso.", "Hello"),
        ("<think> \n </think> \n Hello", "", "Hello"),
        ("<think></think>\n\nHello", "", "Hello"),
        ("<think>a</think>\n<think>b</think>\nHello", "ab", "Hello"),
        ("<think>never ends", "never ends", ""),
        ("<think>a</think>", "a", ""),
        ("<think>a</think>  ", "a", ""),
        ("<think>a</thi", "a</thi", ""),
        ("<thin", "", "<thin"),
        ("<thinking>x", "", "<thinking>x"),
        ("Use <think>x</think> so", "", "Use <think>x</think> so"),
        ("```\n<think>\n```", "", "```\n<think>\n```"),
        ("<think>a</think>The <think> tag", "a", "The <think> tag"),
        ("<think>a<<</</think></think>b", "a<<</", "</think>b"),
        ("   ", "", "   "),
        ("", "", ""),
    ],
)
def test_split_however_it_is_cut(content: str, reasoning: str, text: str) -> None:
    assert split(content) == (reasoning, text)
    assert split(*content) == (reasoning, text)
    for cut in range(len(content)):
        assert split(content[:cut], content[cut:]) == (reasoning, text)


def test_an_ordinary_answer_is_never_held_back() -> None:
    splitter = ThinkTagSplitter()
    assert splitter.feed("Hi") == [TextPiece("Hi")]
    assert splitter.settled


def test_thinking_is_given_as_it_comes() -> None:
    splitter = ThinkTagSplitter()
    assert splitter.feed("<th") == []
    assert splitter.feed("ink>so") == [ReasoningPiece("so")]
    assert splitter.feed(" it <") == [ReasoningPiece(" it")]
    assert splitter.feed("b") == [ReasoningPiece(" <b")]
