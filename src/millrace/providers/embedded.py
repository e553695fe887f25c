"""The provider without a model: answers by quoting passages, so that a server answers before a model is connected."""

import asyncio
import math
import re
from collections.abc import Sequence

from msgspec.structs import replace

from millrace.model.events import Citation, Passage, Usage
from millrace.model.generation import (
    Capabilities,
    CitationsFound,
    Delta,
    Finished,
    GenerationRequest,
    ModelInfo,
    PromptMessage,
    TextPiece,
    UsageReported,
)
from millrace.ports import DeltaSink, Retriever
from millrace.providers.extractive import Part, Question, compose, question
from millrace.text.pieces import pieces
from millrace.text.words import Stemmer, query_words

NOTICE = (
    "*Quoted by Millrace's built-in reader. For full answers connect a model: set `OPENAI_API_KEY` or start Ollama,"
    " then restart; `millrace doctor` shows what was found.*"
)
GREETING = (
    "Hello! I answer questions about Millrace by quoting its documentation, and questions about texts that you add."
)
ABOUT = "I find sentences in Millrace's documentation and in texts that you add, and quote them with their sources."
THANKS = "You are welcome! Ask more whenever you like."
NOTHING_FOUND = "I found nothing about this in Millrace's documentation or in your texts."
NOTHING_IN_CHOSEN = "I found nothing about this in the texts that you chose."
SUGGESTIONS = (
    "You can ask, for example:\n\n- How do I start Millrace?\n- How do I connect a model?\n"
    "- Where are conversations stored?\n\nA text of your own can be asked about once you have added it."
)

_MODEL = "passages"
_MIN_SCORE = 0.3
"""A best passage under this covers too little of the question to be an answer."""
_EARLIER_SHARE = 0.35
"""What a passage found by way of the earlier question counts, against one found by this question."""
_PASSAGES = 6
_CHARACTERS_PER_TOKEN = 4
_LONGEST_QUESTION = 4000

_GREETING = re.compile(
    r"(?:hi+|hello+|hey+|hiya|howdy|yo|greetings|good (?:morning|afternoon|evening|day)|hallo|hola|salut|bonjour|ciao)"
    r"(?: (?:there|all|everyone|again|millrace|you|bot|how are you))*"
)
_THANKS = re.compile(
    r"(?:ok(?:ay)? |great |perfect )*(?:thanks|thank you|thx|cheers)(?: (?:a lot|so much|very much|you))*"
)
_ABOUT = re.compile(
    r"(?:who|what) (?:are|is) (?:you|this)|what can (?:you|i) (?:do|ask)(?: (?:you|here|for me))*"
    r"|help(?: me)?|test(?:ing)?"
)


