"""Many snapshots at once: accounts, shared interactions, unknown leads, files."""

import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from feature_histories import CATALOGUE, CUTOFF, histories, same_bits, snapshots

from features import catalogue, one, table
from histories import select
from histories.clock import DAY
from histories.contract import Interaction, LeadHistory
from histories.errors import CallError, DataError

NAMES = CATALOGUE.names

SUMS = {
    "signals": 1538.7007728419362,
    "sums": 4417.0,
    "trends": 23.659288890822676,
    "contact": 88.18627450980392,
    "rhythm": 273.79686008209296,
    "variety": 42.0,
    "latest": 17.0,
    "lead": 99.0,
    "stages": 0.0,
    "attributes": 0.0,
    "account": 246.04166666666666,
    "own": 0.0,
}


def _meeting(received: int) -> Interaction:
    return Interaction("crm:meeting", CUTOFF - 10 * DAY, "reply", received_at=CUTOFF - received)


COMPANY = [
    LeadHistory("anna", CUTOFF - 20 * DAY, "acme", interactions=(_meeting(3 * DAY),)),
    LeadHistory("bert", CUTOFF - 20 * DAY, "acme", interactions=(_meeting(DAY), Interaction("1", CUTOFF - 1, "mail"))),
    LeadHistory("carl", CUTOFF - 20 * DAY, "acme", interactions=(_meeting(2 * DAY),)),
    LeadHistory("dora", CUTOFF - 20 * DAY, None, interactions=(_meeting(2 * DAY),)),
]


def others(cutoff: int) -> dict[str, float]:
    found = table.compute(histories(COMPANY), snapshots([(lead.lead_id, cutoff) for lead in COMPANY]), CATALOGUE)
    return dict(zip("abcd", found.matrix[:, NAMES.index("account_others_count_all")].tolist(), strict=True))


def test_an_interaction_that_an_account_s_leads_share_counts_once() -> None:
    found = others(CUTOFF)
    assert [found[name] for name in "abc"] == [2, 1, 2]
    assert np.isnan(found["d"])


def test_of_a_shared_interaction_the_first_that_arrived_counts_for_the_others() -> None:
    """Anna's copy arrives first; Anna's own row waits for Carl's, a day later."""
    early = others(CUTOFF - 3 * DAY)
    assert [early[name] for name in "abc"] == [0, 1, 1]
    assert others(CUTOFF - 2 * DAY)["a"] == 1


def test_rows_of_shared_interactions_have_the_bits_of_the_single_lead() -> None:
    whole = histories(COMPANY)
    wanted = [(lead.lead_id, CUTOFF - days * DAY) for lead in COMPANY for days in range(4)]
    found = table.compute(whole, snapshots(wanted), CATALOGUE)
    for (lead_id, cutoff), row in zip(wanted, found.matrix, strict=True):
        assert same_bits(row, one.row(select.lead(whole, lead_id), cutoff, CATALOGUE))


def test_rows_come_in_the_order_of_the_snapshots() -> None:
    wanted = snapshots([("bert", CUTOFF), ("anna", CUTOFF), ("bert", CUTOFF - DAY), ("bert", CUTOFF)])
    found = table.compute(histories(COMPANY), wanted, CATALOGUE)
    assert found.snapshots.equals(wanted)
    assert found.matrix[:, NAMES.index("interactions_count_all")].tolist() == [2, 1, 1, 2]
    assert found.matrix.flags.c_contiguous


@pytest.mark.parametrize("rows", [1, 3, 7, 100])
def test_rows_computed_some_at_a_time_have_the_same_bits(rows: int) -> None:
    """Leads' snapshots lie apart, so that most slices hold one of each."""
    wanted = snapshots([(lead.lead_id, CUTOFF - age * DAY) for age in (9, 2, 0, 4, 11) for lead in COMPANY])
    whole = table.compute(histories(COMPANY), wanted, CATALOGUE).matrix
    slices = list(table.computed(histories(COMPANY), wanted, CATALOGUE, rows))
    assert {len(one) for one in slices[:-1]} <= {rows}
    assert same_bits(np.concatenate(slices), whole)


def test_no_snapshots_make_an_empty_matrix() -> None:
    found = table.compute(histories(COMPANY), snapshots([]), CATALOGUE)
    assert found.matrix.shape == (0, len(NAMES))


def test_histories_without_any_row_but_leads_have_features() -> None:
    bare = [LeadHistory("a", CUTOFF - DAY, "acme"), LeadHistory("b", CUTOFF, "acme")]
    found = table.compute(histories(bare), snapshots([("a", CUTOFF)]), CATALOGUE)
    assert found.matrix[0, NAMES.index("lead_age_days")] == 1
    assert found.matrix[0, NAMES.index("account_others_count_all")] == 0


def test_leads_that_the_export_does_not_have_are_named() -> None:
    message = (
        "snapshots: 2 are of leads that the export does not have, such as 'zoe', 'yann'; "
        "ask for leads of the export alone"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        table.compute(histories(COMPANY), snapshots([("anna", 1), ("zoe", 1), ("yann", 1)]), CATALOGUE)


def test_the_file_has_the_snapshots_then_the_features(tmp_path: Path) -> None:
    found = table.compute(histories(COMPANY), snapshots([("bert", CUTOFF), ("anna", CUTOFF)]), CATALOGUE)
    table.write(found, tmp_path / "features.parquet")
    read = pq.read_table(tmp_path / "features.parquet")
    assert read.column_names == ["lead_id", "cutoff", *NAMES]
    assert read["lead_id"].to_pylist() == ["bert", "anna"]
    matrix = np.column_stack([read[name].to_numpy() for name in NAMES])
    assert same_bits(np.ascontiguousarray(matrix), found.matrix)
    assert [path.name for path in tmp_path.iterdir()] == ["features.parquet"]


@pytest.mark.parametrize(("place", "problem"), [("folder", "is a folder"), ("file/f.parquet", "cannot be written")])
def test_a_place_that_cannot_be_written_is_named_and_left_clean(place: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    found = table.compute(histories(COMPANY), snapshots([("bert", CUTOFF)]), CATALOGUE)
    with pytest.raises(CallError, match=f"^{re.escape(f'{tmp_path / place}: {problem}')}"):
        table.write(found, tmp_path / place)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


def test_the_kernel_still_computes_what_its_catalogue_s_number_stands_for() -> None:
    """Raise MEANING in features/catalogue.py when these figures are meant to change, so that no old bundle is misread."""
    events = [
        Interaction(f"{n}", CUTOFF - (n * n + 1) * 3_600_000_000, kind, value=float(n), channel="web")
        for n, kind in enumerate(["mail", "reply", "pricing", "call", "zebra"] * 8)
    ]
    lead = LeadHistory("a", CUTOFF - 99 * DAY, "acme", interactions=tuple(events), account_interactions=tuple(events))
    row = one.row(lead, CUTOFF, CATALOGUE)
    start, sums = 0, {}
    for name, block in CATALOGUE.blocks.items():
        sums[name] = float(np.nansum(row[start : start + len(block)]))
        start += len(block)
    assert catalogue.MEANING == 2
    assert sums == pytest.approx(SUMS, rel=1e-9)
