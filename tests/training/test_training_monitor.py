"""The monitor on a company whose answers were kept week by week: what it says, what MLflow keeps, how the command ends."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import monitored
import numpy as np
import pyarrow as pa
import pytest
from mlflow import MlflowClient
from small_company import NOW, RECIPE, write_company

import lead_scoring
from histories import clock, export, store
from histories.clock import DAY
from histories.contract import Interaction, Outcome, Stage, Target
from histories.store import InteractionRow, LeadRow, OutcomeRow, Store
from scoring import rulebook as rulebooks
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer
from serving.board.exploring import Lot
from serving.board.handing_over import write_down
from serving.board.today import Terms, choose
from training import fit, recipe
from training.monitor import kept, run
from training.monitor.known import Known
from training.monitor.told import told
from training.monitor.watch import Watched, watch
from training.monitor.worth import Points

METRICS, MONITOR = (Path(__file__).parents[2] / "docs" / name for name in ("metrics.md", "monitor.md"))
GOOD_RULES = """
name = "asked"
[[engagement]]
rule = "Asked for a quote"
kinds = ["quote"]
points = 10
[stages]
mql = { points = 20 }
sql = { points = 30 }
"""
BORDER, END = clock.parse("2024-12-01"), clock.parse("2025-04-20")


@dataclass(frozen=True, eq=False)
class Kept:
    """A company's store with answers from BORDER to END, and what gave them."""

    store: Store
    bundle: Bundle
    rules: Rulebook


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("monitored")
    company = write_company(folder / "export", leads=700)
    opened = monitored.made(folder / "store.db")
    monitored.fill(opened, export.read(company.crm, NOW).histories)
    rules, settings = rulebooks.parse(GOOD_RULES, "rulebook.toml"), recipe.parse(RECIPE, "recipe.toml")
    known = store.histories(opened, BORDER)
    bundle = fit.fit_prepared(known, settings, rules, fit.prepare(known, settings), now=BORDER, source="store").bundle
    monitored.answer(opened, bundle, rules, range(BORDER + 7 * DAY, END + 1, 7 * DAY), 21 * DAY)
    yield Kept(opened, bundle, rules)
    opened.close()


@pytest.fixture(scope="module")
def watched(answered: Kept) -> Watched:
    return watch(kept.known(answered.store, 0, END), 0, (), 1)


def test_a_company_that_goes_on_as_it_was_needs_nobody(watched: Watched) -> None:
    assert watched.findings == ()
    by_target = {one.counted.target: one for one in watched.performances}
    assert list(by_target) == [Target.CUSTOMER, Target.SQL]
    customer = by_target[Target.CUSTOMER]
    assert customer.lineup is not None
    assert customer.counted.tally.given == customer.counted.tally.repeated + customer.counted.tally.not_mature + len(
        customer.counted.label
    )
    assert customer.worth == "what was known when the bundle was trained"
    assert customer.ratios["model"].low < 1 < customer.ratios["model"].high
    assert [segment.name for segment in customer.lineup.segments if segment.name != "age"] == ["source", "source"]
    assert sum(cohort.counted for cohort in customer.cohorts) == customer.counted.tally.counted
    assert sum(cohort.waiting for cohort in customer.cohorts) == customer.counted.tally.not_mature
    assert watched.scores is not None
    assert watched.scores.shift.told


def test_what_is_not_mature_is_told_with_the_day_on_which_it_will_be(watched: Watched) -> None:
    first = watched.performances[0].counted
    assert first.known_from is not None
    said = f"customer within 30 days: {first.tally.not_mature} answers whose horizon goes on; the next ends on "
    assert any(one.startswith(said) for one in watched.not_known)
    assert "No lead was handed over by lot" in " ".join(watched.not_known)


def test_before_the_first_horizon_ends_nothing_is_said_of_how_it_held_up(answered: Kept) -> None:
    early = watch(kept.known(answered.store, 0, BORDER + 20 * DAY), 0, (), 1)
    assert [one.lineup for one in early.performances] == [None, None]
    assert "customer within 30 days: no answer's horizon has ended yet, so nothing can be said of how it held up." in (
        early.not_known
    )
    assert early.findings == ()


def test_a_model_that_promises_three_times_too_much_needs_a_person(answered: Kept) -> None:
    known = kept.known(answered.store, 0, END)
    place = known.answers.column_names.index("probability_customer")
    tripled = np.minimum(3 * np.asarray(known.answers["probability_customer"].to_numpy()), 0.99)
    found = watch(replace(known, answers=known.answers.set_column(place, "probability_customer", [tripled])), 0, (), 1)
    codes = [(one.code, one.subject) for one in found.findings]
    assert ("calibration", "customer within 30 days") in codes
    (finding,) = [one for one in found.findings if one.code == "calibration"]
    assert re.match(
        r"The model promises too much: \d+\.\d conversions predicted, \d+ observed, \d\.\d\d times", finding.what
    )
    assert not any(code == "cohort_calibration" for code, _ in codes)


