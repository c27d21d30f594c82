"""A rulebook replayed over closed deals: what is looked at, what is said of rules, and of two books side by side."""

import io
import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console
from small_company import NOW, RULES, Company

from histories import clock, export
from histories.assemble import assemble
from histories.clock import DAY
from histories.contract import Families, Histories, Interaction, LeadHistory, Outcome, Stage, Target
from histories.errors import DataError
from scoring import rulebook
from training import backtest_report, recipe
from training.backtest import Backtest, Deals, backtest, deals
from training.bootstrap import Difference
from training.handed_over import handed_over
from training.lift import Pull

GOOD = """
name = "good"
[[engagement]]
rule = "Asked for a quote"
kinds = ["quote"]
points = 15
[[engagement]]
rule = "Asked for a quote, said again"
kinds = ["quo*"]
points = 1
[[engagement]]
rule = "Opened a mail"
kinds = ["open"]
points = 2
[[engagement]]
rule = "Came by"
kinds = ["visit"]
points = 5
[[fit]]
rule = "Asked for nothing"
attribute = "source"
in = ["post"]
points = -5
[stages]
mql = { points = 15 }
sql = { points = 30 }
"""


@pytest.fixture(scope="module")
def found(closed: Deals) -> Backtest:
    """Good rules against those of habit."""
    return backtest(closed, rulebook.parse(GOOD, "g.toml"), rulebook.parse(RULES, "r.toml"), draws=200)


def shown(one: Backtest) -> str:
    console = Console(width=100, record=True, file=io.StringIO())
    backtest_report.render(one, console)
    return console.export_text()


def test_only_snapshots_whose_outcome_is_known_are_looked_at(closed: Deals) -> None:
    for target, drawn in closed.drawn.items():
        rows = closed.mature(target)
        assert 0 < len(rows) < len(drawn.label)
        assert (drawn.cutoff[rows] + drawn.horizon_days * DAY <= closed.histories.exported_at).all()
        assert set(drawn.label[rows].tolist()) == {0, 1}
        assert (drawn.cutoff[closed.test(target)] >= closed.border).all()


def test_what_happened_after_the_last_look_changes_nothing(closed: Deals) -> None:
    """Each lead asks for ten quotes on the day of the export."""
    late = closed.histories.exported_at - 1
    ids = closed.histories.leads["lead_id"].to_pylist()
    schema = closed.histories.interactions.schema
    rows = [
        dict.fromkeys(schema.names)
        | {"lead_id": one, "interaction_id": f"late:{n}", "occurred_at": late, "kind": "quote"}
        for one in ids
        for n in range(10)
    ]
    more = pa.concat_tables([closed.histories.interactions, pa.Table.from_pylist(rows, schema=schema)])
    order = more.sort_by([("lead_id", "ascending"), ("occurred_at", "ascending"), ("interaction_id", "ascending")])
    book, later = (
        rulebook.parse(GOOD, "g.toml"),
        replace(closed, histories=replace(closed.histories, interactions=order)),
    )
    before, after = backtest(closed, book, None, draws=20), backtest(later, book, None, draws=20)
    assert repr((after.rules, after.whole)) == repr((before.rules, before.whole))  # nan is not equal to itself


def test_rules_are_told_apart_by_what_they_do(found: Backtest) -> None:
    by_name = {rule.name: rule.lifts[Target.CUSTOMER] for rule in found.rules}
    assert by_name["Asked for a quote"].pull is Pull.AS_MEANT
    assert by_name["Asked for a quote"].lift.value > 2
    assert by_name["Opened a mail"].pull is Pull.CANNOT_TELL
    assert by_name["Came by"].pull is by_name["Asked for nothing"].pull is Pull.NEVER
    assert [(pair.first, pair.second, pair.shared) for pair in found.overlaps] == [
        ("Asked for a quote", "Asked for a quote, said again", 1.0)
    ]


def test_points_the_other_way_round_pull_the_wrong_way(closed: Deals) -> None:
    book = rulebook.parse(GOOD.replace("points = 15\n[[", "points = -15\n[[", 1), "g.toml")
    found = backtest(closed, book, None, draws=200)
    assert found.rules[0].lifts[Target.CUSTOMER].pull is Pull.WRONG_WAY
    assert found.rules[0].given[Target.CUSTOMER] < 0
    assert "Pulls the wrong way for customer: “Asked for a quote”." in shown(found)


