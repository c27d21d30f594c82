"""A newer export of the same CRM adds what is new alone, however it names what the store has already."""

from pathlib import Path

import pytest

from histories import clock, loading, shards, store
from histories.contract import Interaction
from histories.errors import CallError
from histories.loading import Loaded
from histories.machine import GB
from histories.store import InteractionRow, Store
from histories.store.privacy import people

NOW = clock.parse("2026-06-01")
TEN = [f"S,2026-01-{day:02}T10:00:00Z,demo_request" for day in range(5, 15)]
NUMBERED = [f"{row},{number}" for number, row in enumerate(TEN)]


def load(opened: Store, folder: Path, rows: list[str], *, head: str, file: str = "t.csv", more: str = "") -> Loaded:
    """Load an export of this table; it has ids where the head has `n`."""
    (folder / "leads.csv").write_text("id,c\nS,2026-01-01\nT,2026-01-01\nE,2026-01-01\n", encoding="utf-8")
    (folder / file).write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    ids = 'interaction_id = "n"' if "n" in head.split(",") else ""
    config = f"""
exported_at = 2026-03-01T00:00:00Z
[leads]
file = "leads.csv"
lead_id = "id"
created_at = "c"
[[interactions]]
file = "{file}"
lead_id = "lead"
occurred_at = "at"
kind = "{{kind}}"
{ids}
{more}
"""
    (folder / "crm.toml").write_text(config, encoding="utf-8")
    made = shards.write(folder / "crm.toml", NOW, folder / "shards", GB)
    return loading.load(made, opened, NOW, lambda *_: None)


def added(loaded: Loaded) -> tuple[int, int, int]:
    one = loaded.tables["interactions"]
    return one.added, one.there, one.refused


def test_of_rows_without_ids_other_columns_may_change(opened: Store, tmp_path: Path) -> None:
    assert added(load(opened, tmp_path, TEN, head="lead,at,kind")) == (10, 0, 0)
    noted = [f"{row},x" for row in TEN]
    assert added(load(opened, tmp_path, noted, head="lead,at,kind,note")) == (0, 10, 0)
    edited = [f"{row},y" for row in TEN] + ["S,2026-02-01T10:00:00Z,reply,z"]
    assert added(load(opened, tmp_path, edited, head="lead,at,kind,note")) == (1, 10, 0)
    assert added(load(opened, tmp_path, edited, head="lead,at,kind,note")) == (0, 11, 0)


def test_of_rows_without_ids_that_are_alike_as_many_are_there_as_came(opened: Store, tmp_path: Path) -> None:
    alike = ["S,2026-01-05,call,first", "S,2026-01-05,call,second"]
    assert added(load(opened, tmp_path, alike, head="lead,at,kind,note")) == (2, 0, 0)
    third = ["S,2026-01-05,call,first", "S,2026-01-05,call,edited", "S,2026-01-05,call,third"]
    assert added(load(opened, tmp_path, third, head="lead,at,kind,note")) == (1, 2, 0)
    assert len(store.lead(opened, "S").interactions) == 3


