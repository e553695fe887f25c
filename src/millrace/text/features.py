"""Turns a text into hashed features: the one code path that training and inference share. Pure, without NumPy.

A feature is the CRC-32 of its text, so a model file holds hashes and no words. There are two blocks, each scaled to
length one by the model: `words` (tokens, pairs of neighbours, the shape of the text) and `chars` (pieces of words).
"""

import re
from collections.abc import Container, Sequence
from typing import NamedTuple
from zlib import crc32

from msgspec import Struct

MAX_CHARS = 2_000
"""Where a text is cut, in characters, after code was dropped."""
UNDERSTATEMENT = "\x01not bad"
"""Stands for "not bad" and its like, which praise with a negation."""

MAX_TOKENS = 600
"""How many tokens of it count: prose of that length has about 450."""

SCANNED_CHARS = 16_000
"""How far code is looked for; whatever follows is never read."""
_LONGEST_WORD = 32
"""Longer words (links, keys, a held-down letter) give the pieces of their beginning alone."""

NAME = "\x01name"
"""Stands for every name, so that whom a text speaks of does not change what it says. Also for the data's `[NAME]`."""
NEGATED = "\x01not "
"""Stands before a word within the reach of a negation."""

_NEGATORS = """
    not no never none nobody nothing nowhere neither nor cannot cant without hardly barely scarcely
    dont doesnt didnt isnt arent wasnt werent wont wouldnt shouldnt couldnt aint
"""
_NEGATIONS = frozenset(_NEGATORS.split())
_NEGATION_REACH = 3
_BAD = frozenset({"bad", "terrible", "awful", "horrible", "shabby"})
_DEGREES = frozenset({"a", "all", "half", "really", "so", "that", "too"})
_QUESTION_WORDS = frozenset({"what", "why", "how", "when", "where", "who", "which", "whose", "whom"})
_LENGTHS = (2, 4, 7, 11, 16, 22, 40, 80)
_LINE_END = "\n"
_SENTENCE_ENDS = frozenset('.!?:;"(\n')

_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u201c": '"', "\u201d": '"', "\u2026": "..."})
_CODE = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]+`", re.DOTALL)
_TOKEN = re.compile(
    r"\[(?:NAME|RELIGION)\]"
    r"|[:;=][-o']?[)(\]\[DPpO/\\|*3](?![^\W_])|<3+|\^_+\^|-_+-"
    r"|[^\W_]+(?:['-][^\W_]+)*"
    r"|\.{2,}|[!?]+"
    r"|[^\w\s]|\n"
)


class FeatureSpec(Struct, frozen=True):
    """Which features there are. It stands in the header of the model that was trained with it.

    Attributes:
        word_ngrams: The longest run of neighbouring tokens that is a feature.
        char_min: The shortest piece of a word, in characters; its two edges count as characters.
        char_max: The longest one; 0 for no pieces.
        drop_code: Whether fenced and inline code is taken out first.
        mask_names: Whether capitalised words within a sentence, and unknown ones at its start, count as names.
        mark_negation: Whether the three tokens after a negation are features of their own, without pieces.
        shape: Whether the first and last token, length, question and capitals are features.
    """

    word_ngrams: int = 2
    char_min: int = 2
    char_max: int = 5
    drop_code: bool = True
    mask_names: bool = True
    mark_negation: bool = True
    shape: bool = True


def feature_hash(feature: str) -> int:
    """The number that stands for a feature: unsigned 32 bits, the same on every machine."""
    return crc32(feature.encode("utf-8", "surrogatepass"))


def token_feature(token: str) -> int:
    """The hash of a single token in the `words` block."""
    return feature_hash("w" + token)


def without_code(text: str) -> str:
    """The prose of `text`, at most `MAX_CHARS` characters: fenced blocks and inline code become a space."""
    text = text[:SCANNED_CHARS]
    if "`" in text or "~~~" in text:
        text = _CODE.sub(" ", text)
    return text[:MAX_CHARS]


def raw_tokens(text: str) -> list[str]:
    """The first words, punctuation, emoji and line ends as they are written, with plain quotes."""
    return _TOKEN.findall(text if text.isascii() else text.translate(_QUOTES))[:MAX_TOKENS]


class Reading(NamedTuple):
    """What features are made of: the tokens, and how many of the words are in capitals (three letters or more)."""

    tokens: list[str]
    capitals: int


