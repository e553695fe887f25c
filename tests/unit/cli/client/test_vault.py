import asyncio
import stat
from pathlib import Path

from millrace.cli.client.vault import Keepsake, Vault


def test_what_is_kept_is_there_next_time_for_its_owner_alone(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "new" / "folder")
    assert vault.get("http://a") == Keepsake()
    vault.put("http://a", Keepsake(guest="cookie"))
    vault.put("http://b", Keepsake(refresh_token="token", email="ada@example.com"))
    again = Vault(tmp_path / "new" / "folder")
    assert again.get("http://a") == Keepsake(guest="cookie")
    assert again.get("http://b").email == "ada@example.com"
    assert stat.S_IMODE(again.path.stat().st_mode) == 0o600
    assert [each.name for each in again.path.parent.glob("sign-ins.json*")] == ["sign-ins.json"]


def test_a_broken_file_is_an_empty_one(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.path.write_text("{broken", encoding="utf-8")
    assert vault.get("http://a") == Keepsake()
    vault.put("http://a", Keepsake(guest="cookie"))
    assert vault.get("http://a").guest == "cookie"


def test_a_folder_that_cannot_be_written_is_said_and_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    vault = Vault(tmp_path / "file")
    vault.put("http://a", Keepsake(guest="cookie"))
    assert vault.failure is not None
    assert "cannot be kept" in vault.failure


async def test_only_one_holds_it_at_a_time(tmp_path: Path) -> None:
    first, second = Vault(tmp_path), Vault(tmp_path)
    order: list[str] = []

    async def wait() -> None:
        async with second.held():
            order.append("second")

    async with first.held():
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.05)
        first.put("http://a", Keepsake(guest="cookie"))
        order.append("first")
    await waiting
    assert order == ["first", "second"]
