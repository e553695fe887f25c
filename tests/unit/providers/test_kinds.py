"""A configuration becomes the provider that speaks its wire."""

import pytest

from millrace.providers.config import KINDS, ProviderConfig
from millrace.providers.http import HttpClient
from millrace.providers.kinds import make_provider


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_provider(kind: str) -> None:
    provider = make_provider(ProviderConfig("house", kind, "http://h/v1", "sk-secret-key"), HttpClient())
    assert provider.name == "house"
    assert type(provider).__name__.removesuffix("Provider").lower() in kind
    assert "secret" not in repr(provider)
