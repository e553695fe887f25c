from hypothesis import given
from hypothesis import strategies as st

from millrace.text.features import (
    MAX_CHARS,
    NAME,
    NEGATED,
    UNDERSTATEMENT,
    FeatureSpec,
    Reading,
    char_features,
    feature_hash,
    read,
    without_code,
    word_features,
)

SPEC = FeatureSpec()
KNOWN = frozenset(map(feature_hash, ["the", "this", "is", "he", "why", "what", "love"]))


def tokens(text: str, spec: FeatureSpec = SPEC) -> list[str]:
    return read(text, spec, KNOWN).tokens


def test_a_hash_is_the_same_everywhere() -> None:
    assert feature_hash("wgood") == 3_222_297_164
    assert feature_hash("w\ud800") == feature_hash("w\ud800")


def test_the_three_words_after_a_negation_are_marked_until_the_clause_ends() -> None:
    assert tokens("i do not like this very much") == [
        "i",
        "do",
        "not",
        *(NEGATED + w for w in ("like", "this", "very")),
        "much",
    ]
    assert tokens("no, i like it") == ["no", ",", "i", "like", "it"]
    assert tokens("I don\u2019t care")[-1] == NEGATED + "care"
    assert tokens("i do not like", FeatureSpec(mark_negation=False)) == ["i", "do", "not", "like"]


def test_praise_with_a_negation_is_no_negation() -> None:
    for text in ("not bad at all", "not all that bad at all", "wasn't too terrible at all"):
        assert tokens(text) == [UNDERSTATEMENT, "at", "all"]
    assert tokens("not a word")[0] == "not"


def test_names_are_all_the_same() -> None:
    texts = ("He told John and Mary Ann so.", "He told Aisha and Nguyen so.", "He told José and McLeod so.")
    assert len({tuple(tokens(text)) for text in texts}) == 1
    assert tokens("Kwame is here") == [NAME, "is", "here"]
    assert tokens("[NAME] is here") == tokens("Zoë is here")
    assert tokens("This is Ann's") == ["this", "is", NAME + "'s"]


def test_what_merely_begins_with_a_capital_is_no_name() -> None:
    assert NAME not in tokens("The thing. Why? What! I'm here, I am. USA")
    assert NAME not in tokens("THIS IS LOVE")


def test_code_is_dropped() -> None:
    assert without_code("a ```kill -9 x``` b `die()` c").split() == ["a", "b", "c"]
    assert without_code("a ```never closed").split() == ["a"]
    assert without_code("~~~\nkill\n~~~ b").split() == ["b"]
    assert len(without_code("x" * 100_000)) == MAX_CHARS
    assert without_code("```" + "x" * 10_000 + "``` after").strip() == "after"


def test_pieces_are_of_the_word_alone() -> None:
    assert set(char_features("ab", FeatureSpec(char_min=2, char_max=3))) == {
        feature_hash("c" + piece) for piece in (" a", "ab", "b ", " ab", "ab ")
    }
    for token in (NAME, NEGATED + "good", "!!", "\U0001f389"):
        assert char_features(token, SPEC) == []
    assert len(char_features("a" * 2_000, SPEC)) < 150


def test_words_pairs_and_shape_are_features() -> None:
    found = word_features(Reading(["why", "not", "?"], 2), SPEC)
    expected = ("wwhy", "wnot", "w?", "nwhy not", "nnot ?", "s^why", "s$?", "s?", "swh", "scaps", "scaps2")
    assert set(map(feature_hash, expected)) <= set(found)
    assert word_features(Reading([], 0), SPEC) == []
    assert read("LOUD WORDS here, I OK", SPEC, KNOWN).capitals == 2


@given(st.text(max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    reading = read(text, SPEC, KNOWN)
    assert all(reading.tokens)
    for hashed in (
        *word_features(reading, SPEC),
        *(key for token in reading.tokens for key in char_features(token, SPEC)),
    ):
        assert 0 <= hashed < 2**32
