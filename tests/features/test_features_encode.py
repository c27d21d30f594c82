"""From tables to arrays: whatever order the rows and whatever form the texts come in, the arrays are the same."""

import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from feature_histories import CATALOGUE, CUTOFF, companies, histories
from hypothesis import given, settings
from hypothesis import strategies as st

from features.encoding.encode import encode, places
from features.kernel.arrays import Encoded
from histories.clock import DAY
from histories.contract import Histories, Interaction, LeadHistory
from histories.errors import DataError
from histories.stored import Stored

theorem = settings(max_examples=60, deadline=None)
TEXTS = ("kind", "channel", "direction")


def same(one: Encoded, other: Encoded) -> bool:
    pairs = zip(one, other, strict=True)
    return all(left.dtype == right.dtype and left.tobytes() == right.tobytes() for left, right in pairs)


def with_interactions(whole: Histories, of: Callable[[pa.Table], pa.Table]) -> Histories:
    return replace(whole, interactions=of(whole.interactions))


def shuffled(table: pa.Table, seed: int) -> pa.Table:
    return table.take(pa.array(np.random.default_rng(seed).permutation(table.num_rows)))


def dictionaries(table: pa.Table, names: tuple[str, ...]) -> pa.Table:
    for name in names:
        table = table.set_column(table.column_names.index(name), name, pc.dictionary_encode(table[name]))
    return table


def chunked(table: pa.Table, size: int) -> pa.Table:
    return pa.concat_tables(table.slice(at, size) for at in range(0, max(1, table.num_rows), size))


@theorem
@given(companies(), st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_the_order_of_interactions_changes_no_array(leads: list[LeadHistory], seed: int, threads: int) -> None:
    whole = histories(leads)
    found = encode(with_interactions(whole, lambda table: shuffled(table, seed)), CATALOGUE, threads)
    assert same(found, encode(whole, CATALOGUE))


@theorem
@given(
    companies(),
    st.integers(0, 2**32 - 1),
    st.integers(1, 9),
    st.sampled_from([TEXTS, (*TEXTS, "lead_id", "interaction_id"), ()]),
)
def test_chunks_and_dictionaries_change_no_array(
    leads: list[LeadHistory], seed: int, size: int, encoded: tuple[str, ...]
) -> None:
    whole = histories(leads)
    parts = with_interactions(
        whole,
        lambda table: (
            pa.concat_tables(
                dictionaries(part, encoded)
                for part in map(pa.Table.from_batches, ([b] for b in chunked(shuffled(table, seed), size).to_batches()))
            )
            if table.num_rows
            else table
        ),
    )
    assert same(encode(parts, CATALOGUE), encode(whole, CATALOGUE))


@theorem
@given(companies(), st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 3))
def test_interactions_that_lie_in_files_give_the_same_arrays(
    leads: list[LeadHistory], seed: int, size: int, threads: int
) -> None:
    """Ties, which need ids, and interactions that leads of an account share are among them."""
    whole = histories(leads)
    table = shuffled(whole.interactions, seed)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("a.parquet", "b.parquet")]
        for path, part in zip(files, (table.slice(0, size), table.slice(size)), strict=True):
            pq.write_table(part, path, row_group_size=size)
        stored = Stored(files, TEXTS)
        assert stored.num_rows == table.num_rows
        assert same(encode(replace(whole, interactions=stored), CATALOGUE, threads), encode(whole, CATALOGUE))


def test_ids_are_read_only_where_times_tie(tmp_path: Path) -> None:
    """The ids of a file that has none are not missed, until two interactions of a lead have one time."""
    times = (1, 2, 2)
    lead = LeadHistory("a", 0, interactions=tuple(Interaction(str(n), at, "mail") for n, at in enumerate(times)))
    whole = histories([lead])
    path = tmp_path / "interactions.parquet"
    pq.write_table(whole.interactions.slice(0, 2).drop_columns("interaction_id"), path)
    assert encode(replace(whole, interactions=Stored([path])), CATALOGUE).occurred.tolist() == [1, 2]
    pq.write_table(whole.interactions.drop_columns("interaction_id"), path)
    with pytest.raises(KeyError, match="interaction_id"):
        encode(replace(whole, interactions=Stored([path])), CATALOGUE)


