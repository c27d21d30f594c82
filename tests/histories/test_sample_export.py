"""The sample's files: the same bytes each time, and read back as exactly what was simulated."""

import hashlib
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from histories import export, sample
from histories.errors import CallError, DataError
from histories.export import Export
from histories.sample import vocabulary as v
from histories.sample.life import Events, simulate
from histories.sample.parameters import ENDED, Parameters
from histories.sample.state import COUNTED, INVITED
from scoring import rulebook
from training import recipe

NOW = int(ENDED.timestamp()) * 1_000_000
LEADS, SEED = 1_500, 5
# Files and the sources that crm.toml reads them as.
SOURCES = {
    "email_events.csv.gz": {"mail", "mail answered", "mail scanners"},
    "web_sessions.parquet": {"web_sessions"},
    "form_submissions.jsonl": {"form_submissions"},
    "webinars.csv": {"webinars"},
    "social.csv": {"social"},
    "calls.csv": {"calls"},
    "meetings.csv": {"meetings"},
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> sample.SampleSummary:
    return sample.write(tmp_path_factory.mktemp("sample"), LEADS, seed=SEED)


@pytest.fixture(scope="module")
def read_back(written: sample.SampleSummary) -> Export:
    return export.read(written.folder / "crm.toml", NOW)


@pytest.fixture(scope="module")
def events() -> Events:
    parameters = Parameters(LEADS, 24, SEED, recorded_only=False)
    return simulate(parameters.population(), SEED, parameters.ended, parameters.hazards)


def fingerprints(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_same_seed_gives_the_same_bytes_in_every_file(written: sample.SampleSummary, tmp_path: Path) -> None:
    sample.write(tmp_path, LEADS, seed=SEED)
    assert fingerprints(tmp_path) == fingerprints(written.folder)


def test_another_seed_gives_other_leads(written: sample.SampleSummary, tmp_path: Path) -> None:
    sample.write(tmp_path, LEADS, seed=SEED + 1)
    assert fingerprints(tmp_path)["contacts.csv"] != fingerprints(written.folder)["contacts.csv"]


def test_the_reader_gives_back_every_simulated_interaction_and_no_other(read_back: Export, events: Events) -> None:
    table = read_back.histories.interactions
    read = Counter(zip(*(table[name].to_pylist() for name in ("lead_id", "kind", "occurred_at")), strict=True))
    acts = np.flatnonzero(events.event <= v.MEETING)
    simulated = Counter(
        (f"C{events.lead[at] + 1:07d}", v.KINDS[events.event[at]].name, int(events.second[at]) * 1_000_000)
        for at in acts
    )
    assert read == simulated


def test_channels_and_directions_are_those_of_the_kinds(read_back: Export) -> None:
    table = read_back.histories.interactions
    seen = set(zip(*(table[name].to_pylist() for name in ("kind", "channel", "direction")), strict=True))
    assert seen <= {(kind.name, kind.channel, kind.direction) for kind in v.KINDS.values()}


def test_the_reader_gives_back_every_arrival_at_a_stage(read_back: Export, events: Events) -> None:
    table = read_back.histories.outcomes
    read = Counter(zip(*(table[name].to_pylist() for name in ("lead_id", "stage", "reached_at")), strict=True))
    arrivals = np.flatnonzero((events.event >= v.MQL) & (events.event <= v.REOPENED))
    simulated = Counter(
        (f"C{events.lead[at] + 1:07d}", v.STAGES[events.event[at]], int(events.second[at]) * 1_000_000)
        for at in arrivals
    )
    assert read == simulated


def test_the_reader_gives_back_every_note_of_sales(read_back: Export, events: Events) -> None:
    table = read_back.histories.attributes
    dated = table.filter(pc.is_valid(table["known_at"]))
    assert Counter(dated["name"].to_pylist()) == Counter(
        v.NOTES[one] for one in events.event[(events.event >= v.BUDGET) & (events.event <= v.TIMELINE)]
    )
    assert set(dated["name"].to_pylist()) == {"budget", "authority", "need", "timeline"}
    budgets = np.sort(dated.filter(pc.equal(dated["name"], "budget"))["number"].to_numpy())
    assert budgets.tolist() == np.sort(events.value[events.event == v.BUDGET]).tolist()


def test_quarantine_holds_exactly_the_rows_that_were_spoilt(written: sample.SampleSummary, read_back: Export) -> None:
    for name, planted in written.planted.items():
        counts = [one for one in read_back.sources if one.table == "interactions" and one.source in SOURCES[name]]
        assert sum(one.quarantined for one in counts) == planted.unreadable, name
        assert sum(one.duplicates for one in counts) == planted.duplicates, name
    assert read_back.quarantine.num_rows == sum(one.unreadable for one in written.planted.values())


def test_each_spoilt_row_is_quarantined_for_its_own_reason(written: sample.SampleSummary, read_back: Export) -> None:
    table = read_back.quarantine
    reasons = Counter(table["reason"].to_pylist())

    def told(*parts: str) -> int:
        return sum(count for reason, count in reasons.items() if all(part in reason for part in parts))

    planted = written.planted.values()
    assert told("no lead_id") == sum(one.no_lead for one in planted)
    assert told("there is no lead") == sum(one.unknown_lead for one in planted)
    assert told("after the export") == sum(one.after_export for one in planted)
    assert told("is not a date or time") + told("no occurred_at") == sum(one.no_time for one in planted)


def test_a_few_per_cent_are_late_and_they_are_of_several_sources(read_back: Export) -> None:
    table = read_back.histories.interactions
    late = table.filter(pc.greater(pc.fill_null(pc.subtract(table["received_at"], table["occurred_at"]), 0), 0))
    assert 0.01 < late.num_rows / table.num_rows < 0.05
    assert set(late["kind"].to_pylist()) == {"email_open", "email_open:machine", "webinar_attended", "social_follow"}


def test_what_comes_late_moves_no_hazard_so_that_the_truth_knows_no_more_than_the_record() -> None:
    for kind in (v.MAIL_OPEN, v.MAIL_MACHINE_OPEN, v.WEBINAR_ATTENDED, v.FOLLOW):
        assert COUNTED[kind, :INVITED].sum() == 0


def test_columns_that_tell_the_end_are_exported_but_not_mapped(
    written: sample.SampleSummary, read_back: Export
) -> None:
    telling = {"lifecycle_stage", "lead_status", "lost_reason"}
    assert telling <= set((written.folder / "contacts.csv").read_text().splitlines()[0].replace('"', "").split(","))
    assert not telling & set(read_back.histories.attribute_types)
    crm = (written.folder / "crm.toml").read_text()
    assert "Left out on purpose: lifecycle_stage, lead_status and lost_reason." in crm


def test_the_undated_columns_do_tell_the_end(written: sample.SampleSummary, read_back: Export) -> None:
    rows = [line.split(",") for line in (written.folder / "contacts.csv").read_text().splitlines()[1:]]
    customers = {row[0] for row in rows if row[8] == "customer"}
    outcomes = read_back.histories.outcomes
    assert customers == set(outcomes.filter(pc.equal(outcomes["stage"], "customer"))["lead_id"].to_pylist())
    assert {row[0] for row in rows if row[10]} == {row[0] for row in rows if row[9] == "unqualified"}


def test_every_kind_and_every_family_occurs(read_back: Export) -> None:
    kinds = set(read_back.histories.interactions["kind"].to_pylist())
    assert kinds == {kind.name for kind in v.KINDS.values()}
    families = read_back.histories.families
    assert {"intent", "engagement", "two_way", "outbound", "negative", "machine"} == {
        family for kind in kinds for family in families.of(kind)
    }


def test_a_customers_deal_has_its_amount(read_back: Export) -> None:
    outcomes = read_back.histories.outcomes
    customers = outcomes.filter(pc.equal(outcomes["stage"], "customer"))
    assert customers.num_rows > 10
    assert customers["amount"].null_count == 0
    assert pc.min(customers["amount"]).as_py() >= 3_000


def test_recipe_and_rulebook_are_read_by_their_readers(written: sample.SampleSummary) -> None:
    assert {target.value: days for target, days in recipe.read(written.folder / "recipe.toml").horizons.items()} == {
        "sql": 30,
        "customer": 90,
    }
    rules = rulebook.read(written.folder / "rulebook.toml")
    assert rules.qualification is not None
    assert rules.mql is not None
    assert rules.sql is not None
    assert rules.grades is not None


def test_the_parameters_are_kept_beside_the_export(written: sample.SampleSummary) -> None:
    assert sample.read_parameters(written.folder) == Parameters(LEADS, 24, SEED, recorded_only=False)


def test_a_small_sample_is_written_and_read(tmp_path: Path) -> None:
    sample.write(tmp_path, leads=30, months=1, seed=0, recorded_only=True)
    crm = tmp_path / "crm.toml"
    crm.write_text("max_bad_share = 1\n" + crm.read_text())  # of so few rows the spoilt ones are many
    assert export.read(crm, NOW).histories.leads.num_rows == 30


def test_a_sample_of_one_lead_is_written(tmp_path: Path) -> None:
    assert sample.write(tmp_path, leads=1, months=1, seed=0).leads == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"leads": 0}, "leads 0 is out of bounds; it must be at least 1 and at most 5000000"),
        ({"months": 121}, "months 121 is out of bounds; it must be at least 1 and at most 120"),
        ({"seed": -1}, "seed -1 is out of bounds; it must be at least 0 and at most 2147483647"),
    ],
)
def test_numbers_out_of_bounds_are_refused(tmp_path: Path, wrong: dict[str, int], message: str) -> None:
    with pytest.raises(CallError) as caught:
        sample.write(tmp_path, **wrong)
    assert str(caught.value) == message


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CallError) as caught:
        sample.write(tmp_path, 10)
    assert str(caught.value) == f"{tmp_path}: holds files that are no sample; name a new or an empty folder"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CallError) as caught:
        sample.write(tmp_path / "file", 10)
    assert str(caught.value) == f"{tmp_path / 'file'}: is a file; name a folder for the sample"