def read(text: str, spec: FeatureSpec, known: Container[int]) -> Reading:
    """Read a text: tokens in lower case, names masked, negations marked.

    Args:
        text: Any text; it is cut at `MAX_CHARS`.
        spec: What to do.
        known: Hashes of the words that are no names where a sentence begins with them.
    """
    raw = raw_tokens(without_code(text) if spec.drop_code else text[:MAX_CHARS])
    lower = _mask_names(raw, known) if spec.mask_names else [token.lower() for token in raw if token != _LINE_END]
    capitals = sum(len(token) > 2 and token.isupper() and token[0].isalpha() for token in raw)
    return Reading(_mark_negation(lower) if spec.mark_negation else lower, capitals)


def word_features(reading: Reading, spec: FeatureSpec) -> list[int]:
    """The hashes of the `words` block, with repetitions."""
    tokens = reading.tokens
    hashes = [token_feature(token) for token in tokens]
    for length in range(2, spec.word_ngrams + 1):
        runs = zip(*(tokens[start:] for start in range(length)), strict=False)
        hashes += [feature_hash("n" + " ".join(run)) for run in runs]
    if spec.shape and tokens:
        hashes += _shape(reading)
    return hashes


def char_features(token: str, spec: FeatureSpec) -> list[int]:
    """The hashes of the `chars` block that one token gives; none for punctuation, names and what is negated."""
    if not token[0].isalnum():
        return []
    framed = f" {token[:_LONGEST_WORD]} "
    return [
        feature_hash("c" + framed[start : start + length])
        for length in range(spec.char_min, spec.char_max + 1)
        for start in range(len(framed) - length + 1)
    ]


def _mask_names(raw: Sequence[str], known: Container[int]) -> list[str]:
    """Lower case, with one `NAME` for each run of names. Text in title case has names only where words are unknown."""
    words = [token for token in raw if token[0].isalpha()]
    title_case = len(words) > 3 and sum(map(_capitalised, words)) > 0.6 * len(words)
    result: list[str] = []
    begins = True
    for token in raw:
        if token == _LINE_END:
            begins = True
            continue
        lower = token.lower()
        if token[0] == "[" and len(token) > 1 and token[1].isalpha():
            lower = NAME
        elif _capitalised(token) and (not (begins or title_case) or feature_hash(lower) not in known):
            lower = NAME + ("'s" if lower.endswith("'s") else "")
        if lower.startswith(NAME) and result and result[-1] == NAME:
            result.pop()
        result.append(lower)
        begins = token[0] in _SENTENCE_ENDS
    return result


def _capitalised(token: str) -> bool:
    """Whether a word is written like a name: Anna, McLeod, José, O'Brien; not I'm, NASA or 3rd."""
    return token[0].isupper() and len(token) > 1 and not token.isupper() and not token.startswith("I'")


def _mark_negation(tokens: Sequence[str]) -> list[str]:
    result: list[str] = []
    reach = 0
    skipped = 0
    for place, token in enumerate(tokens):
        if skipped:
            skipped -= 1
        elif token in _NEGATIONS or token.endswith("n't"):
            skipped = _understatement(tokens, place)
            result.append(UNDERSTATEMENT if skipped else token)
            reach = 0 if skipped else _NEGATION_REACH
        elif not token[0].isalnum():
            result.append(token)
            reach = reach if token[0] == "\x01" else 0
        elif reach:
            result.append(NEGATED + token)
            reach -= 1
        else:
            result.append(token)
    return result


def _understatement(tokens: Sequence[str], place: int) -> int:
    """How many tokens after the negation at `place` make "not (all that) bad" of it; 0 where they do not."""
    for length, token in enumerate(tokens[place + 1 : place + 5], 1):
        if token in _BAD:
            return length
        if token not in _DEGREES:
            break
    return 0


def _shape(reading: Reading) -> list[int]:
    tokens = reading.tokens
    features = ["^" + tokens[0], "$" + tokens[-1], f"l{sum(len(tokens) > length for length in _LENGTHS)}"]
    if any(token[0] == "?" or "?" in token for token in tokens):
        features.append("?")
    if not _QUESTION_WORDS.isdisjoint(tokens):
        features.append("wh")
    if reading.capitals:
        features += ["caps", f"caps{min(reading.capitals, 4)}"]
    return [feature_hash("s" + feature) for feature in features]
