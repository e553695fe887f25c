"""An answer that was fetched whole is released as words, a few at a time, and nothing of it is lost."""

from collections.abc import Sequence

from tests.support.scripted_provider import Call, ScriptedProvider
from tests.unit.engine.conftest import Bench

from millrace.engine.whole import generate_whole
from millrace.model.errors import ProviderFailure
from millrace.model.events import ReasoningDelta, TextDelta, TurnCompleted, Usage
from millrace.model.generation import Delta, Finished, GenerationRequest, ReasoningPiece, TextPiece

TEXT = "One answer,  in one piece.\n\n" * 30


async def released(play: Sequence[Delta | Exception]) -> list[Sequence[Delta] | str]:
    """What a sink and a flush saw, in order."""
    seen: list[Sequence[Delta] | str] = []

    class Whole(ScriptedProvider):
        async def generate(self, request: GenerationRequest, sink: object) -> None:
            call = Call(request)
            for item in play:
                call.fail(item) if isinstance(item, Exception) else call.deltas(item)
            call.cut()
            await call.play(sink)  # type: ignore[arg-type]  # the port's sink

    async def flush() -> None:
        seen.append("flush")

    request = GenerationRequest(model="m", messages=(), stream=False)
    try:
        await generate_whole(Whole(), request, seen.append, flush)
    except ProviderFailure as error:
        seen.append(error.message)
    return seen


async def test_the_text_is_given_in_words_and_reasoning_at_once() -> None:
    seen = await released([ReasoningPiece("Hm."), TextPiece(TEXT), Finished("stop")])
    assert seen[0] == (ReasoningPiece("Hm."),)
    batches = [batch for batch in seen if not isinstance(batch, str)]
    words = [delta.text for batch in batches for delta in batch if isinstance(delta, TextPiece)]
    assert "".join(words) == TEXT
    assert len(words) > 100
    assert all(len(batch) < 64 for batch in batches)
    assert batches[-1][-1] == Finished("stop")
    assert seen.count("flush") == len([batch for batch in batches if batch]) - 1


async def test_what_came_before_a_failure_is_kept() -> None:
    seen = await released([TextPiece("two words"), ProviderFailure("Broken.")])
    assert [TextPiece("two"), TextPiece(" words")] in seen
    assert seen[-1] == "Broken."


async def test_a_model_that_cannot_stream_is_asked_so_and_its_answer_is_words(bench: Bench) -> None:
    turn, call = await bench.ask("Tell me.", model="scripted/whole")
    assert call.request.stream is False
    call.think("Hm.")
    call.say(TEXT)
    call.finish(usage=Usage(3, 4))
    events = [entry.event for entry in await bench.entries(turn)]
    pieces = [event.text for event in events if isinstance(event, TextDelta)]
    assert "".join(pieces) == TEXT
    assert len(pieces) > 100
    assert isinstance(events[1], ReasoningDelta)
    end = events[-1]
    assert isinstance(end, TurnCompleted)
    assert (end.pieces, end.usage) == (len(pieces), Usage(3, 4))
