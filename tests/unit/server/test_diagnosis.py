import socket
from pathlib import Path

import pytest
from tests.support.app import small_settings

from millrace.server.check import Check
from millrace.server.diagnosis import (
    check_data_dir,
    check_database,
    check_page,
    check_port,
    check_providers,
    check_search,
    check_settings,
    diagnose,
)
from millrace.server.secret import KEY_FILE, signing_secret
from millrace.server.settings import Settings
from millrace.stores.database import open_database
from millrace.stores.schema import upgrade


def named(checks: list[Check], name: str) -> Check:
    (found,) = [check for check in checks if check.name == name]
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def test_a_machine_on_which_nothing_happened_yet_is_well(tmp_path: Path) -> None:
    settings = small_settings(tmp_path / "data", port=0)
    checks = [check async for check in diagnose(settings)]
    assert [check for check in checks if check.state == "problem" and check.name != "Page"] == []
    assert named(checks, "Models").state == "note"
    assert not (tmp_path / "data").exists(), "looking changes nothing"


async def test_redis_is_looked_at_where_there_is_to_be_one(tmp_path: Path) -> None:
    values = {
        "redis_url": f"redis://:hidden@127.0.0.1:{free_port()}",
        "database_url": "postgresql://u@127.0.0.1:1/none",
    }
    checks = [check async for check in diagnose(small_settings(tmp_path / "data", port=0, **values))]
    check = named(checks, "Redis")
    assert check.state == "problem"
    assert "hidden" not in f"{check}"


def test_who_may_come_in_is_judged() -> None:
    exposed = check_settings(Settings(host="0.0.0.0"))
    assert named(exposed, "Sign-in").state == "problem"
    assert named(check_settings(Settings()), "Sign-in").finding == "mode guest, on this machine only"


def test_names_without_effect_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_LIMTS__QUEUE", "1")
    assert "MILLRACE_LIMTS__QUEUE" in named(check_settings(Settings()), "Environment").finding


def test_a_secret_that_others_can_read_is_a_problem(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert named(check_settings(settings), "Signing secret").state == "ok"
    signing_secret(settings)
    assert named(check_settings(settings), "Signing secret").state == "ok"
    (tmp_path / KEY_FILE).chmod(0o644)
    check = named(check_settings(settings), "Signing secret")
    assert check.state == "problem"
    assert check.remedy.startswith("chmod 600 ")
    weak = Settings.model_validate({"jwt_secret": "sixteen bytes ok"})
    assert named(check_settings(weak), "Signing secret").state == "note"


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    assert check_data_dir(tmp_path / "new").state == "ok"
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("")
    assert check_data_dir(tmp_path / "file").state == "problem"


async def test_a_database_is_old_current_or_too_new(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert "first start" in (await check_database(settings)).finding
    assert not (tmp_path / "millrace.db").exists()
    await upgrade(settings.store_url)
    assert "tables of version" in (await check_database(settings)).finding
    database = open_database(settings.store_url)
    await database.write(lambda connection: connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'z'"))
    await database.close()
    check = await check_database(settings)
    assert (check.state, check.finding) == ("problem", "It was written by a newer Millrace.")
    (tmp_path / "millrace.db").write_text("this is no database, but it is long enough to look like one")
    assert (await check_database(settings)).state == "problem"


def test_a_port_that_somebody_else_has_is_a_problem() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        check = check_port(Settings(port=taken.getsockname()[1]))
    assert check.state == "problem"
    assert check_port(Settings(port=0)).state == "ok"


def test_the_page_is_there_or_not(tmp_path: Path) -> None:
    assert check_page(tmp_path).state == "problem"
    (tmp_path / "index.html").write_text("")
    assert check_page(tmp_path).state == "ok"


def test_search_is_there() -> None:
    assert check_search().state == "ok"


async def test_a_provider_that_does_not_answer_is_a_problem_without_its_key(tmp_path: Path) -> None:
    providers = {"mine": {"base_url": f"http://127.0.0.1:{free_port()}/v1", "api_key": "sk-very-secret"}}
    routes = {"smart": ["mine/a", "gone/b"], "fast": "mine/a, embedded/passages"}
    settings = small_settings(tmp_path, providers=providers, default_model="other/model", routes=routes)
    mine, default, smart, fast = [check async for check in check_providers(settings)]
    assert (mine.name, mine.state, default.state) == ("Models: mine", "problem", "problem")
    assert (smart.state, "gone/b" in smart.finding) == ("problem", True)
    assert (fast.state, fast.finding) == ("ok", "mine/a, then embedded/passages")
    assert "base_url" in mine.remedy
    assert "sk-very-secret" not in f"{mine}"
    assert "no provider other" in default.finding


async def test_a_provider_that_cannot_be_is_said_to_be_wrong(tmp_path: Path) -> None:
    (check,) = [each async for each in check_providers(small_settings(tmp_path, providers={"x": {"kind": "fax"}}))]
    assert (check.state, "fax" in check.finding) == ("problem", True)
