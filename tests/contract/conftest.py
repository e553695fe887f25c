"""Lets the suites that backends inherit say what was compared, as test files do by themselves."""

import pytest

pytest.register_assert_rewrite(
    "tests.contract.log_contract", "tests.contract.retriever_contract", "tests.contract.store"
)
