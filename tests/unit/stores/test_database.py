"""What can happen to a database: permissions, locks, full disks, strange files, bugs."""

import asyncio
import sqlite3
import stat
import subprocess
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from millrace.model.errors import NotFound, StoreUnavailable
from millrace.model.messages import Session, User
from millrace.stores.database import SqliteDatabase, open_database
from millrace.stores.sql import SqlStore

ADA = User("ada", "guest", "Ada", 1)
SECRET = "what-somebody-wrote"


def insert(value: str) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        connection.execute(text("INSERT INTO t VALUES (:x)"), {"x": value})

    return work


def every(connection: Connection) -> list[str]:
    return [row[0] for row in connection.execute(text("SELECT x FROM t ORDER BY rowid"))]


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    database = open_database(f"sqlite:///{tmp_path}/d.db", lock_timeout=0.2)
    assert isinstance(database, SqliteDatabase)
    await database.write(lambda connection: connection.execute(text("CREATE TABLE t (x TEXT UNIQUE)")))
    yield database
    await database.close()


async def test_files_and_new_folders_are_for_their_user_alone(tmp_path: Path) -> None:
    store = await SqlStore.open(f"sqlite:///{tmp_path}/new/folder/store.db")
    await store.create_user(ADA)
    found = modes(tmp_path / "new")
    await store.close()
    assert found == {
        "new": 0o700,
        "folder": 0o700,
        "store.db": 0o600,
        "store.db-wal": 0o600,
        "store.db-shm": 0o600,
    }


async def test_a_file_that_is_there_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.touch()
    path.chmod(0o640)
    await (await SqlStore.open(f"sqlite:///{path}")).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


async def test_the_pragmas_hold_on_every_connection(database: SqliteDatabase) -> None:
    def pragmas(connection: Connection) -> tuple[object, ...]:
        return tuple(
            connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        )

    found = await asyncio.gather(database.write(pragmas), *(database.read(pragmas) for _ in range(8)))
    assert set(found) == {("wal", 1, 1, 200)}


async def test_a_transaction_that_raises_leaves_nothing(database: SqliteDatabase) -> None:
    def work(connection: Connection) -> None:
        insert("one")(connection)
        raise NotFound

    with pytest.raises(NotFound):
        await database.write(work)
    assert await database.read(every) == []


async def test_a_bug_is_raised_as_it_is(database: SqliteDatabase) -> None:
    with pytest.raises(ZeroDivisionError):
        await database.write(lambda _: 1 // 0)


async def test_writers_wait_for_each_other_and_readers_for_nobody(database: SqliteDatabase) -> None:
    holding, release = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        insert("first")(connection)
        holding.set()
        assert release.wait(10)

    first = asyncio.ensure_future(database.write(hold))
    second = asyncio.ensure_future(database.write(insert("second")))
    assert await asyncio.to_thread(holding.wait, 10)
    assert await database.read(every) == []
    release.set()
    await asyncio.gather(first, second)
    assert await database.read(every) == ["first", "second"]


async def test_two_processes_cannot_both_act_on_what_they_read(tmp_path: Path) -> None:
    # Two databases on one file have no thread in common, like two processes.
    both = [open_database(f"sqlite:///{tmp_path}/d.db") for _ in range(2)]
    await both[0].write(lambda connection: connection.execute(text("CREATE TABLE t (x)")))

    def add_if_few(connection: Connection) -> None:
        if len(every(connection)) < 5:
            insert("x")(connection)

    await asyncio.gather(*(both[n % 2].write(add_if_few) for n in range(20)))
    assert len(await both[0].read(every)) == 5
    for database in both:
        await database.close()


async def test_a_write_is_done_even_where_its_caller_is_cancelled(database: SqliteDatabase) -> None:
    holding, release = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        insert("first")(connection)
        holding.set()
        assert release.wait(10)

    task = asyncio.ensure_future(database.write(hold))
    assert await asyncio.to_thread(holding.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    release.set()
    await database.write(insert("second"))
    assert await database.read(every) == ["first", "second"]


async def test_closing_waits_for_what_runs(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/d.db")
    await database.write(lambda connection: connection.execute(text("CREATE TABLE t (x)")))
    writes = [asyncio.ensure_future(database.write(insert(str(n)))) for n in range(20)]
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(*writes)
    with closing(sqlite3.connect(tmp_path / "d.db")) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (20,)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("millrace-store")]


async def test_a_locked_file_says_so_and_reading_goes_on(tmp_path: Path) -> None:
    store = await SqlStore.open(f"sqlite:///{tmp_path}/store.db", lock_timeout=0.1)
    await store.create_user(ADA)
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="Try again in a moment") as caught:
            await store.create_session(Session("s", "ada", SECRET, 1, 1))
        assert await store.user("ada") == ADA
        other.execute("ROLLBACK")
    await store.create_session(Session("s", "ada", "T", 1, 1))
    await store.close()
    assert caught.value.retry_after == 3.0
    assert caught.value.recoverable
    assert caught.value.detail == "OperationalError: database is locked"


async def test_no_trace_of_a_failure_repeats_what_people_wrote(database: SqliteDatabase) -> None:
    await database.write(insert(SECRET))
    with pytest.raises(Exception, match="already there") as caught:
        await database.write(insert(SECRET))
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.write_bytes(b"no database" * 1_000)])
async def test_what_is_no_database_says_so(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "store.db")
    with pytest.raises(StoreUnavailable) as caught:
        await SqlStore.open(f"sqlite:///{tmp_path}/store.db")
    assert caught.value.detail


async def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable):
        await SqlStore.open(f"sqlite:///{tmp_path}/file/store.db")


FULL_DISK = """
import asyncio, resource, sys
from millrace.model.errors import StoreUnavailable
from millrace.model.messages import Session, User
from millrace.stores.sql import SqlStore

async def main():
    store = await SqlStore.open(sys.argv[1])
    await store.create_user(User("ada", "guest", "Ada", 1))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    kept = 0
    try:
        while True:
            await store.create_session(Session(f"s{kept}", "ada", "x" * 100_000, 1, kept))
            kept += 1
    except StoreUnavailable as error:
        assert error.retry_after, error
    assert len(await store.sessions("ada", limit=1000)) == kept > 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await store.create_session(Session("last", "ada", "x" * 100_000, 1, 10_000))
    assert len(await store.sessions("ada", limit=1000)) == kept + 1
    await store.close()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are a matter of POSIX")
def test_a_full_disk_loses_nothing_and_passes(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, f"sqlite:///{tmp_path}/store.db"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr.decode()) == (0, "")


KILLED = """
import asyncio, sys
from millrace.model.messages import Session, User
from millrace.stores.sql import SqlStore

async def main():
    store = await SqlStore.open(sys.argv[1])
    await store.create_user(User("ada", "guest", "Ada", 1))
    for n in range(1_000_000):
        await store.create_session(Session(f"s{n}", "ada", "", 1, n))
        print(n, flush=True)

asyncio.run(main())
"""


async def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, url, stdout=subprocess.PIPE)
    assert process.stdout is not None
    acknowledged = 0
    while acknowledged < 50:
        assert int(await process.stdout.readline()) == acknowledged
        acknowledged += 1
    process.kill()
    rest, _ = await process.communicate()
    acknowledged += rest.count(b"\n")
    store = await SqlStore.open(url)
    kept = {session.id for session in await store.sessions("ada", limit=1_000_000)}
    await store.close()
    assert kept >= {f"s{n}" for n in range(acknowledged)}
