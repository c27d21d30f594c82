"""What is read back is what memory would have made of the same rows, at every watermark, to the last bit."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from store_cases import AnyRow, Memory, add, batches, emptied, load, same

from features import table
from features.catalogue import Catalogue
from histories import export, sample, select
from histories import store as stores
from histories.contract import Interaction, LeadHistory
from histories.errors import DataError
from histories.store import InteractionRow, LeadRow, Store

theorem = settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@theorem
@given(batches=batches(), exported_at=st.integers(0, 60), data=st.data())
def test_the_store_is_what_memory_makes_of_the_first_rows_at_each_watermark(
    opened: Store, batches: list[list[AnyRow]], exported_at: int, data: st.DataObject
) -> None:
    emptied(opened)
    memory, wanted = Memory(), [Memory().histories(exported_at)]
    for rows in batches:
        assert add(opened, rows) == tuple(map(memory.add, rows))
        wanted.append(memory.histories(exported_at))
    assert opened.watermark() == len(batches)
    assert same(stores.histories(opened, exported_at), wanted[-1])
    watermark = data.draw(st.integers(0, len(batches)))
    assert same(stores.histories(opened, exported_at, watermark), wanted[watermark])


@theorem
@given(batches=batches())
def test_one_lead_is_read_as_it_is_selected_from_all(opened: Store, batches: list[list[AnyRow]]) -> None:
    emptied(opened)
    for rows in batches:
        add(opened, rows)
    for watermark in range(opened.watermark() + 1):
        everything = stores.histories(opened, 100, watermark)
        for lead_id in everything.leads["lead_id"].to_pylist():
            assert repr(stores.lead(opened, lead_id, watermark)) == repr(select.lead(everything, lead_id))


def test_a_lead_that_comes_after_its_interactions_has_them(opened: Store) -> None:
    opened.add_interactions([InteractionRow("a", Interaction("i", 3, "call"))], 5)
    with pytest.raises(DataError, match=r"^the store knows no lead 'a' at watermark 1$"):
        stores.lead(opened, "a")
    opened.add_leads([LeadRow("a", 1)], 6)
    assert stores.lead(opened, "a") == LeadHistory("a", 1, interactions=(Interaction("i", 3, "call"),))


def test_a_watermark_that_the_store_has_not_come_to_is_refused(opened: Store) -> None:
    opened.add_leads([LeadRow("a", 1)], 6)
    with pytest.raises(DataError, match=r"^watermark 2 is none of this store's; it has 0 to 1$"):
        stores.histories(opened, 9, 2)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> export.Export:
    """A sample of 150 leads, read as an export."""
    folder: Path = tmp_path_factory.mktemp("sample")
    sample.write(folder, 150, months=6, seed=3)
    return export.read(folder / "crm.toml", now=4_000_000_000_000_000)


def test_a_sample_has_the_features_of_its_export_bit_for_bit(opened: Store, exported: export.Export) -> None:
    given = exported.histories
    load(opened, given)
    found = stores.histories(opened, given.exported_at)
    assert found.interactions.num_rows > 1_000
    assert same(found, given)
    catalogue = Catalogue(("email_open", "email_click"), given.families, (), given.timezone)
    cutoffs = pa.array([given.exported_at] * given.leads.num_rows, pa.int64())
    snapshots = pa.table({"lead_id": given.leads["lead_id"], "cutoff": cutoffs})
    one, other = (table.compute(of, snapshots, catalogue, threads=1).matrix for of in (found, given))
    assert np.array_equal(one.view(np.uint64), other.view(np.uint64))