def tripled(known: Known, of: np.ndarray) -> pa.Table:
    """The answers with three times the probability in those rows."""
    place = known.answers.column_names.index("probability_customer")
    given = np.array(known.answers["probability_customer"].to_numpy())
    given[of] = np.minimum(3 * given[of], 0.99)
    return known.answers.set_column(place, "probability_customer", [given])


def test_what_an_earlier_bundle_promised_calls_nobody_once_another_answers(answered: Kept) -> None:
    """The second half of the answers is another's; of the first half each promised three times too much."""
    known = kept.known(answered.store, 0, END)
    first = np.arange(known.answers.num_rows) < known.answers.num_rows // 2
    versions = pa.array(np.where(first, "before", answered.bundle.version))
    answers = tripled(known, first).set_column(
        known.answers.column_names.index("bundle_version"), "bundle_version", [versions]
    )
    before = replace(answered.bundle, card=replace(answered.bundle.card, trained_until=BORDER - DAY))
    both = replace(known, answers=answers, bundles={**known.bundles, "before": before})
    found = watch(both, 0, (), 1)
    assert [one.code for one in found.findings] == []
    customer = found.performances[0]
    assert [one.version for one in customer.bundles] == ["before", answered.bundle.version]
    assert sum(one.counted for one in customer.bundles) == customer.counted.tally.counted
    assert customer.bundles[0].ratio.low > 1.25
    (notice,) = [one for one in found.notices if "earlier bundles" in one]
    assert re.match(r"customer within 30 days: answers of earlier bundles promised too much, \d+\.\d conv", notice)
    alone = watch(replace(both, answers=answers.filter(pa.array(first))), 0, (), 1)
    assert ("calibration", "customer within 30 days") not in [(one.code, one.subject) for one in alone.findings]


def test_a_new_bundle_is_judged_once_its_own_answers_are_mature(answered: Kept) -> None:
    known = kept.known(answered.store, 0, END)
    last = np.asarray(known.answers["answered_at"]) > END - 20 * DAY
    place = known.answers.column_names.index("bundle_version")
    versions = pa.array(np.where(last, answered.bundle.version, "before"))
    both = replace(
        known,
        answers=tripled(known, ~last).set_column(place, "bundle_version", [versions]),
        bundles={**known.bundles, "before": answered.bundle},
    )
    found = watch(both, 0, (), 1)
    assert found.findings == ()
    assert (
        "customer within 30 days: no answer of the newest bundle has its horizon behind it; what calls a person goes by "
        "these alone."
    ) in found.not_known


def test_points_of_answers_are_worth_what_was_known_when_their_own_bundle_was_trained(answered: Kept) -> None:
    """An earlier bundle, of which the store knows too little: its answers' points are learnt from themselves."""
    known = kept.known(answered.store, 0, END)
    early = replace(answered.bundle, card=replace(answered.bundle.card, trained_until=1))
    cards = {answered.bundle.version: answered.bundle.card, "early": early.card}
    points = Points(known.histories, Target.CUSTOMER, cards, 30, known.rulebooks)
    rows = known.answers.slice(0, 400)
    place = rows.column_names.index("bundle_version")
    versions = ["early"] * 200 + [answered.bundle.version] * 200
    label, group = np.arange(400, dtype=np.int8) % 2, np.arange(400)
    both = points.worth(rows.set_column(place, "bundle_version", [pa.array(versions)]), label, group)
    alone = points.worth(rows.slice(200), label[200:], group[200:])
    assert both.probability[200:].tolist() == alone.probability.tolist()
    assert both.learnt_from.count("; by ") == 1


def test_a_store_without_answers_is_looked_at_for_what_comes_in_alone(answered: Kept) -> None:
    found = watch(kept.known(answered.store, END + 300 * DAY, END + 300 * DAY), 0, (), 1)
    assert (found.performances, found.features, found.answers) == ((), None, 0)
    assert found.not_known[0].startswith("No answer was kept in this time")


def test_it_is_told_as_json_that_every_reader_takes(watched: Watched) -> None:
    content = json.loads(told(watched, "run"))
    assert (content["status"], content["findings"], content["mlflow_run"]) == ("quiet", [], "run")
    assert content["targets"]["customer"]["answers"]["counted"] == watched.performances[0].counted.tally.counted
    assert set(content["targets"]["customer"]["scores"]) == {"model", "rules"}


def test_every_name_of_the_json_is_on_its_page(watched: Watched) -> None:
    content = json.loads(told(watched, "run"))
    _, _, page = MONITOR.read_text(encoding="utf-8").partition("## `--json`")
    names = set(re.findall(r"`(\w+)`", page.partition("\n## ")[0]))
    for part in (content, content["targets"]["customer"], content["by_lot"]["customer"]):
        assert part.keys() <= names
    assert content["drift"]["features"].keys() | content["drift"]["scores"].keys() <= names | {"reference", "current"}


