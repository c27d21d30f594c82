"""The two real exports among the examples, against the figures that are published with them."""

from pathlib import Path

import pytest

from histories import clock, export
from histories.check import Check, check
from histories.contract import Stage

EXAMPLES = Path(__file__).parents[2] / "examples"
NOW = clock.parse("2026-01-01")
pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def bpic(real_data: Path) -> Check:
    return _check("bpic2012", real_data)


@pytest.fixture(scope="module")
def olist(real_data: Path) -> Check:
    return _check("olist", real_data)


def _check(name: str, folder: Path) -> Check:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEAD_SCORING_REAL_DATA", str(folder))
        return check(export.read(EXAMPLES / name / "crm.toml", NOW))


def test_bpic_2012_has_the_published_funnel(bpic: Check) -> None:
    """13,087 applications: 7,367 preaccepted, 5,113 accepted, 2,246 won, 399 still open at the end."""
    assert [(one.stage, one.leads) for one in bpic.funnel] == [
        (Stage.LEAD, 13_087),
        (Stage.MQL, 7_367),
        (Stage.SQL, 5_113),
        (Stage.CUSTOMER, 2_246),
    ]
    assert (bpic.open, bpic.customers, bpic.lost) == (399, 2_246, 10_442)
    days = {one.stage: one.median_days for one in bpic.funnel}
    assert days[Stage.SQL] == pytest.approx(0.24, abs=0.005)
    assert days[Stage.CUSTOMER] == pytest.approx(14.4, abs=0.05)


def test_bpic_2012_is_read_whole(bpic: Check) -> None:
    """262,200 events, none before its application's creation, nothing in the quarantine, every family in use."""
    assert (bpic.interactions, bpic.early_interactions, bpic.without_interactions) == (262_200, 0, 0)
    assert (bpic.reasons, len(bpic.kinds)) == ((), 36)
    assert clock.date(bpic.exported_at) == "2012-03-14"
    assert all(bpic.families.values())


def test_olist_has_leads_and_deals_and_hardly_a_history(olist: Check) -> None:
    assert (olist.leads, olist.interactions, olist.customers, olist.lost) == (8_000, 8_000, 842, 0)
    assert [(one.stage, one.leads, one.recorded) for one in olist.funnel] == [
        (Stage.LEAD, 8_000, 8_000),
        (Stage.MQL, 8_000, 8_000),
        (Stage.SQL, 842, 0),
        (Stage.CUSTOMER, 842, 842),
    ]
    assert olist.reasons == ()
    origin, _ = olist.attributes
    assert (origin.missing, origin.values) == (60, 10)
