"""The retriever's contract on the knowledge base."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from millrace.knowledge.knowledge_base import KnowledgeBase
from millrace.ports import Retriever

pytest.register_assert_rewrite("tests.contract.retriever_contract")
from tests.contract.retriever_contract import RetrieverContract  # noqa: E402 - only after its asserts are to be rewritten


class TestKnowledgeBase(RetrieverContract):
    @pytest.fixture(autouse=True)
    async def opened(self, tmp_path: Path) -> AsyncIterator[None]:
        self.knowledge = await KnowledgeBase.open(tmp_path / "knowledge.db", builtin=())
        yield
        await self.knowledge.close()

    async def make_retriever(self, texts: Mapping[str, Mapping[str, str]]) -> tuple[Retriever, Mapping[str, str]]:
        ids = {}
        for user_id, titled in texts.items():
            for title, text in titled.items():
                ids[title] = (await self.knowledge.add_document(user_id, title, text)).id
        return self.knowledge, ids