@theorem
@given(companies())
def test_rows_hold_what_the_table_says_in_the_order_of_lead_time_and_id(leads: list[LeadHistory]) -> None:
    whole = histories(leads)
    found, signatures = encode(whole, CATALOGUE), CATALOGUE.signatures()
    rows = sorted(
        whole.interactions.to_pylist(), key=lambda one: (one["lead_id"], one["occurred_at"], one["interaction_id"])
    )
    assert found.occurred.tolist() == [one["occurred_at"] for one in rows]
    least = np.iinfo(np.int64).min
    assert found.received.tolist() == [least if one["received_at"] is None else one["received_at"] for one in rows]
    assert found.signature.tolist() == [signatures.of(one["kind"], one["direction"], one["channel"]) for one in rows]
    for place, lead in enumerate(whole.leads["lead_id"].to_pylist()):
        begin, end = found.leads[place, 1:3].tolist()
        assert [one["lead_id"] for one in rows[begin:end]] == [lead] * sum(one["lead_id"] == lead for one in rows)


@pytest.mark.parametrize("count", [2, 24, 25, 1000])
def test_ties_of_time_go_by_id_however_many_there_are(count: int) -> None:
    """Ids of one time come backwards: 9 before 10 as texts do, not as numbers."""
    ties = tuple(Interaction(f"é{n}", CUTOFF - DAY, "mail", value=float(n)) for n in reversed(range(count)))
    lead = LeadHistory("a", 0, interactions=(Interaction("z", CUTOFF - 2 * DAY, "mail", value=-1.0), *ties))
    backwards = with_interactions(histories([lead]), lambda table: table.take(pa.array(range(count, -1, -1))))
    assert encode(backwards, CATALOGUE).value.tolist() == [-1.0, *sorted(map(float, range(count)), key=str)]


def test_ids_that_are_alike_are_told_apart() -> None:
    """Of 7, 8, 9, 16, 17 and 40 bytes, differing in one place, one the beginning of the other."""
    names = {("x" * place + "y" + "x" * (size - place - 1)) for size in (7, 8, 9, 16, 17, 40) for place in range(size)}
    names |= {"x" * size for size in range(42)} | {"é" * size for size in range(1, 20)}
    leads = [
        LeadHistory(name, n, interactions=(Interaction("1", n + 1, "mail"),)) for n, name in enumerate(sorted(names))
    ]
    whole = histories(leads)
    found = encode(with_interactions(whole, lambda table: shuffled(table, 3)), CATALOGUE)
    assert (found.leads[:, 1] == np.arange(len(names))).all()
    assert (found.occurred == found.leads[:, 0] + 1).all()
    assert places(whole.leads["lead_id"], whole.leads).tolist() == list(range(len(names)))


def test_many_rows_of_thousands_of_leads_come_out_sorted() -> None:
    rng, size = np.random.default_rng(5), 300_000
    lead = rng.integers(0, 5_000, size)
    table = pa.table(
        {
            "lead_id": pc.binary_join_element_wise("lead-", pc.cast(pa.array(lead), pa.string()), ""),
            "interaction_id": pc.cast(pa.array(rng.permutation(size)), pa.string()),
            "occurred_at": pa.array(rng.integers(0, 50, size)),
            "received_at": pa.nulls(size, pa.int64()),
            "kind": pa.array(np.array(["mail", "reply", "zebra"])[rng.integers(0, 3, size)]),
            "channel": pa.nulls(size, pa.string()),
            "direction": pa.nulls(size, pa.string()),
            "value": pa.array(rng.random(size)),
        }
    )
    whole = replace(histories([LeadHistory(f"lead-{n}", 0) for n in range(5_000)]), interactions=table)
    ascending = [("lead_id", "ascending"), ("occurred_at", "ascending"), ("interaction_id", "ascending")]
    expected = encode(with_interactions(whole, lambda rows: rows.sort_by(ascending)), CATALOGUE)
    assert same(encode(whole, CATALOGUE), expected)
    names = whole.leads["lead_id"].to_pylist()
    assert expected.value.tolist() == sorted_values(table, names)


def sorted_values(table: pa.Table, names: list[str]) -> list[float]:
    place = {name: n for n, name in enumerate(names)}
    return [
        one["value"]
        for one in sorted(
            table.to_pylist(), key=lambda one: (place[one["lead_id"]], one["occurred_at"], one["interaction_id"])
        )
    ]


def test_an_interaction_of_no_lead_is_named() -> None:
    whole = histories([LeadHistory("a", 0, interactions=(Interaction("1", 1, "mail"),)), LeadHistory("b", 0)])
    message = (
        "interactions: one is of lead 'a', which is not among the leads; give the lead of every row a row of its own"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        encode(replace(whole, leads=whole.leads.slice(1)), CATALOGUE)
