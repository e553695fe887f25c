"""An answer that was fetched whole is given as words, a few at a time, and nothing of it is lost."""

from collections.abc import Sequence

from tests.support.generation import batches_of, stop_when
from tests.support.scripted_provider import Call, ScriptedProvider
from tests.unit.providers.calls import collect, text

from millrace.model.errors import ProviderFailure
from millrace.model.generation import Delta, Finished, GenerationRequest, ReasoningPiece, TextPiece
from millrace.ports import DeltaSink
from millrace.providers.whole_answers import WholeAnswers

TEXT = "One answer,  in one piece.\n\n" * 30
REQUEST = GenerationRequest(model="m", messages=())


class Plays(ScriptedProvider):
    """Says the same each time."""

    def __init__(self, *said: Sequence[Delta] | Exception) -> None:
        super().__init__()
        self._said = said

    async def generate(self, request: GenerationRequest, sink: DeltaSink) -> None:
        call = Call(request)
        self.calls.append(call)
        for item in self._said:
            call.fail(item) if isinstance(item, Exception) else call.deltas(*item)
        call.cut()
        await call.play(sink)


async def test_the_text_is_given_in_words_and_reasoning_at_once() -> None:
    provider = Plays([ReasoningPiece("Hm.")], [TextPiece(TEXT), Finished("stop")])
    batches = await batches_of(WholeAnswers(provider), REQUEST)
    assert provider.calls[0].request.stream is False
    assert batches[0] == (ReasoningPiece("Hm."),)
    words = [delta.text for batch in batches for delta in batch if isinstance(delta, TextPiece)]
    assert "".join(words) == TEXT
    assert len(words) > 100
    assert all(len(batch) < 64 for batch in batches)
    assert batches[-1][-1] == Finished("stop")


async def test_what_came_before_a_failure_is_kept() -> None:
    deltas, error = await collect(WholeAnswers(Plays([TextPiece("two words")], ProviderFailure("Broken."))))
    assert [delta.text for delta in deltas if isinstance(delta, TextPiece)] == ["two", " words"]
    assert error is not None


async def test_a_stop_in_the_middle_of_the_words_ends_them() -> None:
    given: list[Delta] = []

    def enough(deltas: Sequence[Delta]) -> bool:
        given[:] = deltas
        return len(deltas) > 50

    await stop_when(WholeAnswers(Plays([TextPiece(TEXT), Finished("stop")])), REQUEST, enough, "cancel")
    assert text(given) == TEXT[: len(text(given))]
    assert 50 < len(given) < 100