def test_points_for_what_matters_beat_points_for_what_does_not(found: Backtest) -> None:
    auc = found.whole[0]
    assert auc.name == "AUC of the points: customers"
    assert auc.new.value > 0.75
    assert 0.4 < auc.old.value < 0.6
    assert auc.apart.value == pytest.approx(auc.new.value - auc.old.value)
    assert auc.apart.low > 0.1
    assert backtest_report.conclusion(found).startswith("The new rulebook is better: so say ")


def few(found: Backtest, customers: int, sql: int) -> Backtest:
    return replace(found, test_conversions={Target.CUSTOMER: customers, Target.SQL: sql})


def test_the_conversions_that_verdicts_rest_on_are_those_of_the_test(found: Backtest, closed: Deals) -> None:
    for target, drawn in closed.drawn.items():
        rows = closed.test(target)
        leads = {int(lead) for lead, label in zip(drawn.lead[rows], drawn.label[rows], strict=True) if label == 1}
        assert found.test_conversions[target] == len(leads) >= 50


def test_of_fewer_than_fifty_conversions_no_rulebook_is_better(found: Backtest) -> None:
    scarce = few(found, customers=1, sql=49)
    assert backtest_report.conclusion(scarce) == (
        "Cannot tell for customer: the test holds 1 converted lead, and it takes 50 to tell two rulebooks apart. "
        "Cannot tell for sql: the test holds 49 converted leads, and it takes 50 to tell two rulebooks apart."
    )
    text = " ".join(shown(scarce).split())
    assert "(1 lead became a customer, 49 leads became sql), which" in text
    assert "is better" not in text
    assert "new is better" in shown(found)


def test_the_target_with_enough_conversions_is_judged_alone(found: Backtest) -> None:
    assert backtest_report.conclusion(few(found, customers=49, sql=50)) == (
        "Cannot tell for customer: the test holds 49 converted leads, and it takes 50 to tell two rulebooks apart. "
        "For sql, the new rulebook is better: so say 2 of the 2 figures that should be high, and none says that it is worse."
    )


def test_how_much_work_is_handed_over_is_told_without_conversions(found: Backtest) -> None:
    """Leads a week at a stage count no conversions."""
    more = replace(found.whole[4], apart=Difference(2.0, 1.0, 3.0))
    assert (more.unit, more.target) == ("leads", None)
    assert re.search(
        r"Leads a week that reach mql .*\+2\.0 \(\+1\.0 to \+3\.0\) +more",
        shown(few(replace(found, whole=(more,)), customers=0, sql=0)),
    )


def test_what_one_rulebook_is_worth_is_told_of_a_target_with_enough_conversions(closed: Deals) -> None:
    found = backtest(closed, rulebook.parse(GOOD, "g.toml"), None, draws=50)
    auc = found.whole[1].new
    assert backtest_report.conclusion(found).startswith("Of a lead that became a customer and one that did not, these")
    assert backtest_report.conclusion(few(found, customers=3, sql=50)) == (
        "Cannot tell for customer: the test holds 3 converted leads, and it takes 50 to tell points from chance. "
        "Of a lead that became sql and one that did not, these points ranked the first higher "
        f"{auc.value:.0%} of the time ({auc.low:.0%} to {auc.high:.0%})."
    )
    assert backtest_report.conclusion(few(found, customers=3, sql=1)) == (
        "Cannot tell for customer: the test holds 3 converted leads, and it takes 50 to tell points from chance. "
        "Cannot tell for sql: the test holds 1 converted lead, and it takes 50 to tell points from chance."
    )


def test_a_rulebook_beside_itself_differs_in_nothing(closed: Deals) -> None:
    book = rulebook.parse(GOOD, "g.toml")
    found = backtest(closed, book, book, draws=50)
    assert {(one.apart.value, one.apart.low, one.apart.high) for one in found.whole} == {(0.0, 0.0, 0.0)}
    assert backtest_report.conclusion(found) == (
        "These deals cannot tell which of the two rulebooks is better: each difference that matters may be luck."
    )


def test_the_same_seed_gives_the_same_intervals(closed: Deals) -> None:
    book = rulebook.parse(RULES, "r.toml")
    first, second = (backtest(closed, book, None, draws=30) for _ in range(2))
    assert (first.rules, first.whole) == (second.rules, second.whole)


def test_the_report_fits_into_100_columns_and_says_what_stands_out(found: Backtest) -> None:
    text = shown(found)
    assert max(map(len, text.splitlines())) <= 100
    assert "Never fires: “Came by”, “Asked for nothing”." in text
    assert re.search(
        r"Asked for a quote +15 +\d+\.\d +\d+ +\d+\.\d% +\d+\.\d% +\d\.\d\d \(\d\.\d\d to \d\.\d\d\) as meant", text
    )
    assert "Leads a week that reach mql" in text


