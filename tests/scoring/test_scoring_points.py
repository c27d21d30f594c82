"""The table of points is the ledgers' totals."""

import pyarrow as pa
import pytest

from histories import select
from histories.contract import Histories
from histories.errors import DataError
from scoring import points
from scoring.ledger import ledger
from scoring.rulebook import Rulebook


def test_the_table_holds_each_ledgers_total_in_the_order_of_the_snapshots(histories: Histories, rulebook: Rulebook):
    leads = list(select.each(histories))[:80]
    ages = [0, 1, 86_400_000_000, 20 * 86_400_000_000, 90 * 86_400_000_000]
    pairs = [(lead, lead.created_at + age) for age in ages for lead in reversed(leads)]
    pairs += [  # just before and just after what fit and qualification go by is seen
        (lead, moment + late)
        for lead in leads
        for moment in [one.known_at for one in lead.attributes if one.known_at is not None]
        + [one.occurred_at for one in lead.interactions[:3]]
        for late in (0, 1)
    ]
    snapshots = pa.table({"lead_id": [lead.lead_id for lead, _ in pairs], "cutoff": [cutoff for _, cutoff in pairs]})
    totals = [ledger(rulebook, histories.families, lead, cutoff).total for lead, cutoff in pairs]
    table = points.table(rulebook, histories, snapshots)
    assert table.dtype == "int64"
    assert table.tolist() == totals
    assert len(set(totals)) > 50


def test_a_lead_that_is_not_in_the_histories_is_named(histories: Histories, rulebook: Rulebook):
    snapshots = pa.table({"lead_id": ["nobody", "L0001"], "cutoff": [1, 1]})
    with pytest.raises(DataError, match=r"^1 leads of the snapshots are not in the histories, such as 'nobody'$"):
        points.table(rulebook, histories, snapshots)


def test_no_snapshots_have_no_points(histories: Histories, rulebook: Rulebook):
    snapshots = pa.table({"lead_id": pa.array([], pa.string()), "cutoff": pa.array([], pa.int64())})
    assert points.table(rulebook, histories, snapshots).shape == (0,)
