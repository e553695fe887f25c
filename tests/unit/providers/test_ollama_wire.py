"""Single lines of Ollama's stream; `test_ollama_body.py` reads whole ones."""

import pytest

from millrace.model.errors import ProviderFailure
from millrace.model.generation import Delta, Finished, TextPiece
from millrace.providers.failures import Call
from millrace.providers.ollama_wire import OllamaDecoder, decode_line


def test_lines_are_read_leniently() -> None:
    assert decode_line(b'{"done":true,"eval_count":NaN}').eval_count is None
    with pytest.raises(ValueError, match="deep"):
        decode_line(b'{"error":' + b"[" * 100_000)
    with pytest.raises(ValueError, match="message"):
        decode_line(b'{"message":3}')


def test_nothing_is_read_after_the_end() -> None:
    decoder = OllamaDecoder(Call("acme", "m"))
    out: list[Delta] = []
    decoder.feed(b'{"message":{"content":"Hi"},"done":true}', out)
    decoder.feed(b'{"message":{"content":"more"}}', out)
    decoder.close(out)
    assert out == [TextPiece("Hi"), Finished("stop")]


def test_done_must_be_true() -> None:
    decoder = OllamaDecoder(Call("acme", "m"))
    out: list[Delta] = []
    decoder.feed(b'{"message":{"content":"Hi"},"done":"yes"}', out)
    assert not decoder.done
    with pytest.raises(ProviderFailure, match="before the answer was complete"):
        decoder.close(out)
    assert decoder.done
