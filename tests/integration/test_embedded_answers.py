"""What a newcomer asks first, and whether the embedded provider answers it: retrieval and composition together."""

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.generation import batches_of

from millrace.knowledge.builtin import builtin_documents, read_documents
from millrace.knowledge.documents import Document
from millrace.knowledge.knowledge_base import KnowledgeBase
from millrace.model.generation import GenerationRequest, PromptMessage, TextPiece
from millrace.providers.embedded import NOTHING_FOUND, NOTICE, EmbeddedProvider

CORPUS = Path(__file__).parent / "embedded_corpus"

QUESTIONS = [
    ("What is Millrace?", "self-hosted engine for live AI chat"),
    ("How do I start it?", "```sh\nmake run\n```"),
    ("how to run millrace", "make run"),
    ("how can I change the port?", "PORT=9000 make run"),
    ("Which port does it use?", "8000"),
    ("how do I stop the server?", "Press Ctrl-C in the terminal"),
    ("How do I connect OpenAI?", "OPENAI_API_KEY"),
    ("Can I use Ollama?", "found by themselves"),
    ("where do i put my api key", "OPENAI_API_KEY"),
    ("what is a turn?", "one user message and the generation that answers it"),
    ("What is a log?", "log"),
    ("what does dialect mean", "a translation between events and one wire protocol"),
    ("what's a lease?", "the right to append to a log"),
    ("How does resume work?", "sends the last number it saw"),
    ("what happens when I lose my connection", "lost its connection"),
    ("What happens if the server crashes or dies?", "another process takes the turn over"),
    ("How do I stop an answer?", "stop closes the connection to the model"),
    ("Where is my data stored?", "SQLite database in the data folder"),
    ("can I use postgres or PostgreSQL?", "MILLRACE_DATABASE_URL"),
    ("how do I make a backup", "copy the folder"),
    ("Which authentication modes are there?", "- `jwt`: an outside issuer"),
    ("how do users log in with a password", "users register with an address and a password"),
    ("how many turns per minute can a user start?", "MILLRACE_LIMITS__TURNS_PER_MINUTE"),
    ("How do I run the benchmark?", "make bench"),
    ("how do I use the simulator?", "millrace simulate --port 9100"),
    ("how can I test provider failures", "sim/refuse-429"),
    ("Is it free? What licence does it have?", "Apache License 2.0"),
    ("how do I add my own text", "millrace documents add notes.md"),
    ("How do I mount it in my own FastAPI app?", 'app.mount("/chat", create_app())'),
    ("is there a way to see which requests the simulator got", "GET /_requests"),
]

REAL_QUESTIONS = [
    ("millrace-readme", "How do I start Millrace?", "make run"),
    ("millrace-readme", "How do I connect OpenAI?", "OPENAI_API_KEY"),
    ("millrace-embedded", "how do I add my own text?", "millrace documents add"),
    ("millrace-embedded", "where are my texts kept?", "knowledge.db"),
    ("millrace-embedded", "How do I connect a model?", "OPENAI_API_KEY"),
    ("millrace-simulator", "How do I use the simulator?", "millrace simulate --port 9100"),
    ("millrace-benchmarks", "how do I run the benchmarks?", "make bench"),
]
"""By the document that must be there for it."""

UNANSWERABLE = [
    "What is the capital of France?",
    "Write a poem about autumn leaves",
    "how do I bake sourdough bread",
    "Who won the world cup in 2014?",
    "Translate good evening into Japanese",
]


@pytest.fixture
async def knowledge(tmp_path: Path) -> AsyncIterator[KnowledgeBase]:
    knowledge = await KnowledgeBase.open(tmp_path / "knowledge.db", builtin=read_documents(sorted(CORPUS.glob("*.md"))))
    yield knowledge
    await knowledge.close()


async def ask(knowledge: KnowledgeBase, *said: str) -> str:
    """The answer to the last of `said`, which alternate between user and assistant."""
    messages = tuple(PromptMessage("assistant" if at % 2 else "user", text) for at, text in enumerate(said))
    request = GenerationRequest(model="passages", messages=messages, user_id="newcomer")
    batches = await batches_of(EmbeddedProvider(knowledge), request)
    return "".join(delta.text for batch in batches for delta in batch if isinstance(delta, TextPiece))


async def test_nine_of_ten_questions_of_a_newcomer_get_their_answer(knowledge: KnowledgeBase) -> None:
    answers = {question: await ask(knowledge, question) for question, _ in QUESTIONS}
    missed = {question: answers[question] for question, expected in QUESTIONS if expected not in answers[question]}
    report = "\n\n".join(
        f"### {question}\n{answer.removeprefix(NOTICE).strip()}" for question, answer in missed.items()
    )
    assert len(missed) <= len(QUESTIONS) // 10, report


async def test_answers_are_short_enough_to_be_read(knowledge: KnowledgeBase) -> None:
    for question, _ in QUESTIONS:
        answer = (await ask(knowledge, question)).removeprefix(NOTICE)
        assert len(re.sub(r"```.*?```", "", answer, flags=re.DOTALL).split()) < 180, question


@pytest.mark.parametrize("question", UNANSWERABLE)
async def test_what_the_texts_do_not_hold_is_said_to_be_missing(knowledge: KnowledgeBase, question: str) -> None:
    assert NOTHING_FOUND in await ask(knowledge, question)


async def test_a_follow_up_is_understood_by_the_question_before(knowledge: KnowledgeBase) -> None:
    first = await ask(knowledge, "How do I use the simulator?")
    answer = await ask(knowledge, "How do I use the simulator?", first, "and which faults are there?")
    assert "sim/refuse-429" in answer
    answer = await ask(knowledge, "How do I start Millrace?", first, "and how do I stop it?")
    assert "Ctrl-C" in answer
    assert NOTICE not in answer


async def test_an_answer_takes_milliseconds_with_500_passages(tmp_path: Path) -> None:
    corpus = read_documents(sorted(CORPUS.glob("*.md")))
    many = [
        Document(f"{document.id}-{copy}", f"{document.title} {copy}", document.text)
        for copy in range(25)
        for document in corpus
    ]
    knowledge = await KnowledgeBase.open(tmp_path / "knowledge.db", builtin=many)
    provider = EmbeddedProvider(knowledge)
    try:
        seconds = []
        for question, _ in QUESTIONS * 2:  # the second time, each word's stem is known
            request = GenerationRequest(model="passages", messages=(PromptMessage("user", question),))
            started = time.process_time()
            await batches_of(provider, request)
            seconds.append(time.process_time() - started)
    finally:
        await knowledge.close()
    warm = sorted(seconds[len(QUESTIONS) :])
    assert warm[len(warm) // 2] < 0.01, f"the median answer took {warm[len(warm) // 2] * 1000:.1f} ms of CPU"


@pytest.mark.parametrize(("source", "question", "expected"), REAL_QUESTIONS)
async def test_the_real_documentation_answers(tmp_path: Path, source: str, question: str, expected: str) -> None:
    documents = builtin_documents()
    if not any(document.id == source for document in documents):
        pytest.skip(f"{source} has no text yet")
    knowledge = await KnowledgeBase.open(tmp_path / "knowledge.db", builtin=documents)
    try:
        assert expected in (await ask(knowledge, question)).removeprefix(NOTICE)
    finally:
        await knowledge.close()
