"""Asks a model to go on with an answer that another one, or another process, began. Pure."""

import msgspec

from millrace.model.generation import GenerationRequest, PromptMessage

_ANCHOR_CHARS = 60
_GO_ON = (
    "Your answer above was cut off in the middle. Continue it from exactly where it ends, in the same language and"
    " form. Begin by repeating its last words, which stand between the two lines below, and go on from there without a"
    " break. Add no introduction, no comment and no apology, and repeat nothing that comes before these words. If"
    " nothing is missing, write these words alone."
    "\n---\n{anchor}\n---"
)


def continued(request: GenerationRequest, said: str, *, prefill: bool) -> GenerationRequest:
    """The request for the rest of an answer of which `said` is the beginning.

    Args:
        request: What the answer was asked for with; its prompt ends with the question.
        said: The answer so far.
        prefill: Whether the model continues an assistant's message that ends the prompt. One that does not is asked to
            repeat the anchor and to go on; what it repeats is for an `OverlapTrimmer` to leave out. It need not think:
            that was done before the answer began.
    """
    messages = (*request.messages, PromptMessage("assistant", said))
    if prefill:
        return msgspec.structs.replace(request, messages=messages)
    messages += (PromptMessage("user", _GO_ON.format(anchor=anchor_of(said))),)
    return msgspec.structs.replace(request, messages=messages, reasoning=False)


def anchor_of(said: str) -> str:
    """The last words of a text, which a model is asked to repeat: about a line, from the beginning of a word."""
    text = said.rstrip()
    begin = max(0, len(text) - _ANCHOR_CHARS)
    while begin > 0 and not text[begin - 1].isspace() and len(text) - begin < 2 * _ANCHOR_CHARS:
        begin -= 1
    return text[begin:]
