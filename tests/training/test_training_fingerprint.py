"""The fingerprint: moves with any value, not with the order of rows."""

import dataclasses
from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from histories.assemble import assemble
from histories.clock import DAY
from histories.contract import Histories, Interaction, LeadHistory, Outcome, Stage
from training import fingerprint


def some(value: float = 1.0) -> Histories:
    interactions = (Interaction("s:1", 2 * DAY, "open", value=value), Interaction("s:2", 3 * DAY, "reply"))
    first = LeadHistory("a", DAY, interactions=interactions, outcomes=(Outcome(Stage.SQL, 4 * DAY),))
    return assemble([first, LeadHistory("b", DAY, "acme")], exported_at=5 * DAY)


def test_it_counts_what_was_read() -> None:
    found = fingerprint.of(some())
    assert (found.leads, found.attributes, found.interactions, found.outcomes) == (2, 0, 2, 1)
    assert found.exported_at == 5 * DAY


def test_it_does_not_go_by_the_order_of_rows() -> None:
    histories = some()
    turned = dataclasses.replace(
        histories,
        leads=histories.leads.take(pa.array([1, 0])),
        interactions=histories.interactions.take(pa.array([1, 0])),
    )
    assert fingerprint.of(turned) == fingerprint.of(histories)


def test_it_moves_with_one_value_and_with_the_time_of_the_export() -> None:
    first = fingerprint.of(some())
    assert fingerprint.of(some(value=2.0)).sha256 != first.sha256
    later = dataclasses.replace(some(), exported_at=6 * DAY)
    assert fingerprint.of(later).sha256 != first.sha256


ROWS = st.lists(st.tuples(st.none() | st.text(max_size=3), st.none() | st.integers(-5, 5)), max_size=6)


def table(rows: list[tuple[str | None, int | None]]) -> pa.Table:
    return pa.table(
        {
            "text": pa.array([one for one, _ in rows], pa.string()),
            "number": pa.array([one for _, one in rows], pa.int64()),
        }
    )


@settings(max_examples=100, deadline=None)
@given(ROWS, ROWS)
def test_tables_have_equal_digests_exactly_where_they_hold_equal_rows(
    first: list[tuple[str | None, int | None]], second: list[tuple[str | None, int | None]]
) -> None:
    def key(row: tuple[str | None, int | None]) -> tuple[bool, str, bool, int]:
        return row[0] is None, row[0] or "", row[1] is None, row[1] or 0

    equal = sorted(first, key=key) == sorted(second, key=key)
    assert (fingerprint.table_digest(table(first)) == fingerprint.table_digest(table(second))) == equal


def test_the_layout_in_memory_is_no_part_of_it() -> None:
    whole = table([("a", 1), ("b", None), (None, 3)])
    pieces = pa.concat_tables([whole.slice(0, 1), whole.slice(1)])
    assert fingerprint.table_digest(pieces) == fingerprint.table_digest(whole)


def test_a_folder_is_known_by_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.txt").write_text("1")
    before = fingerprint.folder_sha256(tmp_path)
    assert before == fingerprint.folder_sha256(tmp_path)
    (tmp_path / "a" / "one.txt").rename(tmp_path / "a" / "two.txt")
    assert fingerprint.folder_sha256(tmp_path) != before