def test_a_rulebook_without_stages_hands_nobody_over(closed: Deals) -> None:
    book = rulebook.parse(GOOD.partition("[stages]")[0], "g.toml")
    found = backtest(closed, book, None, draws=20)
    assert [figure.unit for figure in found.whole] == ["auc", "auc", "share", "share"]


def test_beside_a_rulebook_with_stages_one_without_has_a_dash(closed: Deals) -> None:
    book = rulebook.parse(GOOD.partition("[stages]")[0], "g.toml")
    found = backtest(closed, book, rulebook.parse(RULES, "r.toml"), draws=20)
    assert [figure.name for figure in found.whole if figure.unit == "leads"] == [
        "Leads a week that reach mql",
        "Leads a week that reach sql",
    ]
    assert re.search(r"Leads a week that reach mql +– +\d+\.\d +– +cannot tell", shown(found))
    assert re.search(
        r"Leads a week that reach mql +\d+\.\d +– +– +cannot tell",
        shown(backtest(closed, rulebook.parse(RULES, "r.toml"), book, draws=20)),
    )


def test_what_a_rule_gives_is_told_of_the_snapshots_of_each_target(company: Company) -> None:
    """A mail opened gives 2 points each: by hand, opens before the cutoff over snapshots with any."""
    histories, settings = export.read(company.crm, NOW).histories, recipe.read(company.recipe)
    closed = deals(histories, replace(settings, horizons={Target.CUSTOMER: 30, Target.SQL: 90}))
    found = backtest(closed, rulebook.parse(GOOD, "g.toml"), None, draws=2)
    opens = dict[str, list[int]]()
    for row in histories.interactions.select(["lead_id", "occurred_at", "kind"]).to_pylist():
        if row["kind"] == "open":
            opens.setdefault(row["lead_id"], []).append(row["occurred_at"])
    means = []
    for target, drawn in closed.drawn.items():
        table = drawn.table.take(closed.mature(target))
        pairs = zip(table["lead_id"].to_pylist(), table["cutoff"].to_pylist(), strict=True)
        counts = [sum(at < cutoff for at in opens.get(lead_id, [])) for lead_id, cutoff in pairs]
        means.append(200 * sum(counts) / sum(count > 0 for count in counts))
        assert found.rules[2].given[target] == pytest.approx(means[-1])
    assert means[0] != means[1]


def lead(name: str, prices: list[int], customer: int | None = None) -> LeadHistory:
    outcomes = () if customer is None else (Outcome(Stage.CUSTOMER, customer * DAY),)
    visits = tuple(Interaction(f"{name}{day}", day * DAY, "open") for day in prices)
    return LeadHistory(name, 0, interactions=visits, outcomes=outcomes)


def company_of(*leads: LeadHistory) -> Histories:
    return assemble(leads, exported_at=100 * DAY, families=Families({}))


def test_leads_are_handed_over_once_when_they_first_get_there_and_are_open() -> None:
    """From day 20 to day 90: 10 weeks. mql is one open, sql three."""
    histories = company_of(
        lead("before", [10]),
        lead("won", [30], customer=39),
        lead("won too late", [30, 31, 32], customer=45),
        lead("customer already", [50], customer=40),
        lead("twice", [60, 61]),
        lead("too new", [95]),
        lead("customer long ago", [21], customer=5),
    )
    found = handed_over(rulebook.parse(RULES, "r.toml"), histories, 10, 20 * DAY)
    ones = np.ones((1, len(found.group)))
    assert found.weeks == 10
    assert found.per_week(0, ones).tolist() == [0.3]
    assert found.share(0, ones).tolist() == pytest.approx([1 / 3])
    assert found.per_week(1, ones).tolist() == [0.1]
    assert found.share(1, ones).tolist() == [0.0]


def test_deals_that_cannot_be_judged_say_so(company: Company) -> None:
    histories = export.read(company.crm, NOW).histories
    none = replace(histories, outcomes=histories.outcomes.slice(0, 0))
    with pytest.raises(DataError, match=r"^target customer: no lead of the closed deals converted within 30 days"):
        deals(none, recipe.read(company.recipe))
    late = replace(recipe.read(company.recipe), test_from=clock.parse("2025-04-30"), test_share=None)
    with pytest.raises(DataError, match=r"^target customer: no mature snapshot lies in the test; move test_from back"):
        deals(histories, late)
