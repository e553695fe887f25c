from collections.abc import Iterator
from pathlib import Path

import pytest

from millrace.knowledge.documents import BUILTIN, SHARED, Document, DocumentLimits, owner_of
from millrace.knowledge.index import Index
from millrace.knowledge.search import reader_word
from millrace.model.events import Passage

ADA = owner_of("ada")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    index = Index(tmp_path / "knowledge.db", "/read")
    yield index
    index.close()


def keep(index: Index, *texts: str, owner: str = ADA) -> None:
    for number, text in enumerate(texts):
        index.add(owner, Document(f"{owner}-{number}", f"Page {number}", text), DocumentLimits(), number)


def find(index: Index, query: str, owner: str = ADA) -> list[Passage]:
    return index.passages(query, owner, (), 6)


def test_rare_words_weigh_more(index: Index) -> None:
    keep(index, "Common words.", "Common words.", "The zebra.", "Other text.")
    assert find(index, "common zebra")[0].snippet == "The zebra."


def test_a_passage_that_covers_the_question_scores_high_and_one_that_does_not_scores_low(index: Index) -> None:
    keep(index, "Common words are here.", "Common words.", "The zebra has common words.")
    assert find(index, "common zebra")[0].score > 0.8
    assert all(passage.score < 0.3 for passage in find(index, "common giraffe elephants"))


def test_a_heading_says_more_than_the_text(index: Index) -> None:
    keep(index, "# Port\n\nIt is a number.", "# Other\n\nThe port is a number.", "Nothing.")
    assert [passage.title for passage in find(index, "port")] == ["Page 0 > Port", "Page 1 > Other"]


def test_a_document_opens_with_what_it_is_about(index: Index) -> None:
    paragraph = "The mill grinds. " + " ".join(["word"] * 150)
    keep(index, f"{paragraph}\n\n{paragraph}")
    first, second = find(index, "mill")
    assert first.score > second.score


def test_a_related_word_counts_less_than_the_word_itself(index: Index) -> None:
    keep(index, "Launch the ship.", "Start the ship.", "Nothing.")
    found = find(index, "start")
    assert [passage.snippet for passage in found] == ["Start the ship.", "Launch the ship."]
    assert found[0].score > found[1].score > 0.3


def test_other_users_words_do_not_change_the_weights(index: Index) -> None:
    keep(index, "The zebra.", "Common words.", "More common words.")
    alone = [passage.snippet for passage in find(index, "common zebra")]
    keep(index, *["The zebra."] * 20, owner=owner_of("bob"))
    assert [passage.snippet for passage in find(index, "common zebra")] == alone


def test_everybody_has_a_word_of_their_own(index: Index) -> None:
    words = {reader_word(owner) for owner in (BUILTIN, SHARED, ADA, owner_of("bob"), owner_of(""))}
    assert len(words) == 5
    assert all(word.isalnum() for word in words)
    keep(index, "The zebra.")
    assert find(index, reader_word(ADA)) == []