def documented() -> set[str]:
    """The metrics of the monitor's own table in docs/metrics.md."""
    _, _, part = METRICS.read_text(encoding="utf-8").partition("## In a run of `monitor`")
    return set(re.findall(r"^\| `([^`]+)` \|", part.partition("\n## ")[0], re.MULTILINE))


def general(name: str) -> str:
    """`customer/answers_counted` as the page writes it."""
    target, _, rest = name.partition("/")
    return f"<target>/{rest}" if target in {"customer", "sql"} else name


def test_the_run_in_mlflow_has_what_the_page_names_and_no_lead_s_id(
    answered: Kept, blank_database: Path, tmp_path: Path
) -> None:
    database = tmp_path / "mlflow.db"
    database.write_bytes(blank_database.read_bytes())
    lots = choose(
        scorer := Scorer(answered.bundle, answered.rules),
        store.histories(answered.store, BORDER + DAY),
        BORDER + DAY,
        100,
        Terms(),
        0,
        Lot(0.5, 1),
    )
    write_down(answered.store, lots, scorer, answered.store.watermark(), BORDER + DAY)
    found, run_id = run.monitor(answered.store, 0, END, tracking_uri=f"sqlite:///{database}")
    client = MlflowClient(f"sqlite:///{database}")
    metrics = client.get_run(run_id).data.metrics
    own = {general(name) for name in metrics if "_difference" not in name or "by_lot" in name}
    assert own <= documented()
    assert "monitor/findings" in own
    assert metrics["customer/by_lot_explored"] == 50
    (tmp_path / "kept").mkdir()
    client.download_artifacts(run_id, "", str(tmp_path / "kept"))
    files = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert {"cohorts.json", "drift.json", "volumes.json", "customer_cohorts.png", "drift.png", "volumes.png"} <= {
        path.name for path in files
    }
    assert not any(re.search(rb"lead-\d", path.read_bytes()) for path in files if path.suffix == ".json")
    assert found.compared[Target.CUSTOMER].explored == 50


def test_the_command_ends_with_1_and_says_what_needs_a_person(
    answered: Kept,
    blank_database: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A form of the CRM was renamed: a kind that the model does not know comes of 60 leads."""
    (tmp_path / "mlflow.db").write_bytes(blank_database.read_bytes())
    rows = [InteractionRow(f"lead-{n}", Interaction(f"fax {n}", END - DAY, "fax")) for n in range(60)]
    answered.store.add_interactions(rows, END)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.setenv("LEAD_SCORING_STORE", f"sqlite:///{answered.store.database.engine.url.database}")
    monkeypatch.setattr("sys.argv", ["lead-scoring", "monitor", "--as-of", clock.iso(END), "--json"])
    with pytest.raises(SystemExit) as ended:
        lead_scoring.main()
    assert ended.value.code == 1
    content = json.loads(capsys.readouterr().out)
    assert content["status"] == "needs_a_person"
    (finding,) = [one for one in content["findings"] if one["code"] == "unknown_kind"]
    assert finding["subject"] == "fax"
    assert finding["what"] == "The model does not know this kind: 60 interactions of 60 leads in four weeks."


def test_what_came_later_is_not_seen_as_of_a_moment_before(tmp_path: Path) -> None:
    opened = monitored.made(tmp_path / "late.db")
    opened.add_leads([LeadRow("a", DAY)], 2 * DAY)
    opened.add_outcomes([OutcomeRow("a", Outcome(Stage.CUSTOMER, 3 * DAY))], 20 * DAY)
    opened.add_leads([LeadRow("b", 4 * DAY)], 21 * DAY)
    found = [kept.known(opened, 0, day * DAY).histories for day in (2, 19, 20, 21)]
    assert [(one.leads.num_rows, one.outcomes.num_rows) for one in found] == [(1, 0), (1, 0), (1, 1), (2, 1)]
    opened.close()


def test_an_export_cannot_be_monitored(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["lead-scoring", "monitor", "crm.toml"])
    with pytest.raises(SystemExit) as ended:
        lead_scoring.main()
    assert ended.value.code == 2
    assert "monitor: crm.toml is an export; the answers given are in the history store" in " ".join(
        capsys.readouterr().err.split()
    )


def test_an_answer_of_a_bundle_that_is_not_kept_is_counted_as_another_question(answered: Kept) -> None:
    known = kept.known(answered.store, 0, END)
    found = watch(replace(known, bundles={}), 0, (), 1)
    assert found.performances == ()
    assert (
        "The bundle of the newest answer is not kept in the store: answers and drift cannot be judged."
        in found.not_known
    )
