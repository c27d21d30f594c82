"""The leakage audit on companies with a planted leak: it is named, and what is honest or left to chance is not."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from features.catalogue import Catalogue
from features.feature import AttributeSpec
from histories import clock, export, sample
from histories.assemble import assemble
from histories.clock import DAY, HOUR
from histories.contract import (
    Attribute,
    AttributeType,
    Families,
    Histories,
    Interaction,
    LeadHistory,
    Outcome,
    Stage,
    Target,
)
from histories.errors import CallError, DataError
from training import leak_columns, leak_view, leakage, leakage_report, recipe
from training.fit import ask, catalogue_of
from training.leak_auc import dealt
from training.leak_bounds import deviations
from training.leak_finding import Probe, Verdict
from training.leak_view import View, drawn, view
from training.leakage import Audit
from training.recipe import Age
from training.sides import Lives
from training.snapshots import Snapshots
from training.split import everything

PLAN = recipe.parse(
    '[targets.customer]\nhorizon_days = 20\n[snapshots]\nages = ["1d", "5d"]\n[split]\ntest_share = 0.25', "recipe.toml"
)
NOTHING = "Nothing in the export tells the answer."


@dataclass(frozen=True, slots=True)
class Fate:
    """A lead's creation and end, and chance for what goes by neither."""

    created: int
    won: bool
    lost: bool
    random: np.random.Generator

    def either(self, *texts: str) -> str:
        return str(self.random.choice(texts))


Planted = tuple[Sequence[Attribute], Sequence[Interaction]]
Plant = Callable[[Fate], Planted]


def company(plant: Plant, leads: int = 800, share: float = 0.3) -> Iterator[LeadHistory]:
    """A demo request doubles the chance to buy; half of those that do not are lost. `plant` adds what leaks."""
    random = np.random.default_rng(5)
    for number in range(leads):
        created = 300 * DAY * number // leads
        demo = bool(random.random() < 0.4)
        won = bool(random.random() < share * (1.4 if demo else 0.7))
        lost = not won and bool(random.random() < 0.5)
        attributes, interactions = plant(Fate(created, won, lost, random))
        visits = [Interaction("visit", created + HOUR, "visit")]
        end = created + 6 * DAY + int(random.integers(10 * DAY))
        yield LeadHistory(
            f"{number:05d}",
            created,
            attributes=(Attribute("industry", str(random.choice(["bank", "shop"]))), *attributes),
            interactions=(*visits, *([Interaction("demo", created + HOUR, "demo")] if demo else ()), *interactions),
            outcomes=(Outcome(Stage.CUSTOMER if won else Stage.LOST, end),) if won or lost else (),
        )


def audited(plant: Plant, leads: int = 800, share: float = 0.3) -> Audit:
    histories = assemble(company(plant, leads, share), exported_at=330 * DAY)
    questions, border = ask(histories, PLAN)
    return leakage.audit(histories, questions, catalogue_of(histories, questions, border, ()), PLAN.seed)


def stopped(audit: Audit) -> set[tuple[str, str]]:
    return {(one.field, one.probe.value) for one in audit.blocking}


def nothing(fate: Fate) -> Planted:  # noqa: ARG001
    return [], []


def test_an_honest_company_has_nothing_to_stop_or_to_look_at() -> None:
    audit = audited(nothing)
    assert (audit.blocking, audit.looks, audit.notes) == ((), (), ())
    assert (audit.stops_promotion, audit.why) == (False, NOTHING)
    assert {one.field for one in audit.findings} > {"industry", "kind:demo", "kind:visit", "interactions"}


def test_a_field_without_a_date_that_mirrors_the_end_is_named_and_nothing_else() -> None:
    def plant(fate: Fate) -> Planted:
        return [Attribute("phase", "won" if fate.won else "gone" if fate.lost else "open")], []

    audit = audited(plant)
    assert stopped(audit) == {("phase", "value"), ("phase", "end")}
    assert {one.target for one in audit.blocking if one.probe is Probe.END} == {None, Target.CUSTOMER}
    assert audit.looks == ()
    assert audit.why.startswith("phase may tell the answer: phase: it has no date, and tells which leads stood as ")


def test_a_field_that_only_those_who_were_lost_have_is_named_by_being_filled_in() -> None:
    """A third of the lost have it: too few for an AUC above .95, but nobody else has it at all."""

    def plant(fate: Fate) -> Planted:
        return [
            Attribute("refusal", fate.either("price", "time"))
        ] if fate.lost and fate.random.random() < 0.5 else [], []

    found = audited(plant, leads=3000)
    assert stopped(found) == {("refusal", "only")}
    (one,) = found.blocking
    assert one.figure == 1.0
    assert one.sentence.startswith(
        "it has no date, and 100.0% of the leads where it is filled in stood as lost when the export was taken"
    )