@pytest.mark.parametrize("content", ["[]", '{"leads": true, "months": 1, "seed": 1, "recorded_only": false}', "{}"])
def test_damaged_parameters_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "sample.json").write_text(content)
    with pytest.raises(DataError, match=r"must hold leads, months, seed and recorded_only, nothing else"):
        sample.read_parameters(tmp_path)


def test_a_folder_without_a_sample_has_no_parameters(tmp_path: Path) -> None:
    with pytest.raises(CallError, match=r"cannot be read; name a folder that `lead-scoring sample` has written"):
        sample.read_parameters(tmp_path)
    (tmp_path / "sample.json").write_text("{")
    with pytest.raises(DataError, match=r"sample\.json: is not JSON; write the sample again"):
        sample.read_parameters(tmp_path)


def test_a_file_that_its_user_has_edited_is_not_overwritten(tmp_path: Path) -> None:
    sample.write(tmp_path / "s", leads=100, months=6, seed=1)
    rules = tmp_path / "s" / "rulebook.toml"
    rules.write_text(rules.read_text(encoding="utf-8") + "# ours\n", encoding="utf-8")
    message = f"{rules}: has been edited and would be overwritten; name another folder, or move it"
    with pytest.raises(CallError, match=re.escape(message)):
        sample.write(tmp_path / "s", leads=100, months=6, seed=2)
    assert rules.read_text(encoding="utf-8").endswith("# ours\n")
