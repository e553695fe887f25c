"""The store's contract on SQLite."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contract.store_contract import StoreContract

from millrace.stores.sql import SqlStore


class TestSqlite(StoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[SqlStore]:
        store = await SqlStore.open(f"sqlite:///{tmp_path}/store.db")
        yield store
        await store.close()
