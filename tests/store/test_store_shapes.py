"""Migrations both ways with data in the tables, and what is said where a store cannot be opened."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from store_cases import same

from histories import store as stores
from histories.contract import Attribute, Interaction, Outcome, Stage
from histories.errors import CallError, DataError
from histories.store import AttributeRow, InteractionRow, LeadRow, OutcomeRow, Store, StoreUnavailableError
from histories.store.database.connections import Database
from histories.store.database.schema import METADATA


def fill(store: Store) -> None:
    store.add_leads([LeadRow("a", 1, "x"), LeadRow("a", 2)], 1)
    store.add_interactions([InteractionRow("a", Interaction("i", 2, "call", value=-0.0))], 2)
    store.add_attributes([AttributeRow("a", Attribute("n", 0.1, 3))], 3)
    store.add_outcomes([OutcomeRow("a", Outcome(Stage.SQL, 4, 5e-324))], 4)


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_the_migrations_make_what_the_code_knows(url: str) -> None:
    database = Database(url)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, METADATA) == []
        found = sa.inspect(connection)
        for table in METADATA.sorted_tables:
            there = {one["name"]: one["nullable"] for one in found.get_columns(table.name)}
            assert there == {column.name: column.nullable for column in table.columns}
    database.close()


def test_facts_survive_the_way_down_and_up_again_and_what_has_no_place_is_lost(nothing: str) -> None:
    stores.upgrade(nothing)
    with Store.open(nothing) as store:
        fill(store)
        before = stores.histories(store, 100)
        assert len(store.quarantined()) == 1
    stores.downgrade(nothing, "0001")
    with pytest.raises(
        DataError, match=r"has shape 0001, and this version works with shape 0004; `lead-scoring ingest CRM.toml` or"
    ):
        Store.open(nothing)
    stores.upgrade(nothing, "0002")
    stores.upgrade(nothing)
    stores.upgrade(nothing)
    with Store.open(nothing) as store:
        assert same(stores.histories(store, 100), before)
        assert store.watermark() == 4
        assert store.quarantined() == ()
        fill(store)
        assert same(stores.histories(store, 100), before)
        assert len(store.quarantined()) == 1


def test_from_shape_3_and_back_facts_stay_what_they_were_and_the_rest_is_empty(nothing: str) -> None:
    stores.upgrade(nothing, "0003")
    database = Database(nothing)
    database.written(_scored_as_then)
    stores.upgrade(nothing)
    with Store.open(nothing) as store:
        fill(store)
        before = stores.histories(store, 100)
        database.written(_one_row_each)
        counts = _counts(database)
        assert all(counts[name] == 1 for name in LATER)
    stores.downgrade(nothing, "0003")
    with database.reading() as connection:
        assert "merges" not in sa.inspect(connection).get_table_names()
        assert connection.execute(sa.text("select count(*) from scores where model_scores = '{}'")).scalar_one() == 0
    stores.upgrade(nothing)
    with Store.open(nothing) as store:
        assert same(stores.histories(store, 100), before)
        assert store.watermark() == 4
    assert {name: count for name, count in _counts(database).items() if name in LATER} == dict.fromkeys(LATER, 0)
    database.close()


LATER = {"scores", "artifacts", "merges", "suppressions", "forgotten", "definitions", "standings", "crossings"} | {
    "cursors",
    "handovers",
}


def _scored_as_then(connection: sa.Connection) -> None:
    columns = "lead_id, as_of, watermark, bundle_version, rulebook_version, model_scores, rule_scores"
    connection.execute(sa.text(f"insert into scores ({columns}) values ('a', 1, 0, 'b', 'r', '{{}}', '{{}}')"))  # noqa: S608


def _one_row_each(connection: sa.Connection) -> None:
    """A row of whatever fits in each table that came with shape 4; `lead_id` x is no lead's."""
    values: dict[type, object] = {str: "x", int: 7, float: 0.5, bytes: b"x"}
    for name in LATER:
        table = METADATA.tables[name]
        row = {one.name: values[one.type.python_type] for one in table.columns}
        connection.execute(sa.insert(table).values(**row))


def _counts(database: Database) -> dict[str, int]:
    with database.reading() as connection:
        return {
            name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in METADATA.tables.items()
        }


def test_the_way_to_the_base_leaves_no_table_of_ours(nothing: str) -> None:
    stores.upgrade(nothing)
    stores.downgrade(nothing, "base")
    database = Database(nothing)
    with database.reading() as connection:
        assert set(sa.inspect(connection).get_table_names()) <= {"alembic_version"}
    database.close()


def test_a_database_without_a_store_is_refused(nothing: str) -> None:
    with pytest.raises(
        DataError,
        match=r"^there is no store at .* yet; `lead-scoring ingest CRM.toml` or `lead-scoring serve` makes it",
    ):
        Store.open(nothing)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://me:geheim@host/db", "the store's URL begins with 'mysql'"),
        ("me:geheim@host", "the store's URL cannot be read"),
        ("sqlite://", "the store's URL sqlite:// names no file"),
        ("sqlite:////no/such/folder/s.db", "there is no folder /no/such/folder"),
    ],
)
def test_a_url_that_is_none_is_refused_without_its_password(url: str, message: str) -> None:
    with pytest.raises(CallError, match=re.escape(message)) as refusal:
        Store.open(url)
    assert "geheim" not in str(refusal.value)


@pytest.mark.parametrize(
    "url", ["postgresql://me:geheim@127.0.0.1:1/db", "postgresql://me@127.0.0.1:1/db?password=geheim"]
)
def test_a_password_is_in_no_error_and_no_repr(url: str) -> None:
    assert "geheim" not in repr(Database(url))
    with pytest.raises(StoreUnavailableError, match="does not answer") as refusal:
        Store.open(url)
    assert "geheim" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "s.db").write_text("lead_id,created_at\n" * 100, encoding="utf-8")
    with pytest.raises(DataError, match="file is not a database"):
        Store.open(f"sqlite:///{tmp_path}/s.db")


def test_a_mistyped_path_leaves_no_empty_file(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"^there is no store at sqlite:///\S+no\.db yet; `lead-scoring ingest CRM\.toml`"
    ):
        Store.open(f"sqlite:///{tmp_path}/no.db")
    assert list(tmp_path.iterdir()) == []