def test_an_amount_that_only_won_deals_have_is_named() -> None:
    def plant(fate: Fate) -> Planted:
        return [Attribute("invoice", float(fate.random.integers(100, 900)) if fate.won else None)], []

    assert {field for field, _ in stopped(audited(plant))} == {"invoice"}


def test_a_dated_field_with_the_date_of_the_creation_is_named_too() -> None:
    """The export gave every value the day of the lead's creation: a date that is no date."""

    def plant(fate: Fate) -> Planted:
        return [Attribute("phase", "won" if fate.won else "open", known_at=fate.created)], []

    assert stopped(audited(plant)) == {("phase", "value")}


def test_a_field_that_is_dated_truly_is_not_named() -> None:
    def plant(fate: Fate) -> Planted:
        return [Attribute("phase", "won" if fate.won else "gone", known_at=fate.created + 17 * DAY)], []

    assert audited(plant).why == NOTHING


def test_a_kind_that_was_dated_back_is_named_and_its_family_is_not() -> None:
    def plant(fate: Fate) -> Planted:
        return [], [Interaction("signed", fate.created + HOUR, "contract_signed")] if fate.won else []

    assert {field for field, _ in stopped(audited(plant))} == {"kind:contract_signed"}


def test_a_kind_that_half_of_those_who_buy_have_and_nobody_else_is_named() -> None:
    """Half of them alone make an AUC of .75: what tells is that everybody who has it buys."""

    def plant(fate: Fate) -> Planted:
        signed = fate.won and fate.random.random() < 0.5
        return [], [Interaction("signed", fate.created + HOUR, "contract_signed")] if signed else []

    audit = audited(plant, leads=2500)
    assert stopped(audit) == {("kind:contract_signed", "only")}
    assert audit.blocking[0].sentence.startswith(
        "leads that have it become customer within 20 days: 100.0% of them do, at least 9"
    )


