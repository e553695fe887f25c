import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.generation import batches_of

from millrace.model.errors import StoreUnavailable
from millrace.model.events import Passage
from millrace.model.generation import (
    CitationsFound,
    Delta,
    Finished,
    GenerationRequest,
    PromptMessage,
    TextPiece,
    UsageReported,
)
from millrace.ports import Provider
from millrace.providers.embedded import (
    ABOUT,
    GREETING,
    NOTHING_FOUND,
    NOTHING_IN_CHOSEN,
    NOTICE,
    THANKS,
    EmbeddedProvider,
)

START = Passage(
    1,
    "Millrace > Start",
    "Clone it and run:\n\n```sh\nmake run\n```\n\nPress Ctrl-C to stop the server.",
    0.9,
    "/start",
)
PORT = Passage(2, "Settings > Port", "The server listens on port 8000. Set `PORT` for another one.", 0.9, "/port")
QUESTION = "the server port: stop and listen, clone and run"


class Shelf:
    """A retriever that gives the passages that hold a word of the query, and remembers what it was asked."""

    def __init__(self, *passages: Passage, fails: bool = False) -> None:
        self.passages = passages
        self.fails = fails
        self.asked: list[tuple[str, str, tuple[str, ...]]] = []

    async def retrieve(
        self, query: str, *, user_id: str, document_ids: Sequence[str] = (), limit: int = 6, own: bool = False
    ) -> Sequence[Passage]:
        self.asked.append((query, user_id, tuple(document_ids)))
        if self.fails:
            raise StoreUnavailable
        await asyncio.sleep(0)
        words = {word.strip("?.!,").lower() for word in query.split() if len(word) > 3}
        return [each for each in self.passages if any(word in each.snippet.lower() for word in words)][:limit]


def request(
    *said: str, begun: str = "", max_tokens: int = 4096, document_ids: tuple[str, ...] = ()
) -> GenerationRequest:
    messages = [PromptMessage("assistant" if at % 2 else "user", text) for at, text in enumerate(said)]
    if begun:
        messages.append(PromptMessage("assistant", begun))
    return GenerationRequest(
        model="passages",
        messages=(PromptMessage("system", "Be helpful."), *messages),
        max_tokens=max_tokens,
        document_ids=document_ids,
        user_id="ada",
    )


async def deltas(shelf: Shelf, asked: GenerationRequest) -> list[Delta]:
    return [delta for batch in await batches_of(EmbeddedProvider(shelf), asked) for delta in batch]


def text_of(found: Sequence[Delta]) -> str:
    return "".join(delta.text for delta in found if isinstance(delta, TextPiece))


async def test_an_answer_says_what_it_is_then_quotes_and_cites() -> None:
    found = await deltas(Shelf(START, PORT), request("Which port does the server listen on?"))
    assert text_of(found).startswith(f"{NOTICE}\n\nThe server listens on port 8000.")
    assert "[1]" in text_of(found)
    citations = [delta.citations for delta in found if isinstance(delta, CitationsFound)]
    assert (citations[0][0].url, citations[0][0].number) == ("/port", 1)
    assert found[-1] == Finished("stop")


async def test_a_source_is_reported_before_the_text_that_cites_it() -> None:
    found = await deltas(Shelf(START, PORT), request(QUESTION))
    text = ""
    known: set[int | None] = set()
    for delta in found:
        if isinstance(delta, CitationsFound):
            known = {citation.number for citation in delta.citations}
        elif isinstance(delta, TextPiece):
            text += delta.text
            assert all(number in known for number in (1, 2, 3) if f"[{number}]" in text)
    assert known == {1, 2}


async def test_text_comes_in_words() -> None:
    pieces = [d.text for d in await deltas(Shelf(START), request("start the server")) if isinstance(d, TextPiece)]
    assert len(pieces) > 20
    assert max(map(len, pieces)) <= 26
    assert all(pieces)


