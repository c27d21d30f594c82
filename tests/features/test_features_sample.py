"""On the sample export there are the columns that were promised, and both drivers say the same."""

from pathlib import Path

from feature_histories import same_bits, snapshots

from features import one, table
from features.catalogue import build
from histories import export, sample, select
from histories.clock import DAY, parse


def test_the_sample_has_three_hundred_columns_and_equal_rows_in_both_drivers(tmp_path: Path) -> None:
    sample.write(tmp_path, leads=600, months=12, seed=1)
    whole = export.read(tmp_path / "crm.toml", now=parse("2030-01-01")).histories
    ids = whole.leads["lead_id"].to_pylist()
    catalogue = build(whole, ids, until=whole.exported_at)
    assert len(catalogue.features) >= 300

    histories = list(select.each(whole))[::10]
    wanted = [(lead.lead_id, lead.created_at + 30 * DAY) for lead in histories]
    found = table.compute(whole, snapshots(wanted), catalogue)
    for lead, (_, cutoff), row in zip(histories, wanted, found.matrix, strict=True):
        assert same_bits(row, one.row(lead, cutoff, catalogue)), lead.lead_id
