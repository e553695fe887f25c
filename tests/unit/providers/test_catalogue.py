import pytest

from millrace.model.errors import InvalidRequest
from millrace.model.generation import ModelInfo
from millrace.providers.catalogue import Catalogue
from millrace.providers.listings import model_info


def catalogue(wanted: str | None = None, **listed: list[str]) -> Catalogue:
    infos: dict[str, list[ModelInfo]] = {
        name: [model_info(name, model) for model in models] for name, models in listed.items()
    }
    return Catalogue(infos, wanted)


BOTH = catalogue(acme=["b", "a", "org/x"], local=["b", "tiny"], empty=[])


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("acme/a", "acme/a"),
        ("acme/org/x", "acme/org/x"),
        ("org/x", "acme/org/x"),
        ("tiny", "local/tiny"),
        ("acme/new?x=1", "acme/new?x=1"),
        ("empty/anything", "empty/anything"),
        ("local/b", "local/b"),
        (None, "acme/b"),
        ("acme/", "acme/b"),
        ("local/", "local/b"),
    ],
)
def test_find(asked: str | None, found: str) -> None:
    info = BOTH.find(asked)
    assert info.id == found
    assert info.id == f"{info.provider}/{info.name}"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("b", "acme/b or local/b"),
        ("nobody", 'There is no model "nobody"'),
        ("nobody/x", 'There is no model "nobody/x"'),
        ("nobody/", "There is no model"),
        ("empty/", "There is no model"),
        ("", "There is no model"),
        ("tinny", 'Did you mean "tiny"?'),
        ("x" * 10_000, "…"),
    ],
)
def test_not_found(asked: str, words: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        BOTH.find(asked)
    assert words in caught.value.message
    assert len(caught.value.message) < 300


def test_models_are_by_provider_and_name() -> None:
    assert [info.id for info in BOTH.models] == ["acme/a", "acme/b", "acme/org/x", "local/b", "local/tiny"]


def test_default_is_the_first_chat_model_of_the_first_provider_that_has_one() -> None:
    assert (
        catalogue(dead=[], openai=["whisper-1", "text-embedding-3", "gpt-x", "a"], local=["z"]).default
        == "openai/gpt-x"
    )
    assert catalogue(openai=["whisper-1"], local=["z"]).default == "local/z"


def test_configured_default() -> None:
    assert catalogue("tiny", acme=["a"], local=["tiny"]).default == "local/tiny"
    assert catalogue("acme/unlisted", acme=["a"]).default == "acme/unlisted"
    gone = catalogue("gone/x", acme=["a"])
    assert gone.default == "gone/x"
    with pytest.raises(InvalidRequest, match="gone/x"):
        gone.find(None)


def test_nothing_at_all() -> None:
    assert catalogue().default == ""
    with pytest.raises(InvalidRequest, match="No model is configured"):
        catalogue().find(None)