class EmbeddedProvider:
    """A `Provider` that composes its answers out of what a retriever finds. Its one model is `embedded/passages`.

    It calls no network and invents nothing: what follows its first line is quoted. It is deterministic, so it continues
    an answer of which it is given the beginning.
    """

    name = "embedded"

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever
        self._stemmer = Stemmer()

    async def generate(self, request: GenerationRequest, sink: DeltaSink) -> None:
        """Answer the prompt's last question; what is given together is a word-wise cut paragraph, list or code block.

        Raises:
            StoreUnavailable: The retriever's storage does not answer.
        """
        messages, begun = _split(request.messages)
        parts = _rest(await self._answer(request, messages), begun)
        citations: tuple[Citation, ...] = ()
        left = request.max_tokens * _CHARACTERS_PER_TOKEN
        written = 0
        for part in parts:
            batch: list[Delta] = []
            if part.citation is not None:
                citations += (part.citation,)
                batch.append(CitationsFound(citations))
            text = part.text[: left - written]
            written += len(text)
            batch += [TextPiece(piece) for piece in pieces(text)]
            if batch:
                sink(batch)
                await asyncio.sleep(0)  # readers get their turn between batches
            if len(text) < len(part.text):
                break
        whole = written == sum(len(part.text) for part in parts)
        sink([UsageReported(_usage(request, written)), Finished("stop" if whole else "length")])

    async def models(self) -> Sequence[ModelInfo]:
        """The one model there is."""
        capabilities = Capabilities(prefill=True, citations=True, instructions=False)
        return [ModelInfo(f"{self.name}/{_MODEL}", self.name, _MODEL, capabilities)]

    async def close(self) -> None:
        """Nothing to release: the retriever is its owner's to close."""

    async def _answer(self, request: GenerationRequest, messages: Sequence[PromptMessage]) -> list[Part]:
        asked = [message.content[:_LONGEST_QUESTION] for message in messages if message.role == "user"]
        told = any(NOTICE in message.content for message in messages if message.role == "assistant")
        opening = [] if told else [Part(f"{NOTICE}\n\n")]
        text = asked[-1] if asked else ""
        spoken = " ".join(re.findall(r"[^\W_]+", text.lower()))
        if not spoken or _GREETING.fullmatch(spoken):
            return [*opening, Part(f"{GREETING}\n\n{SUGGESTIONS}")]
        if _THANKS.fullmatch(spoken):
            return [*opening, Part(THANKS)]
        if _ABOUT.fullmatch(spoken):
            return [*opening, Part(f"{ABOUT}\n\n"), *await self._introduction(request), Part(SUGGESTIONS)]
        earlier = asked[-2] if len(asked) > 1 else ""
        given = request.passages is not None
        found = _good(request.passages) if request.passages is not None else await self._found(text, earlier, request)
        body = await self._composed(question(text, earlier), found, numbered=given)
        if body:
            return [*opening, *_ended(body)]
        nothing = NOTHING_IN_CHOSEN if request.document_ids else NOTHING_FOUND
        return [*opening, Part(f"{nothing}\n\n{SUGGESTIONS}")]

    async def _introduction(self, request: GenerationRequest) -> list[Part]:
        """What the documentation says that Millrace is."""
        found = await self._retriever.retrieve("Millrace", user_id=request.user_id, limit=_PASSAGES)
        return await self._composed(Question("Millrace", {"millrace": 1.0}), found[:1])

    async def _composed(self, asked: Question, passages: Sequence[Passage], *, numbered: bool = False) -> list[Part]:
        # One to three milliseconds, and 20 where the words are new: too long for the event loop, which serves everyone.
        return await asyncio.to_thread(compose, asked, passages, self._stemmer, numbered=numbered)

    async def _found(self, text: str, earlier: str, request: GenerationRequest) -> list[Passage]:
        """The passages for a question, helped by the one before it; empty where none answers."""
        found = {_key(each): each for each in await self._retrieve(text, request)}
        if earlier:
            # A question without words of its own ("and why?") is about what was asked before.
            share = _EARLIER_SHARE if query_words(text) else 1.0
            for passage in await self._retrieve(f"{text}\n{earlier}", request):
                known = found.get(_key(passage))
                score = min(1.0, (known.score if known else 0.0) + share * passage.score)
                found[_key(passage)] = replace(passage, score=score)
        return _good(sorted(found.values(), key=lambda passage: -passage.score)[:_PASSAGES])

    async def _retrieve(self, query: str, request: GenerationRequest) -> Sequence[Passage]:
        return await self._retriever.retrieve(
            query, user_id=request.user_id, document_ids=request.document_ids, limit=_PASSAGES
        )


def _good(ranked: Sequence[Passage]) -> list[Passage]:
    """Passages, best first, if the best of them is an answer."""
    return list(ranked) if ranked and ranked[0].score >= _MIN_SCORE else []


def _key(passage: Passage) -> tuple[str, str, str]:
    """What makes two found passages the same one."""
    return passage.url, passage.title, passage.snippet


def _split(messages: Sequence[PromptMessage]) -> tuple[Sequence[PromptMessage], str]:
    """The prompt, and the beginning of the answer where one is to be continued."""
    if messages and messages[-1].role == "assistant":
        return messages[:-1], messages[-1].content
    return messages, ""


def _rest(parts: Sequence[Part], begun: str) -> list[Part]:
    """The parts of an answer that follow its beginning.

    Where the sources changed in between and the beginning is not this answer's, all of it follows as a new paragraph.
    """
    if not begun:
        return list(parts)
    if not "".join(part.text for part in parts).startswith(begun):
        return [Part("\n\n"), *(part for part in parts if NOTICE not in part.text)]
    rest = []
    skip = len(begun)
    for part in parts:
        rest.append(replace(part, text=part.text[skip:]))
        skip = max(0, skip - len(part.text))
    return rest


def _ended(parts: Sequence[Part]) -> list[Part]:
    """The parts without white space at the end of the last."""
    return [*parts[:-1], replace(parts[-1], text=parts[-1].text.rstrip())]


def _usage(request: GenerationRequest, written: int) -> Usage:
    read = sum(len(message.content) for message in request.messages)
    return Usage(
        input_tokens=math.ceil(read / _CHARACTERS_PER_TOKEN),
        output_tokens=math.ceil(written / _CHARACTERS_PER_TOKEN),
        estimated=True,
    )
