"""A PostgreSQL user who lacks a right is told which, and what to do."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from histories import store as stores
from histories.errors import DataError
from histories.store import LeadRow, Store


@pytest.fixture
def weak(postgres_database: str) -> Iterator[str]:
    """The URL of a store for a user who may read everything and write nothing, nor make a table."""
    stores.upgrade(postgres_database)
    with psycopg.connect(postgres_database, autocommit=True) as connection:
        connection.execute("create role weak login password 'open-sesame'")
        connection.execute("grant select on all tables in schema public to weak")
        try:
            yield re.sub(r"//[^@]*@", "//weak:open-sesame@", postgres_database, count=1)
        finally:
            connection.execute("drop owned by weak")
            connection.execute("drop role weak")


def test_who_may_not_write_is_told_so_without_the_password(weak: str) -> None:
    wanted = (
        r"^the store at postgresql://weak:\*\*\*@\S+ refuses: permission denied for table watermark \(42501\); "
        r"give the database's user the right to it, or let one who has it run the command$"
    )
    with Store.open(weak) as store, pytest.raises(DataError, match=wanted):
        store.add_leads([LeadRow("a", 0)], 1)


def test_who_may_not_make_the_tables_is_told_so(weak: str, postgres_database: str) -> None:
    stores.downgrade(postgres_database, "base")
    with psycopg.connect(postgres_database, autocommit=True) as connection:
        connection.execute("revoke create on schema public from public")
    with pytest.raises(DataError, match=r"refuses: permission denied for \S+ \S+ \(42501\); give the database's user"):
        stores.upgrade(weak)
    stores.upgrade(postgres_database)
