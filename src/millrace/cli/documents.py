"""``millrace documents``: the texts that answers may come from, in the data folder. Works while the server runs."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from millrace.knowledge.documents import DocumentLimits
from millrace.knowledge.knowledge_base import KnowledgeBase
from millrace.model.errors import InvalidRequest, MessageTooLong, MillraceError
from millrace.server.settings import load_settings
from millrace.server.settings_errors import SettingsError

T = TypeVar("T")

DataDir = Annotated[
    Path | None, typer.Option(help="The server's data folder; as its settings say where none is given.")
]
User = Annotated[
    str | None, typer.Option(help="Id of the user whose texts these are; without it they are shared by all users.")
]

documents = typer.Typer(no_args_is_help=True, help="Texts that answers may come from: add, list, remove.")


@documents.command("add")
def add(
    files: Annotated[list[Path], typer.Argument(help="Text or Markdown files in UTF-8.", metavar="FILE...")],
    user: User = None,
    data_dir: DataDir = None,
) -> None:
    """Keep texts, to be found from now on. Adding a file again keeps a second copy: remove the first."""

    async def work(knowledge: KnowledgeBase) -> bool:
        well = True
        for file in files:
            try:
                kept = await knowledge.add_document(user, file.name, _text_of(file, knowledge.limits))
            except MillraceError as error:
                typer.echo(f"{file}: {error.message}", err=True)
                well = False
            else:
                typer.echo(f"{kept.id}  {kept.title}: {_count(kept.passages, 'passage')}")
        return well

    if not _run(data_dir, work):
        raise typer.Exit(1)


@documents.command("list")
def list_documents(user: User = None, data_dir: DataDir = None) -> None:
    """Show which texts are kept, newest first."""

    async def work(knowledge: KnowledgeBase) -> None:
        kept = await knowledge.documents(user)
        if not kept:
            typer.echo("No texts are kept yet. Add some with `millrace documents add FILE`.")
            return
        table = Table("ID", "Title", "For", "Characters", "Passages", "Added", box=None)
        for each in kept:
            added = datetime.fromtimestamp(each.created_at / 1000, UTC).strftime("%Y-%m-%d %H:%M")
            whose = "everyone" if each.shared else user or ""
            table.add_row(each.id, each.title, whose, str(each.characters), str(each.passages), added)
        console = Console(markup=False)
        if not console.is_terminal:
            console.width = 400  # piped into another program, a line stays a line
        console.print(table)

    _run(data_dir, work)


@documents.command("remove")
def remove(
    ids: Annotated[list[str], typer.Argument(help="Ids, as `list` shows them.", metavar="ID...")],
    user: User = None,
    data_dir: DataDir = None,
) -> None:
    """Forget texts: they are not found any more."""

    async def work(knowledge: KnowledgeBase) -> None:
        for document_id in ids:
            await knowledge.remove_document(user, document_id)
            typer.echo(f"Removed {document_id}.")

    _run(data_dir, work)


def _run(data_dir: Path | None, work: Callable[[KnowledgeBase], Awaitable[T]]) -> T:
    async def run() -> T:
        folder = data_dir if data_dir is not None else load_settings().data_dir
        knowledge = await KnowledgeBase.open(folder / "knowledge.db")
        try:
            return await work(knowledge)
        finally:
            await knowledge.close()

    try:
        return asyncio.run(run())
    except (MillraceError, SettingsError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _text_of(file: Path, limits: DocumentLimits) -> str:
    """A file's text.

    Raises:
        InvalidRequest: It cannot be read as text.
        MessageTooLong: It is larger than a text may be.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(limits.text_bytes + 1)
    except OSError as error:
        raise InvalidRequest(f"The file cannot be read: {error.strerror}.") from error
    if len(content) > limits.text_bytes:  # said before decoding: the cut may go through a character
        raise MessageTooLong(
            f"The file is larger than the {limits.text_bytes} bytes of a text. Split it and add the parts."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest("This is not text in UTF-8. Save it as UTF-8 and add it again.") from error


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
