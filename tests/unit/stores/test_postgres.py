"""PostgreSQL's half is loaded where it is asked for, and nowhere else; what it does is the contract suite's."""

import subprocess
import sys

from millrace.stores.database import open_database
from millrace.stores.postgres import PostgresDatabase


async def test_a_postgresql_url_opens_it() -> None:
    database = open_database("postgresql://nobody@127.0.0.1:1/none")
    assert isinstance(database, PostgresDatabase)
    await database.close()


def test_sqlite_does_not_load_it() -> None:
    program = "import sys, millrace.stores.sql; sys.exit('sqlalchemy.orm' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
