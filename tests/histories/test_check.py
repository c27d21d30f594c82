"""The report on an export: figures that one can count by hand, and hints that name what to do."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from histories import check_report, clock, export
from histories.check import Check, check
from histories.contract import Stage
from histories.hints import hints

NOW = clock.parse("2030-01-01")
CONFIG = """
exported_at = 2020-12-31
max_bad_share = 0.5
[leads]
file = "leads.csv"
lead_id = "id"
created_at = "created"
account_id = "company"
[leads.attributes]
industry = "category"
staff = "number"
fax = "category"

[[interactions]]
file = "touches.csv"
lead_id = "lead"
occurred_at = "at"
kind = "{what}"

[[outcomes]]
file = "stages.csv"
lead_id = "lead"
stage = "{stage}"
reached_at = "at"

[families]
two_way = ["reply"]
intent = ["pricing*"]
"""
LEADS = """id,created,company,industry,staff,fax
a,2020-01-01,x,retail,10,
b,2020-01-01,x,retail,20,
c,2020-01-01,y,,,
d,2020-01-01,,it,30,
"""
TOUCHES = "lead,at,what\na,2020-01-02,reply\na,2020-01-03,mail\na,2020-01-03,mail\nb,2020-01-02,mail\nc,2019-12-31,mail\nd,soon,mail\n"
STAGES = (
    "lead,at,stage\na,2020-01-03,sql\na,2020-01-11,customer\nb,2020-01-05,mql\nc,2020-01-03,mql\nc,2020-01-04,lost\n"
)


@pytest.fixture
def checked(tmp_path: Path) -> Check:
    for name, text in {"crm.toml": CONFIG, "leads.csv": LEADS, "touches.csv": TOUCHES, "stages.csv": STAGES}.items():
        (tmp_path / name).write_text(text)
    return check(export.read(tmp_path / "crm.toml", NOW, tmp_path / "bad.csv"))


def test_leads_are_open_won_or_lost(checked: Check) -> None:
    assert (checked.leads, checked.open, checked.customers, checked.lost) == (4, 2, 1, 1)
    assert (checked.accounts, checked.shared_accounts, checked.without_interactions) == (2, 1, 1)


def test_the_funnel_counts_who_ever_reached_a_stage_or_a_later_one(checked: Check) -> None:
    """Mql: a by its sql on day 2, b on day 4, c on day 2 although it was lost later. No one has an opportunity."""
    assert [(one.stage, one.leads, one.recorded, one.median_days) for one in checked.funnel] == [
        (Stage.LEAD, 4, 4, 0.0),
        (Stage.MQL, 3, 2, 2.0),
        (Stage.SQL, 1, 1, 2.0),
        (Stage.CUSTOMER, 1, 1, 10.0),
    ]


def test_kinds_are_counted_with_their_families(checked: Check) -> None:
    """The third mail repeats the second row for row; d's has no time."""
    assert [(one.kind, one.interactions, one.leads, one.families) for one in checked.kinds] == [
        ("mail", 3, 3, ()),
        ("reply", 1, 1, ("two_way",)),
    ]
    assert checked.families == {"two_way": 1, "intent": 0}
    assert (checked.first, checked.last) == (clock.parse("2019-12-31"), clock.parse("2020-01-03"))
    assert (checked.early_interactions, checked.early_outcomes) == (1, 0)


def test_attributes_are_described(checked: Check) -> None:
    industry, staff, fax = checked.attributes
    assert (industry.missing, industry.values, industry.median) == (1, 2, None)
    assert (staff.missing, staff.values, staff.low, staff.median, staff.high) == (1, None, 10.0, 20.0, 30.0)
    assert (fax.missing, fax.values) == (4, 0)


def test_reasons_are_counted_with_their_first_line(checked: Check) -> None:
    ((source, rows, line),) = [(one.source, one.rows, one.first_line) for one in checked.reasons]
    assert (source, rows, line) == ("interactions/touches", 1, 7)


def test_hints_say_what_to_look_at(checked: Check) -> None:
    assert hints(checked) == (
        "Only 1 lead became a customer: figures will be rough, and points may well do better than a model.",
        "1 kind belongs to no family: mail.",
        "Family intent has no interactions: its patterns match no kind.",
        "25% of the leads have no interaction: is a source missing?",
        "25% of the interactions lie before their lead's creation: is created_at the right column?",
        "Attribute fax is empty for all of the leads.",
    )


@pytest.mark.parametrize("width", [80, 100])
def test_the_report_fits_the_terminal_and_says_everything(checked: Check, width: int) -> None:
    out = io.StringIO()
    check_report.render(checked, Console(file=out, width=width))
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= max(width, len(str(checked.quarantine_path)) + 40)
    flat = " ".join(text.split())
    for expected in (
        "4: 2 open, 1 customers, 1 lost",
        "4, 2019-12-31 to 2020-01-03 (3 days)",
        "interactions/touches 6 4 1 1",
        "customer 1 25.0% 100.0% 10.0",
        "reply 1 1 two_way",
        "staff number 25.0% – 10 to 30, median 20",
        f"in {checked.quarantine_path}",
        "1 kind belongs to no family: mail.",
    ):
        assert expected in flat


def test_an_export_without_anything_has_a_report_too(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("id,created\n")
    (tmp_path / "crm.toml").write_text(
        'exported_at = 2020-01-01\n[leads]\nfile = "leads.csv"\nlead_id = "id"\ncreated_at = "created"\n'
    )
    empty = check(export.read(tmp_path / "crm.toml", NOW))
    out = io.StringIO()
    check_report.render(empty, Console(file=out, width=80))
    assert "0: 0 open, 0 customers, 0 lost" in out.getvalue()
    assert "leads/leads has no rows." in out.getvalue()
