"""Events of one answer that differ in nothing but their text, read without reading the rest again. Pure.

Most servers repeat id, model and all else with each token. An event that begins and ends with the very bytes of an
earlier one, and has the inside of a JSON string between them, where that one had its text, says what that one said
with another text: taking its line apart, decoding its objects, and looking at each of their fields, is left out.
Servers that change something with each chunk are noticed and left alone.
"""

import re

import msgspec

from millrace.providers.openai_chunks import decode_plain_chunk, speaks_beside

_CONTENT = re.compile(rb'"content": ?"((?:[^"\\]|\\.)*+)"')
_PROBE = "probe"
_LINE, _END = b"data: ", b"\n\n"
_TRIES = 4
"""So many kinds of chunks are looked at in a row of which none came twice."""

_decode_text = msgspec.json.Decoder(str).decode


class TextChunk:
    """What stood around the text of the chunk that was looked at last, if it held nothing else of interest."""

    __slots__ = ("_head", "_tail", "_unseen")

    def __init__(self) -> None:
        self._head = b""  # up to the text's opening quote, and with it
        self._tail = b""  # from its closing quote on
        self._unseen = 0  # chunks looked at since one was known again

    def text(self, event: bytes) -> str:
        """The text of an event, from its first byte to its blank line, that is known but for it.

        Empty where it is another, where it has none, or where it is more or less than one event.
        """
        head, tail = self._head, self._tail
        if not head or not event.startswith(head) or not event.endswith(tail):
            return ""
        try:
            # No string of JSON has line ends in it, so it is one event, of one line.
            text = _decode_text(event[len(head) - 1 : len(event) - len(tail) + 1])
        except ValueError:
            return ""
        if self._unseen:
            self._unseen = 0
        return text

    def learn(self, data: bytes) -> None:
        """Look at the data of an event, so as to know it again."""
        if self._unseen >= _TRIES or (found := _CONTENT.search(data)) is None:
            return
        self._unseen += 1
        head, tail = data[: found.start(1)], data[found.end(1) :]
        # That it is the text, and all there is, is not guessed: another one in its place must come out as the text.
        if _is_probe(head + _PROBE.encode() + tail):
            self._head, self._tail = _LINE + head, tail + _END
        else:
            self._head = b""


def _is_probe(data: bytes) -> bool:
    """Whether a chunk says the probe's text and nothing else."""
    try:
        chunk = decode_plain_chunk(data)
    except (ValueError, RecursionError):
        return False
    choice = chunk.choices[0] if chunk.choices else None
    if choice is None or choice.delta is None or choice.delta.content != _PROBE:
        return False
    delta = choice.delta
    beside = (choice.index, choice.finish_reason, choice.logprobs, delta.reasoning_content, delta.reasoning)
    more = (delta.refusal, delta.tool_calls, delta.function_call, delta.annotations)
    return not any((*beside, *more)) and not speaks_beside(chunk)