@pytest.mark.parametrize(("exceptions", "found"), [(0.0, {("kind:contract_signed", "only")}), (0.2, set())])
def test_where_few_of_many_negatives_are_looked_at_those_who_have_it_are_counted(
    exceptions: float, found: set[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind each negative that is drawn stand a dozen: the sample alone cannot tell that nobody else has it."""
    monkeypatch.setattr(leak_view, "MOST_NEGATIVES", 150)

    def plant(fate: Fate) -> Planted:
        signed = fate.random.random() < (0.5 if fate.won else exceptions / 5)
        return [], [Interaction("signed", fate.created + HOUR, "contract_signed")] if signed else []

    assert stopped(audited(plant, leads=2500)) == found


def test_a_kind_that_comes_with_the_outcome_alone_is_reported_and_stops_nothing() -> None:
    """Every customer's invoice is dated after the last outcome there can be: 16 days after creation."""

    def plant(fate: Fate) -> Planted:
        return [], [Interaction("invoice", fate.created + 17 * DAY, "invoice")] if fate.won else []

    audit = audited(plant)
    assert (audit.blocking, audit.looks) == ((), ())
    (kind, after) = sorted(audit.notes, key=lambda one: one.field, reverse=True)
    assert (kind.field, after.field) == ("kind:invoice", "interactions")
    assert kind.figure == after.figure > 200
    assert after.sentence == (
        f"{after.figure:,.0f} interactions of {after.figure:,.0f} leads lie after the lead became a customer or was "
        "lost, which no snapshot taken before sees"
    )


def test_two_fields_that_tell_only_together_are_found_by_what_a_small_model_lives_on() -> None:
    """Whoever bought has both, whoever did not has one of the two: each alone is right for three of four pairs."""

    def plant(fate: Fate) -> Planted:
        half = bool(fate.random.random() < 0.5)
        return [Attribute("a", str(fate.won or half)), Attribute("b", str(fate.won or not half))], []

    audit = audited(plant, leads=2000)
    assert {one.probe for one in audit.blocking} == {Probe.GAIN}
    assert {one.field for one in audit.blocking} <= {"a", "b"}


def test_a_field_whose_name_tells_that_it_changes_asks_for_a_look() -> None:
    def plant(fate: Fate) -> Planted:
        return [Attribute("Lead Status", fate.either("a", "b"))], []

    audit = audited(plant)
    assert [(one.field, one.probe) for one in audit.looks] == [("Lead Status", Probe.UNDATED)]
    assert audit.why == "Nothing in the export tells the answer. Look at Lead Status."


def test_a_field_that_the_newest_leads_do_not_have_yet_asks_for_a_look() -> None:
    def plant(fate: Fate) -> Planted:
        there = fate.created < 180 * DAY and fate.random.random() < 0.9
        return [Attribute("size", float(fate.random.integers(9)))] if there else [], []

    (look,) = audited(plant).looks
    assert (look.field, look.probe) == ("size", Probe.UNDATED)
    assert look.sentence.endswith("it seems to be filled in later")


def test_ten_conversions_stop_nothing_even_where_a_field_tells_them_all() -> None:
    """Of 500 leads about ten convert, none is lost: that the field tells each of them may be chance, says the bound."""

    def plant(fate: Fate) -> Planted:
        return [Attribute("code", 1.0 if fate.won else 0.0)], []

    assert audited(plant, leads=500, share=0.02).blocking == ()


SPECS = (
    AttributeSpec("id", AttributeType.CATEGORY, tuple(map(str, range(150)))),
    *(AttributeSpec(f"x{number}", AttributeType.NUMBER) for number in range(20)),
)
FIELDS = Catalogue((), Families({}), SPECS, "UTC")


def honest(conversions: int, draw: np.random.Generator) -> View:
    """300 leads with amounts of which a quarter tell something (AUC .8), and a category that two leads share each."""
    group, positive = np.arange(300), np.arange(300) < conversions
    matrix = np.zeros((300, len(FIELDS.features)))
    for column, feature in enumerate(FIELDS.features):
        if feature.signal == "attribute:id":
            matrix[:, column] = draw.permutation(300) // 2
        elif feature.signal.startswith("attribute:"):
            tells = int(feature.signal.removeprefix("attribute:x")) % 4 == 0
            matrix[:, column] = draw.normal(size=300) + (1.19 if tells else 0.0) * positive
    none = np.zeros(300, dtype=np.bool_)
    return View(Target.CUSTOMER, 30, FIELDS, group, matrix, positive, group, dealt(group), none, none, 1.0)


@pytest.mark.parametrize("conversions", [3, 10, 30])
def test_among_many_honest_fields_few_conversions_give_no_false_alarm(conversions: int) -> None:
    draw = np.random.default_rng(11)
    verdicts = [
        one.verdict
        for _ in range(12)
        for one in leak_columns.findings(honest(conversions, draw), deviations(len(SPECS)))
    ]
    assert Verdict.BLOCK not in verdicts
    assert verdicts.count(Verdict.LOOK) <= 1


def test_a_share_is_that_of_all_snapshots_where_those_that_convert_are_drawn_too() -> None:
    """7,000 convert and 12,000 do not; 3,000 and 6,000 are looked at. Half of those that convert have something."""
    label = (np.arange(19_000) < 7000).astype(np.int8)
    number, whole = np.arange(19_000), np.zeros(19_000, dtype=np.int64)
    snapshots = Snapshots(
        target=Target.CUSTOMER,
        horizon_days=1,
        ages=(Age("1d", DAY),),
        exported_at=9 * DAY,
        table=pa.table({"lead_id": pa.array(number.astype(str)), "cutoff": pa.array(whole + DAY)}),
        lead=number,
        group=number,
        age=whole,
        answer=label,
        known_at=whole + 2 * DAY,
        lives=Lives(group=number, first=whole + DAY, last=whole + DAY, draw=whole.astype(np.uint64)),
    )
    split = everything(snapshots)
    rows = drawn(snapshots, split, seed=1)
    assert len(rows) == 9000
    found = view(snapshots, split, FIELDS, rows, np.zeros((9000, len(FIELDS.features))))
    assert leak_columns.base(found) == pytest.approx(7 / 19)
    share, _ = leak_columns.sure(found, rows % 2 == 0, deviations(100))
    assert share == pytest.approx(7 / 19, abs=0.02)


@cache
def leaky() -> Audit:
    def plant(fate: Fate) -> Planted:
        return [Attribute("phase", "won" if fate.won else "gone" if fate.lost else "open")], [
            Interaction("signed", fate.created + HOUR, "contract signed")
        ] if fate.won else []

    return audited(plant)


def test_what_stops_is_told_with_field_figure_and_what_to_do() -> None:
    with pytest.raises(DataError) as caught:
        leakage.refuse(leaky())
    first, kind, phase, advice = str(caught.value).splitlines()
    assert first == "the leakage audit stops the training: kind:contract signed, phase would tell the answer"
    assert re.fullmatch(r"  kind:contract signed: .+ \(AUC 1\.000, at least 0\.\d{3}\)", kind)
    assert re.fullmatch(r"  phase: .+ \(AUC 1\.000.*, at least 0\.\d{3}\)", phase)
    assert advice == (
        "Take phase out of crm.toml, or give the values their dates with [[attributes]] and known_at. Leave "
        "kind:contract signed out of [[interactions]] with where, or correct occurred_at and received_at there. Where "
        "you know better, train with --allow-leak 'kind:contract signed' --allow-leak phase; that is kept with the run."
    )


def test_allowed_fields_stop_nothing_and_are_told() -> None:
    found = leaky()
    partly = found.allow(["phase"])
    assert (partly.stops_promotion, {one.field for one in partly.blocking}) == (True, {"kind:contract signed"})
    wholly = partly.allow(["kind:contract signed"])
    leakage.refuse(wholly)
    assert not wholly.stops_promotion
    assert wholly.why.startswith("Nothing else than kind:contract signed, phase (allowed) may tell the answer.")
    rows = leakage_report.table(wholly).to_pylist()
    assert {row["field"] for row in rows if row["allowed"]} == {"kind:contract signed", "phase"}
    with pytest.raises(CallError) as caught:
        found.allow(["fase"])
    assert str(caught.value) == (
        "--allow-leak fase: nothing of that name is looked at; name an attribute as crm.toml does, a kind as "
        "kind:NAME, or model; did you mean 'phase'?"
    )


@pytest.mark.parametrize(
    ("auc", "low", "verdict"),
    [
        (0.84, 0.82, Verdict.CLEAR),
        (0.9, 0.87, Verdict.LOOK),
        (0.97, 0.94, Verdict.BLOCK),
        (0.97, 0.84, Verdict.LOOK),
        (1.0, 0.6, Verdict.CLEAR),
    ],
)
def test_a_whole_model_is_judged_by_its_auc_and_its_bound(auc: float, low: float, verdict: Verdict) -> None:
    audit = Audit((), frozenset({"model"})).with_model(Target.SQL, auc, low)
    assert [one.verdict for one in audit.findings] == [verdict]
    assert audit.stops_promotion == (verdict is Verdict.BLOCK)
    assert not audit.allow(["model"]).stops_promotion
    if audit.stops_promotion:
        assert audit.why == (
            f"Too good to be true: the model's AUC on the test for sql is {auc:.3f}, at least {low:.3f}. Find the field that "
            "tells the answer, or answer for it with --allow-leak model."
        )


def printed(audit: Audit) -> list[str]:
    console = Console(width=300)
    with console.capture() as captured:
        leakage_report.render(audit, console)
    return captured.get().splitlines()


def test_a_clean_audit_takes_one_line_and_a_second_for_what_lies_after_the_outcome() -> None:
    found = audited(nothing)
    assert re.fullmatch(r"Leakage audit: none of \d+ fields tells the answer by itself\.", *printed(found))
    assert printed(found.with_model(Target.CUSTOMER, 0.7, 0.6)) == printed(found)  # the whole model is no field

    def plant(fate: Fate) -> Planted:
        return [], [Interaction("invoice", fate.created + 17 * DAY, "invoice")] if fate.won else []

    lines = printed(audited(plant))
    assert len(lines) == 2
    assert lines[1].startswith("Left aside: ")
    assert lines[1].endswith("which no snapshot taken before sees; 1 kind comes only then.")


def test_a_leak_is_printed_once_a_field() -> None:
    head, *lines = printed(leaky())
    assert re.match(r"Leakage audit: 2 of \d+ fields tell the answer, and nothing that learns from it should", head)
    assert [line.split(": ")[0].strip() for line in lines] == ["kind:contract signed", "phase"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample export, and beside its crm.toml one that maps in what tells the end."""
    folder = tmp_path_factory.mktemp("sample")
    sample.write(folder, leads=1_000, months=24, seed=1)
    text = (folder / "crm.toml").read_text(encoding="utf-8")
    telling = ("lifecycle_stage", "lead_status", "lost_reason")
    mapped = text.replace("created, seniority", f"created, {', '.join(telling)}, seniority")
    mapped = mapped.replace(
        "[leads.attributes]", "[leads.attributes]\n" + "\n".join(f'{one} = "category"' for one in telling) + "\n#"
    )
    (folder / "leaking.toml").write_text(mapped, encoding="utf-8")
    return folder


def of_sample(folder: Path, name: str) -> tuple[Histories, Audit]:
    histories = export.read(folder / name, clock.parse("2026-06-01")).histories
    plan = recipe.read(folder / "recipe.toml", histories.timezone)
    questions, border = ask(histories, plan)
    return histories, leakage.audit(histories, questions, catalogue_of(histories, questions, border, ()), plan.seed)


def test_on_the_sample_with_fields_that_tell_the_end_exactly_these_are_named(written: Path) -> None:
    _, audit = of_sample(written, "leaking.toml")
    assert {one.field for one in (*audit.blocking, *audit.looks)} == {"lifecycle_stage", "lead_status", "lost_reason"}
    assert {one.field for one in audit.blocking} == {"lifecycle_stage", "lead_status", "lost_reason"}


def test_on_the_clean_sample_nothing_is_named(written: Path) -> None:
    histories, audit = of_sample(written, "crm.toml")
    assert len(histories.attribute_types) == 12
    assert (audit.blocking, audit.looks) == ((), ())
