import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from millrace.knowledge import index as index_module
from millrace.knowledge.documents import Document, DocumentLimits, owner_of
from millrace.knowledge.index import SCHEMA_VERSION, Index
from millrace.model.errors import NotFound, QuotaExceeded, StoreUnavailable

ADA, BOB, SHARED = owner_of("ada"), owner_of("bob"), owner_of(None)
LIMITS = DocumentLimits(per_user=3)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    index = Index(tmp_path / "folder" / "knowledge.db", "/read")
    yield index
    index.close()


def found(index: Index, query: str, owner: str = ADA) -> list[str]:
    return [passage.title for passage in index.passages(query, owner, (), 6)]


def test_a_document_is_found_until_it_is_removed(index: Index) -> None:
    info = index.add(ADA, Document("d1", "Bread", "# Crust\n\nBake it.\n\n# Dough\n\nKnead it."), LIMITS, 5)
    assert (info.passages, info.characters, info.created_at, info.shared) == (2, 37, 5, False)
    assert found(index, "bake") == ["Bread > Crust"]
    index.remove(ADA, "d1")
    assert found(index, "bake") == []
    assert index.documents(ADA) == []


def test_a_citation_leads_to_the_documents_own_place_or_to_the_server(index: Index) -> None:
    index.add(ADA, Document("d1", "Bread", "Bake it.", "https://example.com/bread"), LIMITS, 1)
    index.add(ADA, Document("d2", "Soup", "Simmer it."), LIMITS, 2)
    assert index.passages("bake", ADA, (), 6)[0].url == "https://example.com/bread"
    assert index.passages("simmer", ADA, (), 6)[0].url == "/read/d2/text"


def test_shared_documents_are_everybodys_to_read_and_nobodys_to_remove(index: Index) -> None:
    index.add(SHARED, Document("d1", "Bread", "Bake it."), LIMITS, 1)
    assert found(index, "bake", ADA) == found(index, "bake", BOB) == ["Bread"]
    assert index.documents(ADA)[0].shared
    assert index.document(BOB, "d1").text == "Bake it."
    with pytest.raises(NotFound):
        index.remove(ADA, "d1")
    index.remove(SHARED, "d1")


def test_another_users_document_does_not_exist(index: Index) -> None:
    index.add(ADA, Document("d1", "Bread", "Bake it."), LIMITS, 1)
    assert found(index, "bake", BOB) == []
    assert index.documents(BOB) == []
    with pytest.raises(NotFound):
        index.document(BOB, "d1")
    with pytest.raises(NotFound):
        index.remove(BOB, "d1")
    assert found(index, "bake") == ["Bread"]


def test_there_is_a_most_and_removing_makes_room(index: Index) -> None:
    for number in range(3):
        index.add(ADA, Document(f"d{number}", "t", "text"), LIMITS, number)
    with pytest.raises(QuotaExceeded, match="3 texts"):
        index.add(ADA, Document("d3", "t", "text"), LIMITS, 3)
    index.add(BOB, Document("d4", "t", "text"), LIMITS, 4)
    index.remove(ADA, "d0")
    index.add(ADA, Document("d3", "t", "text"), LIMITS, 5)
    assert [info.id for info in index.documents(ADA)] == ["d3", "d2", "d1"]


def test_builtin_documents_are_exactly_those_given(index: Index) -> None:
    index.add(ADA, Document("own", "Soup", "Simmer it."), LIMITS, 1)
    assert index.keep_current([Document("b1", "Start", "Run it."), Document("b2", "Stop", "End it.")], 1) == 2
    assert index.keep_current([Document("b1", "Start", "Run it."), Document("b2", "Stop", "End it.")], 2) == 0
    assert index.keep_current([Document("b1", "Start", "Walk it.")], 3) == 1
    assert found(index, "walk") == ["Start"]
    assert found(index, "end") == []
    assert found(index, "simmer") == ["Soup"]
    assert index.documents(ADA)[0].id == "own"
    with pytest.raises(NotFound):
        index.remove(ADA, "b1")


def test_texts_are_cut_anew_when_cutting_changed(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    index.add(ADA, Document("own", "Soup", "# A\n\nSimmer it."), LIMITS, 1)
    index.keep_current([Document("b1", "Start", "Run it.")], 1)
    monkeypatch.setattr(index_module, "CUT_VERSION", 99)
    assert index.keep_current([Document("b1", "Start", "Run it.")], 2) == 2
    assert index.keep_current([Document("b1", "Start", "Run it.")], 3) == 0
    assert found(index, "simmer") == ["Soup > A"]
    assert [(info.id, info.created_at) for info in index.documents(ADA)] == [("own", 1)]


def test_what_is_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    for expected in ([], ["Bread"]):
        index = Index(tmp_path / "knowledge.db", "/read")
        assert found(index, "bake") == expected
        if not expected:
            index.add(ADA, Document("d1", "Bread", "Bake it."), LIMITS, 1)
        index.close()


def test_a_newer_file_and_no_file_at_all_are_said_in_words(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "newer.db") as newer:
        newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    newer.close()
    with pytest.raises(StoreUnavailable, match="newer Millrace"):
        Index(tmp_path / "newer.db", "/read")
    (tmp_path / "broken.db").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreUnavailable, match="could not open"):
        Index(tmp_path / "broken.db", "/read")
