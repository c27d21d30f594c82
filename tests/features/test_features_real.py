"""On real histories: both drivers say the same, and the oracle agrees."""

import os
from pathlib import Path

import numpy as np
import pytest
from feature_histories import same_bits, snapshots
from feature_oracle import row as oracle_row

from features import one, table
from features.catalogue import build
from histories import export, select
from histories.clock import DAY, HOUR, parse

EXAMPLE = Path(__file__).parents[2] / "examples" / "bpic2012" / "crm.toml"


@pytest.mark.real_data
def test_two_hundred_loan_applications_have_the_same_row_alone_and_in_the_table(
    real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAD_SCORING_REAL_DATA", os.fspath(real_data.resolve()))
    whole = export.read(EXAMPLE, now=parse("2026-01-01")).histories
    ids = whole.leads["lead_id"].to_pylist()
    catalogue = build(whole, ids[:8000], until=parse("2012-01-27"))
    assert len(catalogue.features) >= 300

    chosen = np.random.default_rng(2012).choice(len(ids), 200, replace=False)
    created = dict(zip(ids, whole.leads["created_at"].to_pylist(), strict=True))
    ages = (1, HOUR, DAY, 3 * DAY, 7 * DAY, 40 * DAY)
    wanted = [(ids[place], created[ids[place]] + ages[n % len(ages)]) for n, place in enumerate(chosen.tolist())]
    found = table.compute(whole, snapshots(wanted), catalogue)

    histories = {lead.lead_id: lead for lead in select.each(whole)}
    for n, ((lead_id, cutoff), row) in enumerate(zip(wanted, found.matrix, strict=True)):
        assert same_bits(row, one.row(histories[lead_id], cutoff, catalogue)), lead_id
        if n % 10 == 0:
            expected = oracle_row(histories[lead_id], cutoff, catalogue)
            assert row == pytest.approx([float(expected[name]) for name in catalogue.names], rel=1e-9, nan_ok=True)
