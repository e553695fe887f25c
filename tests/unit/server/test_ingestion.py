import pytest

from millrace.server.ingestion import pages_of


@pytest.mark.parametrize(("text", "pages"), [("a", 1), ("", 1), ("a\fb", 2), ("\fa\fb\f", 2)])
def test_form_feeds_divide_pages(text: str, pages: int) -> None:
    assert pages_of(text) == pages
