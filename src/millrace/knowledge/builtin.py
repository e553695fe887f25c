"""Millrace's own documentation, as it comes with the package."""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from millrace.knowledge.documents import Document


def builtin_documents() -> Sequence[Document]:
    """README.md and docs/*.md: the package's copies where it is installed, the repository's own in a work tree.

    Empty where neither is there. The title is the text's first heading.
    """
    return read_documents(_sources())


def read_documents(sources: Sequence[Traversable]) -> Sequence[Document]:
    """Documents out of Markdown files; empty files are left out."""
    return [
        Document(id=f"millrace-{source.name.removesuffix('.md').lower()}", title=_title(text, source.name), text=text)
        for source in sources
        if (text := source.read_text(encoding="utf-8")).strip()
    ]


def _sources() -> list[Traversable]:
    packaged = files("millrace.knowledge").joinpath("docs")
    if packaged.is_dir():
        return list(_markdown(packaged))
    repository = Path(__file__).resolve().parents[3]
    if not (repository / "pyproject.toml").is_file() or not (repository / "src" / "millrace").is_dir():
        return []
    return [*_markdown(repository, only="README.md"), *_markdown(repository / "docs")]


def _markdown(folder: Traversable, only: str = "") -> Iterator[Traversable]:
    if not folder.is_dir():
        return
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".md") and entry.is_file() and only in ("", entry.name):
            yield entry


def _title(text: str, name: str) -> str:
    for line in text.splitlines():
        if line.startswith("# "):
            return line[2:].strip()
    return name.removesuffix(".md").replace("-", " ").capitalize()
