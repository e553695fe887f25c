"""The script of one answer: which tokens come, and why they end. Pure, so a test can know what it must receive."""

from typing import Final, Literal

import msgspec

from millrace.model.generation import StepFound
from millrace.testing.simulator.ask import Ask, AskError
from millrace.testing.simulator.behaviour import DEFAULT_TOKENS, Behaviour, Fault, PrefillPolicy, TextKind, split_model
from millrace.testing.simulator.steps import step_list, steps_text
from millrace.testing.simulator.text import Library, Token, make_token, tokenize
from millrace.thinking.prompts import asks_for_steps

FinishReason = Literal["stop", "length", "content_filter"]

_PREFILL_REFUSED: Final = (
    "This model does not support assistant message prefill. The conversation must end with a user message."
)


class Script(msgspec.Struct, frozen=True):
    """The tokens of an answer.

    Attributes:
        reasoning: The thinking that comes first.
        text: The answer.
        finish: Why it ends there.
    """

    reasoning: list[Token]
    text: list[Token]
    finish: FinishReason

    @property
    def length(self) -> int:
        """Tokens in all, reasoning included."""
        return len(self.reasoning) + len(self.text)


def compose(library: Library, behaviour: Behaviour, ask: Ask) -> Script:
    """Decide what an answer says.

    Raises:
        AskError: The conversation ends with the assistant's message and the behaviour refuses that.
    """
    thinks_aloud = behaviour.steps and asks_for_steps(ask.user_text)
    text = tokenize(steps_text(behaviour)) if thinks_aloud else _whole_text(library, behaviour, ask.user_text)
    reasoning = library.reasoning(behaviour.seed, behaviour.reasoning)
    if ask.prefill is not None and behaviour.prefill is PrefillPolicy.REFUSE:
        raise AskError(_PREFILL_REFUSED, "messages")
    if ask.prefill is not None and behaviour.prefill is PrefillPolicy.CONTINUE:
        text = continuation(text, ask.prefill)
    elif ask.partial is not None and behaviour.overlap is not None:
        text = continuation(text, _without_end(ask.partial, behaviour.overlap))
    script = Script(reasoning, text, "stop")
    if ask.max_tokens is not None and ask.max_tokens < script.length:
        script = _limited(script, ask.max_tokens, "length")
    if behaviour.fault is Fault.CONTENT_FILTER and behaviour.after is not None:
        script = _limited(script, behaviour.after, "content_filter")
    return script


def continuation(tokens: list[Token], said: str) -> list[Token]:
    """The tokens that come after ``said``, the first of them cut where ``said`` ends within it.

    A text that the answer does not begin with is nobody's beginning: the answer then starts anew.
    """
    position = 0
    for index, token in enumerate(tokens):
        left = len(said) - position
        if left <= len(token.text):
            if not token.text.startswith(said[position:]):
                return tokens
            rest = token.text[left:]
            return ([make_token(rest)] if rest else []) + tokens[index + 1 :]
        if not said.startswith(token.text, position):
            return tokens
        position += len(token.text)
    return []


def expected_tokens(behaviour: Behaviour | str, *, user: str = "") -> tuple[str, ...]:
    """The tokens of the whole answer, reasoning left out.

    Args:
        behaviour: A behaviour, or a model name such as ``sim?tokens=20&seed=7``.
        user: The user's last message, which ``text=echo`` repeats.

    Raises:
        BehaviourError: The model name does not say a behaviour.
    """
    return tuple(token.text for token in _whole_text(Library(), _as_behaviour(behaviour), user))


def expected_text(behaviour: Behaviour | str, *, user: str = "") -> str:
    """The text of the whole answer; the arguments and errors are those of `expected_tokens`."""
    return "".join(expected_tokens(behaviour, user=user))


def expected_reasoning(behaviour: Behaviour | str) -> str:
    """The text of the thinking that comes before the answer; empty unless the behaviour has ``reasoning``.

    Raises:
        BehaviourError: The model name does not say a behaviour.
    """
    read = _as_behaviour(behaviour)
    return "".join(token.text for token in Library().reasoning(read.seed, read.reasoning))


def expected_steps(behaviour: Behaviour | str) -> tuple[StepFound, ...]:
    """The steps that are written where a question asks for steps.

    Raises:
        BehaviourError: The model name does not say a behaviour.
    """
    return step_list(_as_behaviour(behaviour))


def _as_behaviour(behaviour: Behaviour | str) -> Behaviour:
    return Behaviour.read(split_model(behaviour)[1]) if isinstance(behaviour, str) else behaviour


def _whole_text(library: Library, behaviour: Behaviour, user_text: str) -> list[Token]:
    count = DEFAULT_TOKENS if behaviour.tokens is None else behaviour.tokens
    if behaviour.stamped:
        return library.stamps(count)
    if behaviour.text is TextKind.ECHO:
        return tokenize(user_text)[: behaviour.tokens]
    return library.text(behaviour.text, behaviour.seed, count)


def _limited(script: Script, length: int, finish: FinishReason) -> Script:
    return Script(script.reasoning[:length], script.text[: max(0, length - len(script.reasoning))], finish)


def _without_end(text: str, tokens: int) -> str:
    pieces = tokenize(text)
    return "".join(piece.text for piece in pieces[: max(0, len(pieces) - tokens)])