def test_rows_that_are_alike_are_counted_together_across_batches(
    opened: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MOST_ROWS", 3)
    rows = [f"{lead},2026-01-05,call" for lead in ("E", "S", "T")]
    first = [f"{row},{number}" for row in rows for number in range(2)]
    assert added(load(opened, tmp_path, first, head="lead,at,kind,note")) == (6, 0, 0)
    more = [f"{row},{number}" for row in rows for number in range(1, 6)]
    assert added(load(opened, tmp_path, more, head="lead,at,kind,note"))[0] == 15 - 6
    assert {len(store.lead(opened, one).interactions) for one in ("E", "S", "T")} == {5}


def test_what_was_posted_without_an_id_is_there_for_an_export_without_ids(opened: Store, tmp_path: Path) -> None:
    posted = Interaction("content:" + "a" * 32, clock.parse("2026-01-05T10:00:00Z"), "demo_request", NOW)
    opened.add_interactions([InteractionRow("S", posted)], NOW)
    assert added(load(opened, tmp_path, TEN, head="lead,at,kind")) == (9, 1, 0)


def test_an_id_that_two_leads_share_since_then_renames_no_other(opened: Store, tmp_path: Path) -> None:
    assert added(load(opened, tmp_path, NUMBERED, head="lead,at,kind,n")) == (10, 0, 0)
    mail = [f"{lead},2026-02-02T10:00:00Z,email_sent,m1" for lead in ("S", "T")]
    assert added(load(opened, tmp_path, NUMBERED + mail, head="lead,at,kind,n")) == (2, 10, 0)
    assert added(load(opened, tmp_path, NUMBERED + mail, head="lead,at,kind,n")) == (0, 12, 0)
    assert added(load(opened, tmp_path, NUMBERED + mail[1:], head="lead,at,kind,n")) == (0, 11, 0)


def test_an_id_that_was_one_leads_and_is_anothers_too_is_added_for_that_one(opened: Store, tmp_path: Path) -> None:
    mail = [f"{lead},2026-02-02T10:00:00Z,email_sent,m1" for lead in ("S", "T")]
    load(opened, tmp_path, mail[:1], head="lead,at,kind,n")
    assert added(load(opened, tmp_path, mail, head="lead,at,kind,n")) == (1, 1, 0)
    assert [one.interaction_id for one in store.lead(opened, "T").interactions] == ["t:T:m1"]


def test_what_an_export_says_otherwise_of_an_id_is_refused_under_its_first_name(opened: Store, tmp_path: Path) -> None:
    load(opened, tmp_path, NUMBERED, head="lead,at,kind,n")
    mail = [f"{lead},2026-02-02T10:00:00Z,email_sent,m1" for lead in ("S", "T")]
    other = [NUMBERED[0].replace("demo_request", "visit"), *mail]
    loaded = load(opened, tmp_path, other, head="lead,at,kind,n")
    assert added(loaded) == (2, 0, 1)
    assert loaded.reasons == {"another row has this interaction_id; it differs in kind": 1}


@pytest.mark.parametrize(("rows", "head"), [(NUMBERED, "lead,at,kind,n"), (TEN, "lead,at,kind")])
def test_a_source_that_has_another_name_than_its_rows_is_refused_with_the_name_to_write(
    rows: list[str], head: str, opened: Store, tmp_path: Path
) -> None:
    load(opened, tmp_path, rows, head=head, file="t-2026-02-20.csv")
    before = opened.watermark()
    with pytest.raises(CallError) as error:
        load(opened, tmp_path, rows, head=head, file="t-2026-02-25.csv")
    assert str(error.value) == (
        '[[interactions]] t-2026-02-25: they are in the store under the name "t-2026-02-20" (10 of 10 that were looked '
        'up) and would count twice; write name = "t-2026-02-20" there'
    )
    assert opened.watermark() == before
    name = 'name = "t-2026-02-20"'
    assert added(load(opened, tmp_path, rows, head=head, file="t-2026-02-25.csv", more=name)) == (0, 10, 0)


def test_a_file_that_has_new_rows_alone_may_have_a_name_of_its_own(opened: Store, tmp_path: Path) -> None:
    load(opened, tmp_path, NUMBERED[:5], head="lead,at,kind,n", file="t-2026-02-20.csv")
    assert added(load(opened, tmp_path, NUMBERED[5:], head="lead,at,kind,n", file="t-2026-02-25.csv")) == (5, 0, 0)


def test_a_source_that_came_without_ids_is_refused_with_them_and_not_the_other_way_round(
    opened: Store, tmp_path: Path
) -> None:
    load(opened, tmp_path, TEN, head="lead,at,kind")
    with pytest.raises(CallError, match=r"^\[\[interactions\]\] t: they came without ids before \(10 of 10 that were"):
        load(opened, tmp_path, NUMBERED, head="lead,at,kind,n")


def test_ids_that_an_export_tells_no_more_are_found_by_what_happened(opened: Store, tmp_path: Path) -> None:
    load(opened, tmp_path, NUMBERED, head="lead,at,kind,n")
    assert added(load(opened, tmp_path, TEN, head="lead,at,kind")) == (0, 10, 0)


@pytest.mark.parametrize(
    ("ids", "shared"),
    [(False, []), (True, []), (True, ["T,2026-02-02,email_sent,m", "S,2026-02-02,email_sent,m"])],
)
def test_after_a_merge_what_the_ended_lead_did_is_there_under_the_one_that_goes_on(
    ids: bool, shared: list[str], opened: Store, tmp_path: Path
) -> None:
    rows, head = [*NUMBERED, *shared], "lead,at,kind,n" if ids else "lead,at,kind,note"
    before = [row.replace("S,", "E,") for row in rows]
    load(opened, tmp_path, before, head=head)
    people.merge(opened, "E", "S", NOW, NOW)
    new = "S,2026-02-20T10:00:00Z,reply,99"
    assert added(load(opened, tmp_path, [*rows, new], head=head)) == (1, len(rows), 0)
    assert added(load(opened, tmp_path, [*rows, new], head=head)) == (0, len(rows) + 1, 0)
    assert opened.quarantined() == ()
