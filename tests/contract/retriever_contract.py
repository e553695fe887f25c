"""What every `Retriever` promises. A backend's test file gives `make` and inherits the rest."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millrace.ports import Retriever

BREAD = "# Bread\n\nKnead the dough for ten minutes. Bake the loaf at 230 degrees."
SOUP = "# Soup\n\nSimmer the carrots for an hour. Season the broth with pepper."
CAKE = "# Cake\n\nBeat the eggs with sugar. Bake the cake at 180 degrees."


class RetrieverContract(ABC):
    """Backends fill `make_retriever`."""

    @abstractmethod
    async def make_retriever(self, texts: Mapping[str, Mapping[str, str]]) -> tuple[Retriever, Mapping[str, str]]:
        """A retriever over texts by user and title, and the documents' ids by title. The test closes nothing."""

    @pytest.fixture
    async def made(self) -> tuple[Retriever, Mapping[str, str]]:
        return await self.make_retriever({"ada": {"Bread": BREAD, "Soup": SOUP}, "bob": {"Cake": CAKE}})

    async def test_the_nearest_passage_comes_first(self, made: tuple[Retriever, Mapping[str, str]]) -> None:
        retriever, _ = made
        passages = await retriever.retrieve("how long do I simmer carrots?", user_id="ada")
        assert "Simmer the carrots" in passages[0].snippet
        assert "Soup" in passages[0].title

    async def test_forms_and_case_of_a_word_do_not_matter(self, made: tuple[Retriever, Mapping[str, str]]) -> None:
        retriever, _ = made
        passages = await retriever.retrieve("BAKING loaves", user_id="ada")
        assert "Bake the loaf" in passages[0].snippet

    async def test_passages_are_numbered_and_scored(self, made: tuple[Retriever, Mapping[str, str]]) -> None:
        retriever, _ = made
        passages = await retriever.retrieve("degrees, pepper or dough", user_id="ada")
        assert [passage.number for passage in passages] == list(range(1, len(passages) + 1))
        assert all(0.0 <= passage.score <= 1.0 for passage in passages)
        assert [passage.score for passage in passages] == sorted((p.score for p in passages), reverse=True)

    async def test_the_limit_is_kept(self, made: tuple[Retriever, Mapping[str, str]]) -> None:
        retriever, _ = made
        assert len(await retriever.retrieve("dough and broth", user_id="ada")) == 2
        assert len(await retriever.retrieve("dough and broth", user_id="ada", limit=1)) == 1

    async def test_another_users_texts_are_never_found(self, made: tuple[Retriever, Mapping[str, str]]) -> None:
        retriever, ids = made
        assert not await retriever.retrieve("eggs with sugar", user_id="ada")
        assert not await retriever.retrieve("eggs with sugar", user_id="ada", document_ids=[ids["Cake"]])
        assert not await retriever.retrieve("eggs with sugar", user_id="")
        assert not await retriever.retrieve("eggs with sugar", user_id="ada", own=True)
        assert await retriever.retrieve("eggs with sugar", user_id="bob")
        assert await retriever.retrieve("eggs with sugar", user_id="bob", own=True)

    async def test_only_the_chosen_documents_are_searched(self, made: tuple[Retriever, Mapping[str, str]]) -> None:
        retriever, ids = made
        passages = await retriever.retrieve("dough or broth", user_id="ada", document_ids=[ids["Soup"]])
        assert len(passages) == 1
        assert "broth" in passages[0].snippet
        assert not await retriever.retrieve("dough or broth", user_id="ada", document_ids=["nothing"])

    @pytest.mark.parametrize("query", ["", "   ", "?!", "the of and", "zyzzyva", "\0", "\ud800"])
    async def test_what_says_nothing_finds_nothing(self, made: tuple[Retriever, Mapping[str, str]], query: str) -> None:
        retriever, _ = made
        assert not await retriever.retrieve(query, user_id="ada")

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.text(alphabet="abAND OR NOT NEAR(\"*^:{}-+'\\;%_dough", max_size=60))
    async def test_a_query_is_words_and_never_syntax(
        self, made: tuple[Retriever, Mapping[str, str]], query: str
    ) -> None:
        retriever, _ = made
        for passage in await retriever.retrieve(query, user_id="ada"):
            assert "Cake" not in passage.title
