"""What a store says where it cannot do what it is asked: a server that only reads, a newer version's shape, no room."""

import re
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from histories import store as stores
from histories.contract import Attribute, AttributeType
from histories.errors import DataError
from histories.store import AttributeRow, LeadRow, Quarantined, Store, StoreUnavailableError, Verdict
from histories.store.database.schema import HEAD
from histories.store.facts.writing import next_watermark
from lead_scoring import app
from serving.live import opening
from serving.secret import Secret


def test_a_server_that_only_reads_is_one_that_does_not_answer(postgres_database: str) -> None:
    stores.upgrade(postgres_database)

    def work(connection: sa.Connection) -> int:
        connection.execute(sa.text("set transaction read only"))
        return next_watermark(connection)

    with Store.open(postgres_database) as opened:
        with pytest.raises(StoreUnavailableError, match=r"in a read-only transaction \(25006\)$"):
            opened.database.written(work)
        opened.add_leads([LeadRow("after-a-failover", 1)], 1)


def test_a_store_of_a_newer_version_is_refused_with_what_to_do_and_left_as_it_is(url: str) -> None:
    _stamp(url, "9999")
    message = r"made by a newer version: it has shape 9999, and this version knows shapes up to \d{4}; use the version"
    try:
        for attempt in (stores.upgrade, Store.open, lambda one: opening.opened(Secret(one))):
            with pytest.raises(DataError, match=message):
                attempt(url)
    finally:
        _stamp(url, HEAD)
    Store.open(url).close()


def _stamp(url: str, shape: str) -> None:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = :shape"), {"shape": shape})
    engine.dispose()


def test_no_room_for_the_copy_that_is_read_names_the_temporary_folder(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    stores.upgrade(url)
    with Store.open(url) as opened:
        opened.add_leads([LeadRow(f"{number:0200}", 1) for number in range(1_000)], 1)
        folder = re.escape(tempfile.gettempdir())
        with (
            _files_of_at_most(100_000),
            pytest.raises(DataError, match=f"^the store cannot be copied to the temporary folder {folder}: "),
        ):
            stores.histories(opened, 10)
        assert stores.histories(opened, 10).leads.num_rows == 1_000


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """Stands for a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_more_names_of_attributes_than_a_statement_has_parameters_are_declared_at_once(opened: Store) -> None:
    types = {f"a{number}": AttributeType.NUMBER for number in range(70_000)}
    stores.define(opened, stores.Definitions(attribute_types=types), 1)
    row = AttributeRow("L", Attribute("a69999", "x", 1))
    assert opened.add_attributes([row], 3).rows[0].verdict is Verdict.REFUSED


def test_the_newest_refusals_are_read_alone_and_all_are_counted(opened: Store) -> None:
    opened.add_leads([LeadRow("a", 1), LeadRow("b", 1)], 1)
    opened.add_leads([LeadRow("a", 2)], 2)
    opened.add_leads([LeadRow("b", 3)], 3)
    (newest,) = opened.newest_quarantined(1)
    reason = "another row has this lead_id; it differs in created_at"
    assert newest == Quarantined(
        "leads", '{"lead_id": "b", "created_at": "1970-01-01T00:00:00.000003Z", "account_id": null}', reason, 3
    )
    assert opened.quarantine_counts("leads") == {("leads", reason): 2}
    assert (opened.newest_quarantined(5, "outcomes"), opened.quarantine_counts("outcomes")) == ((), {})


def test_nothing_that_a_command_prints_steers_the_terminal(url: str) -> None:
    told = CliRunner().invoke(app, ["suppress", "L1\x1b[2J\nmsg_fake", "--store", url]).stdout
    assert told == (
        "L1�[2J�msg_fake is suppressed from now on. The store knows no such lead yet; it holds when one comes.\n"
    )
