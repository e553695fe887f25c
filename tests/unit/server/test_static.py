from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from millrace.server.static import Page, SecurityHeaders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    web = tmp_path / "web"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text('<head><base href="/" /></head>')
    (web / "assets" / "index-abc123.js").write_text("1")
    (web / "icon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    (web / "outside").symlink_to(tmp_path)
    return web


def client(folder: Path, prefix: str = "") -> httpx2.AsyncClient:
    app = Starlette(routes=[Mount(prefix or "/", Page(folder))], middleware=[Middleware(SecurityHeaders)])
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test")


@pytest.mark.parametrize("path", ["/", "/login", "/chat", "/chat/", "/ops", "/chat/5208-6745", "/chat/a/b?c=d"])
async def test_the_pages_addresses_are_one_document_that_is_asked_for_anew(folder: Path, path: str) -> None:
    async with client(folder) as browser:
        answer = await browser.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert '<base href="/" />' in answer.text
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_files_with_a_hash_are_kept_for_ever_and_others_are_not(folder: Path) -> None:
    async with client(folder) as browser:
        hashed, icon = await browser.get("/assets/index-abc123.js"), await browser.get("/icon.svg")
        again = await browser.get("/icon.svg", headers={"If-None-Match": icon.headers["etag"]})
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert icon.headers["cache-control"] == "no-cache"
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/missing.js",
        "/assets/missing.js",
        "/assets",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/..\\secret.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/outside/secret.txt",
        "/icon.svg%00",
        "/api/unknown",
        "/chatter",
    ],
)
async def test_there_is_nothing_else(folder: Path, path: str) -> None:
    async with client(folder) as browser:
        answer = await browser.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


async def test_under_a_prefix_the_page_finds_its_files(folder: Path) -> None:
    async with client(folder, "/tools/chat") as browser:
        answer = await browser.get("/tools/chat/login")
    assert '<base href="/tools/chat/" />' in answer.text


async def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    async with client(tmp_path / "missing") as browser:
        answer = await browser.get("/chat")
        missing = await browser.get("/assets/x.js")
    assert answer.status_code == 503
    assert "npm run build" in answer.text
    assert missing.status_code == 404
