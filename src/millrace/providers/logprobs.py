"""Log-probabilities of tokens, in the shapes in which providers give them. Pure."""

import math
from collections.abc import Iterable
from typing import Any

from millrace.model.generation import Delta, TextPiece, TokensScored


def score(said: Any, out: list[Delta]) -> None:
    """Say how probable the tokens of the text at the end of `out` were, if it is known and text is there."""
    if out and type(out[-1]) is TextPiece and (probabilities := probabilities_of(said)):
        out.append(TokensScored(probabilities))


def probabilities_of(said: Any) -> tuple[float, ...]:
    """The probability of each token, 0.0 to 1.0; what is no number is left out.

    Args:
        said: OpenAI's `{"content": [{"logprob": ...}]}` or the list alone (Responses, Ollama), Together's
            `{"token_logprobs": [...]}`, or Gemini's `{"chosenCandidates": [{"logProbability": ...}]}`.
    """
    return tuple(
        math.exp(min(value, 0.0))
        for value in _values(said)
        if isinstance(value, int | float) and not isinstance(value, bool) and value == value  # noqa: PLR0124 - no NaN
    )


def _values(said: Any) -> Iterable[Any]:
    if isinstance(said, dict):
        bare = said.get("token_logprobs")
        if isinstance(bare, list):
            return bare
        said = said.get("content") or said.get("chosenCandidates")
    if not isinstance(said, list):
        return ()
    return (each.get("logprob", each.get("logProbability")) for each in said if isinstance(each, dict))
