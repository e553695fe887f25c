"""What holds for all tests."""

import gc

import hypothesis
import pytest

# Thousands of tests are collected, and live as long as the run: nothing of that is garbage.
gc.disable()

# How long an example takes says how busy the machine is. What must be fast is measured by the bench.
hypothesis.settings.register_profile("millrace", deadline=None)
hypothesis.settings.load_profile("millrace")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Set aside what is there before the first test runs."""
    gc.collect()
    gc.freeze()
    gc.enable()
