import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from millrace.knowledge.documents import Document, DocumentLimits
from millrace.knowledge.knowledge_base import KnowledgeBase
from millrace.model.errors import InvalidRequest, MessageTooLong, NotFound, StoreUnavailable

BUILTIN = [Document("millrace-readme", "Millrace", "# Millrace\n\nStart it with the command.")]


@pytest.fixture
async def knowledge(tmp_path: Path) -> AsyncIterator[KnowledgeBase]:
    knowledge = await KnowledgeBase.open(tmp_path / "knowledge.db", builtin=BUILTIN)
    yield knowledge
    await knowledge.close()


async def test_the_builtin_documents_are_searched_and_read_but_not_listed(knowledge: KnowledgeBase) -> None:
    (passage,) = await knowledge.retrieve("how do I start?", user_id="ada")
    assert (passage.title, passage.url) == ("Millrace", "/api/documents/millrace-readme/text")
    assert (await knowledge.document("ada", "millrace-readme")).text == BUILTIN[0].text
    assert await knowledge.documents("ada") == []
    assert not await knowledge.retrieve("how do I start?", user_id="ada", own=True)
    with pytest.raises(NotFound):
        await knowledge.remove_document("ada", "millrace-readme")


async def test_what_is_added_is_found_at_once(knowledge: KnowledgeBase) -> None:
    info = await knowledge.add_document("ada", "", "# Bread\n\nBake it.")
    assert info.title == "Bread"
    assert [passage.snippet for passage in await knowledge.retrieve("bake", user_id="ada")] == ["Bake it."]
    await knowledge.remove_document("ada", info.id)
    assert not await knowledge.retrieve("bake", user_id="ada")


async def test_searches_go_on_while_long_texts_are_added(knowledge: KnowledgeBase) -> None:
    text = "\n\n".join(f"Paragraph {number} about bread and its crust." for number in range(20_000))
    adding = asyncio.create_task(knowledge.add_document("ada", "Long", text))
    searched = 0
    while not adding.done():
        assert await knowledge.retrieve("start", user_id="ada")
        searched += 1
    assert (await adding).passages > 100
    assert searched > 3
    assert await knowledge.retrieve("crust", user_id="ada")


async def test_two_processes_worth_of_bases_share_a_file(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    other = await KnowledgeBase.open(tmp_path / "knowledge.db")
    try:
        await asyncio.gather(
            *(base.add_document("ada", f"Note {n}", "Bake it.") for n in range(10) for base in (knowledge, other))
        )
        assert len(await other.documents("ada")) == len(await knowledge.documents("ada")) == 20
        assert await other.retrieve("start", user_id="ada"), "opening without builtin documents leaves them"
    finally:
        await other.close()


async def test_limits_are_kept(tmp_path: Path) -> None:
    knowledge = await KnowledgeBase.open(tmp_path / "knowledge.db", limits=DocumentLimits(text_bytes=10, per_user=1))
    try:
        with pytest.raises(MessageTooLong):
            await knowledge.add_document("ada", "t", "x" * 11)
        with pytest.raises(InvalidRequest):
            await knowledge.add_document("ada", "\ud800", "x")
    finally:
        await knowledge.close()


async def test_a_closed_base_says_so_and_closes_twice(tmp_path: Path) -> None:
    knowledge = await KnowledgeBase.open(tmp_path / "knowledge.db")
    await knowledge.close()
    await knowledge.close()
    with pytest.raises(StoreUnavailable, match="shutting down"):
        await knowledge.retrieve("bake", user_id="ada")


async def test_a_file_that_cannot_be_opened_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "knowledge.db").mkdir()
    with pytest.raises(StoreUnavailable):
        await KnowledgeBase.open(tmp_path / "knowledge.db")
