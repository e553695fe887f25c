from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from httpx2 import ASGITransport, AsyncClient

from millrace.knowledge.documents import Document, DocumentLimits
from millrace.knowledge.knowledge_base import KnowledgeBase
from millrace.model.errors import Unauthorized
from millrace.model.principal import Principal
from millrace.server.problems import install_problem_handlers
from millrace.server.routes.documents import documents_router

LIMITS = DocumentLimits(text_bytes=2000, per_user=2)
URL = "/api/documents"


async def caller(request: Request) -> Principal:
    name = request.headers.get("x-user")
    if name is None:
        raise Unauthorized
    return Principal(name, "guest")


@pytest.fixture
async def knowledge(tmp_path: Path) -> AsyncIterator[KnowledgeBase]:
    builtin = [Document("millrace-readme", "Millrace", "Start it.")]
    knowledge = await KnowledgeBase.open(tmp_path / "knowledge.db", builtin=builtin, limits=LIMITS)
    yield knowledge
    await knowledge.close()


@pytest.fixture
async def client(knowledge: KnowledgeBase) -> AsyncIterator[AsyncClient]:
    app = FastAPI()
    install_problem_handlers(app)
    app.include_router(documents_router(lambda: knowledge, caller))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test", headers={"x-user": "ada"}) as client:
        yield client


async def test_a_text_is_added_listed_read_and_removed(client: AsyncClient) -> None:
    added = await client.post(URL, json={"title": "Bread", "text": "# Dough\n\nKnead <b>it</b>."})
    assert added.status_code == 201
    document = added.json()
    assert (document["title"], document["passages"], document["shared"]) == ("Bread", 1, False)
    assert document["created_at"].endswith("Z")
    listed = (await client.get(URL)).json()
    assert listed == {"documents": [document], "limits": {"text_bytes": 2000, "per_user": 2}}
    read = await client.get(f"{URL}/{document['id']}/text")
    assert read.text == "# Dough\n\nKnead <b>it</b>."
    assert read.headers["content-type"] == "text/plain; charset=utf-8"
    assert read.headers["x-content-type-options"] == "nosniff"
    assert (await client.delete(f"{URL}/{document['id']}")).status_code == 204
    assert (await client.get(URL)).json()["documents"] == []
    assert (await client.delete(f"{URL}/{document['id']}")).json()["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("name", "kind"), [("notes.md", "application/octet-stream"), ("notes", "text/markdown"), ("n.TXT", "text/plain")]
)
async def test_a_file_is_added(client: AsyncClient, name: str, kind: str) -> None:
    added = await client.post(URL, files={"file": (name, "\ufeffBake ét.".encode(), kind)})
    assert added.status_code == 201
    assert added.json()["title"] == name
    assert (await client.get(f"{URL}/{added.json()['id']}/text")).text == "Bake ét."
    titled = await client.post(URL, files={"file": (name, b"Bake it.", kind)}, data={"title": "Bread"})
    assert titled.json()["title"] == "Bread"


@pytest.mark.parametrize(
    ("content", "kind", "word"),
    [
        (b"{", "application/json", "JSON"),
        (b"[]", "application/json", "JSON"),
        (b"{}", "application/json", "text"),
        (b'{"text": 3}', "application/json", "text"),
        (b'{"text": "x", "title": 3}', "application/json", "title"),
        (b'{"text": " "}', "application/json", "empty"),
        (b'{"text": "a\\u0000b"}', "application/json", "not a text"),
        (b'{"text": "\\ud800"}', "application/json", "JSON"),
        (b"\xff", "application/json", "JSON"),
        (b"text", "text/html", "application/json"),
        (b"text", "multipart/form-data", "upload"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", "file"),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            "file",
        ),
    ],
)
async def test_what_is_no_text_is_refused_in_words(client: AsyncClient, content: bytes, kind: str, word: str) -> None:
    refused = await client.post(URL, content=content, headers={"content-type": kind})
    assert refused.status_code == 400
    assert refused.json()["code"] == "INVALID_REQUEST"
    assert word in refused.json()["detail"]


@pytest.mark.parametrize(
    ("file", "word"),
    [(("x.png", b"\x89PNG", "image/png"), "Markdown"), (("x.md", b"\xff\xfe\x00", "text/markdown"), "UTF-8")],
)
async def test_a_file_that_is_no_text_is_refused(client: AsyncClient, file: tuple[str, bytes, str], word: str) -> None:
    refused = await client.post(URL, files={"file": file})
    assert refused.status_code == 400
    assert word in refused.json()["detail"]


async def test_a_large_text_is_refused_before_all_of_it_is_read(client: AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'{"text": "'
        while sent < 10_000_000:
            sent += 10_000
            yield b"x" * 10_000

    refused = await client.post(URL, content=endless(), headers={"content-type": "application/json"})
    assert refused.status_code == 413
    assert sent < 100_000
    assert (await client.post(URL, json={"text": "x" * 2001})).status_code == 413
    assert (await client.post(URL, files={"file": ("x.md", b"x" * 2001, "text/plain")})).status_code == 413
    assert (await client.post(URL, files={"file": ("x.md", b"x" * 200_000, "text/plain")})).status_code == 413
    assert (await client.post(URL, json={"text": "\x01" * 2000})).status_code == 201


async def test_there_is_a_most(client: AsyncClient) -> None:
    for _ in range(2):
        assert (await client.post(URL, json={"text": "Bake it."})).status_code == 201
    refused = await client.post(URL, json={"text": "Bake it."})
    assert (refused.status_code, refused.json()["code"]) == (403, "QUOTA_EXCEEDED")


async def test_everybody_has_their_own(client: AsyncClient, knowledge: KnowledgeBase) -> None:
    document = (await client.post(URL, json={"text": "Bake it."})).json()
    shared = await knowledge.add_document(None, "Shared", "Simmer it.")
    bob = {"x-user": "bob"}
    assert [each["id"] for each in (await client.get(URL, headers=bob)).json()["documents"]] == [shared.id]
    for path in (f"{document['id']}/text", "nothing/text"):
        assert (await client.get(f"{URL}/{path}", headers=bob)).status_code == 404
    for document_id in (document["id"], shared.id, "millrace-readme", "nothing"):
        assert (await client.delete(f"{URL}/{document_id}", headers=bob)).status_code == 404
    assert (await client.get(f"{URL}/{shared.id}/text", headers=bob)).text == "Simmer it."
    assert (await client.get(f"{URL}/millrace-readme/text", headers=bob)).text == "Start it."


async def test_strangers_get_nothing(client: AsyncClient) -> None:
    client.headers.pop("x-user")
    assert (await client.get(URL)).status_code == 401
    assert (await client.post(URL, json={"text": "x"})).status_code == 401
    assert (await client.delete(f"{URL}/x")).status_code == 401
    assert (await client.get(f"{URL}/millrace-readme/text")).status_code == 401


async def test_the_description_names_both_forms_of_a_text(client: AsyncClient) -> None:
    operation = (await client.get("/openapi.json")).json()["paths"][URL]["post"]
    assert set(operation["requestBody"]["content"]) == {"application/json", "multipart/form-data"}
    assert "parameters" not in operation
