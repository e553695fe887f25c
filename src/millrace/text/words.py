"""Words as a search sees them: without case, accents, endings and the words that every text has."""

import re
import threading
import unicodedata
from collections.abc import Collection

import snowballstemmer  # type: ignore[import-untyped]  # it ships no types

_WORD = re.compile(r"[^\W_]+")
_CACHED_STEMS = 50_000

_STOP_WORDS = """
    a about all also am an and any anybody anyone anything are as at be been being but by can cannot could did
    do does doing don done each else exactly for from get gets give go going got had happen happens has have
    having he hello hers hi him his how i if in into is it its itself just kind know let like m make makes may
    me mean means might mine much must my need needs no nor not now of off on once one only or other our ours
    out please possible re s same say see she should so some somebody something sort such t tell thank thanks
    that the their them then there these they thing things this those through to too up us use used uses using
    very was way we well went were what when where which while who whom whose why will with within without work
    works would yes you your yours
"""

STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Words that say nothing about what is asked. Every question has them and so has every text."""

_RELATED = (
    "start run launch serve",
    "stop cancel abort quit",
    "licence license free",
    "login auth authentication authenticate account sign password",
    "store save keep kept persist data",
    "backup copy",
    "change another different",
    "lose lost",
    "crash die dead kill",
    "connect configure use",
    "resume reconnect reconnection",
    "speed fast performance benchmark bench measure",
    "delete remove",
    "docs documentation",
    "config configuration configure setting option",
    "install setup",
    "simulator simulate",
    "document text file upload",
    "error fail failure fault",
)
"""Groups of words that people use for each other when they ask."""


def words(text: str) -> list[str]:
    """The words of `text` in lower case and without accents, in order; `OPENAI_API_KEY` is three."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _WORD.findall(text.lower())


def query_words(text: str, *, limit: int = 24) -> list[str]:
    """The distinct words of `text` that say what is sought, in order, at most `limit`. May be empty."""
    return list(dict.fromkeys(word for word in words(text) if word not in STOP_WORDS))[:limit]


class Stemmer:
    """Reduces English words to stems (Porter's algorithm), remembering those it has seen. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # the algorithm keeps the word it works on in itself
        self._porter = snowballstemmer.stemmer("porter")
        self._known: dict[str, str] = {}
        self._related: dict[str, frozenset[str]] = {}
        for group in _RELATED:
            members = frozenset(group.split())
            for word in members:
                key = self.stem(word)
                self._related[key] = self._related.get(key, frozenset()) | members

    def stem(self, word: str) -> str:
        """The stem of one lower-case word."""
        known = self._known.get(word)
        if known is None:
            if len(self._known) >= _CACHED_STEMS:
                self._known.clear()
            with self._lock:
                known = self._known[word] = str(self._porter.stemWord(word))
        return known

    def stems(self, text: str) -> frozenset[str]:
        """The stems of all words of `text`."""
        return frozenset(map(self.stem, words(text)))

    def related(self, word: str) -> Collection[str]:
        """Words that people use for `word` when they ask, without itself."""
        key = self.stem(word)
        return [other for other in sorted(self._related.get(key, ())) if self.stem(other) != key]

    def related_stems(self, word: str) -> frozenset[str]:
        """The stems of the words related to `word`."""
        return frozenset(map(self.stem, self.related(word)))
