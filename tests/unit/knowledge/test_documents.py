import pytest

from millrace.knowledge.documents import DocumentLimits, checked_text, checked_title, owner_of
from millrace.model.errors import InvalidRequest, MessageTooLong


def test_a_text_is_kept_with_plain_line_ends() -> None:
    assert checked_text("\ufeffa\r\nb\rc", DocumentLimits()) == "a\nb\nc"


@pytest.mark.parametrize("text", ["", " \n\t", "a\0b", "\ud800"])
def test_what_is_not_a_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        checked_text(text, DocumentLimits())


def test_the_size_is_measured_in_bytes() -> None:
    limits = DocumentLimits(text_bytes=6)
    assert checked_text("ééé", limits) == "ééé"
    with pytest.raises(MessageTooLong, match="7 bytes"):
        checked_text("ééé!", limits)


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("  My\n notes ", "x", "My notes"),
        ("", "\n\n## Heading\n\ntext", "Heading"),
        ("", "first words", "first words"),
        ("", "---\n***", "Untitled"),
        ("x" * 300, "y", "x" * 199 + "…"),
    ],
)
def test_a_title_is_one_short_line(title: str, text: str, expected: str) -> None:
    assert checked_title(title, text) == expected


def test_no_users_id_is_the_shared_owner() -> None:
    assert len({owner_of(each) for each in (None, "", "shared", "builtin", "*", "user:")}) == 6