async def test_usage_is_an_estimate_by_length() -> None:
    found = await deltas(Shelf(PORT), request("Which port?"))
    (usage,) = [delta.usage for delta in found if isinstance(delta, UsageReported)]
    assert usage.estimated
    assert usage.output_tokens == -(-len(text_of(found)) // 4)
    assert usage.input_tokens == -(-len("Be helpful.Which port?") // 4)


@pytest.mark.parametrize("max_tokens", [1, 30, 60])
async def test_max_tokens_bounds_the_answer(max_tokens: int) -> None:
    whole = text_of(await deltas(Shelf(START), request("stop the server")))
    found = await deltas(Shelf(START), request("stop the server", max_tokens=max_tokens))
    expected = whole[: max_tokens * 4]
    assert text_of(found) == expected
    assert found[-1] == Finished("stop" if expected == whole else "length")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("hi", GREETING),
        ("Hello there!", GREETING),
        ("HEY :)", GREETING),
        ("", GREETING),
        ("good morning", GREETING),
        ("thanks a lot!", THANKS),
        ("Who are you?", ABOUT),
        ("what can you do?", ABOUT),
        ("help", ABOUT),
        ("Tell me about whales", NOTHING_FOUND),
    ],
)
async def test_what_is_no_question_about_the_texts_gets_a_true_answer(said: str, expected: str) -> None:
    assert expected in text_of(await deltas(Shelf(START), request(said)))


async def test_hello_before_a_question_does_not_hide_it() -> None:
    assert "port 8000" in text_of(await deltas(Shelf(PORT), request("Hello, which port is it?")))


async def test_a_weak_best_passage_is_no_answer() -> None:
    weak = Passage(1, "Page", "The server listens on port 8000.", 0.1)
    assert NOTHING_FOUND in text_of(await deltas(Shelf(weak), request("Which port?")))


async def test_chosen_texts_alone_are_asked() -> None:
    shelf = Shelf()
    text = text_of(await deltas(shelf, request("Which port?", document_ids=("d1",))))
    assert NOTHING_IN_CHOSEN in text
    assert shelf.asked == [("Which port?", "ada", ("d1",))]


async def test_the_notice_comes_once_in_a_conversation() -> None:
    first = text_of(await deltas(Shelf(PORT), request("Which port?")))
    second = text_of(await deltas(Shelf(PORT), request("Which port?", first, "On which port does it listen?")))
    assert first.startswith(NOTICE)
    assert NOTICE not in second
    assert "8000" in second
    assert text_of(await deltas(Shelf(PORT), request("hi", "An answer by a model", "Which port?"))).startswith(NOTICE)


async def test_a_follow_up_without_words_of_its_own_is_about_the_question_before() -> None:
    text = text_of(await deltas(Shelf(START, PORT), request("Which port?", "...", "and why?")))
    assert "port 8000" in text


async def test_a_follow_up_is_first_about_its_own_words() -> None:
    text = text_of(await deltas(Shelf(START, PORT), request("Which port?", f"{NOTICE} ...", "and how do I stop it?")))
    assert text.startswith("Press Ctrl-C to stop the server.")


@given(st.integers(0, 400))
def test_an_answer_is_continued_from_any_place(cut: int) -> None:
    async def check() -> None:
        shelf = Shelf(START, PORT)
        whole = text_of(await deltas(shelf, request(QUESTION)))
        begun = whole[:cut]
        found = await deltas(shelf, request(QUESTION, begun=begun))
        assert begun + text_of(found) == whole
        citations = [delta.citations for delta in found if isinstance(delta, CitationsFound)]
        assert len(citations[-1]) == 2
        assert found[-1] == Finished("stop")

    asyncio.run(check())


async def test_a_beginning_of_another_answer_is_followed_by_a_whole_one() -> None:
    text = text_of(await deltas(Shelf(PORT), request("Which port?", begun="It was once")))
    assert text.startswith("\n\nThe server listens on port 8000.")


async def test_a_retriever_that_fails_fails_the_answer() -> None:
    with pytest.raises(StoreUnavailable):
        await deltas(Shelf(fails=True), request("Which port?"))


async def test_the_model_is_listed_with_what_it_can_do() -> None:
    provider: Provider = EmbeddedProvider(Shelf())
    (model,) = await provider.models()
    assert model.id == "embedded/passages"
    assert model.capabilities.citations
    assert model.capabilities.prefill
    assert not model.capabilities.reasoning
    await provider.close()


async def test_other_tasks_run_between_the_batches() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    batches = len(await batches_of(EmbeddedProvider(Shelf(START, PORT)), request(QUESTION)))
    counting.cancel()
    assert turns >= batches > 3
