from email.message import Message as Header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.server.routes.export import content_disposition


@pytest.mark.parametrize(
    ("title", "header"),
    [
        ("Photosynthesis", "attachment; filename=\"Photosynthesis.md\"; filename*=UTF-8''Photosynthesis.md"),
        ("", "attachment; filename=\"conversation.md\"; filename*=UTF-8''conversation.md"),
        ("../../etc/passwd", "attachment; filename=\"etc passwd.md\"; filename*=UTF-8''etc%20passwd.md"),
        ("Blätter 🌱", "attachment; filename=\"Bl_tter _.md\"; filename*=UTF-8''Bl%C3%A4tter%20%F0%9F%8C%B1.md"),
        (
            'x"\r\nSet-Cookie: a=b',
            "attachment; filename=\"x Set-Cookie a_b.md\"; filename*=UTF-8''x%20Set-Cookie%20a%3Db.md",
        ),
    ],
)
def test_a_file_is_named_after_its_title(title: str, header: str) -> None:
    assert content_disposition(title, "md") == header


@given(st.text(max_size=200))
def test_no_title_breaks_the_header_or_leaves_the_folder(title: str) -> None:
    header = content_disposition(title.encode("utf-8", "replace").decode(), "json")
    assert header.isascii()
    assert header.isprintable()
    parsed = Header()
    parsed["Content-Disposition"] = header
    names = [parsed.get_filename() or "", parsed.get_param("filename", header="content-disposition") or ""]
    for name in names:
        text = str(name[2] if isinstance(name, tuple) else name)
        assert text.endswith(".json")
        assert not set('/\\"') & set(text)
        assert not text.startswith(".")
