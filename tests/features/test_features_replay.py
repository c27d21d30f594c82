"""Logged rows, computed again: what is the same, what differs, by how much, and what is likely to be behind it."""

import gzip
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from feature_cases import Case, cases, changed
from feature_histories import CATALOGUE, CUTOFF, FAMILIES, OWNED, TYPES
from feature_subject import whole
from hypothesis import HealthCheck, given, settings
from rich.console import Console

from features import catalogue as catalogues
from features import one
from features.catalogue import Catalogue
from features.replay import log as replay_log
from features.replay.causes import Cause
from features.replay.replay import replay
from features.replay.replayed import Replay
from features.replay.report import render
from histories.assemble import assemble
from histories.clock import DAY, HOUR, MINUTE, iso
from histories.contract import Attribute, Histories, Interaction, LeadHistory, Outcome, Stage
from histories.errors import CallError, DataError


def lead(name: str, **parts: object) -> LeadHistory:
    events = tuple(
        Interaction(f"{name}:{n}", CUTOFF - n * DAY - HOUR, kind, channel="web", value=1.5)
        for n, kind in enumerate(("mail", "pricing", "reply"))
    )
    return replace(
        LeadHistory(name, CUTOFF - 9 * DAY, "acme", (Attribute("size", 3.0), Attribute("industry", "bank")), events),
        **parts,
    )


COMPANY = [lead("anna"), lead("bert"), lead("carl", account_id=None)]


def export(company: Sequence[LeadHistory]) -> Histories:
    return assemble(
        company, exported_at=CUTOFF + DAY, timezone="Europe/Amsterdam", families=FAMILIES, attribute_types=TYPES
    )


def line(history: LeadHistory, as_of: int = CUTOFF, catalogue: Catalogue = CATALOGUE) -> str:
    values = [None if math.isnan(value) else value for value in one.row(history, as_of, catalogue).tolist()]
    parts = {"request_id": f"r-{history.lead_id}", "lead_id": history.lead_id, "as_of": iso(as_of)}
    return json.dumps(parts | {"catalogue": catalogue.hash, "bundle": "b1", "row": values}).replace("Infinity", "1e999")


def written(path: Path, lines: Iterable[str], catalogue: Catalogue = CATALOGUE) -> Path:
    path.write_text("\n".join([json.dumps(replay_log.head(catalogue)), *lines, ""]), encoding="utf-8")
    return path


def sent(company: Sequence[LeadHistory], *, without: str = "") -> list[LeadHistory]:
    """What requests would say of each lead; `without` is the id of an interaction that they leave out."""
    told = [whole(company, one.lead_id) for one in company]
    return [
        replace(one, interactions=tuple(event for event in one.interactions if event.interaction_id != without))
        for one in told
    ]


def replayed(tmp_path: Path, requests: Iterable[LeadHistory], company: Sequence[LeadHistory] = COMPANY) -> Replay:
    return replay(written(tmp_path / "log.jsonl", map(line, requests)), export(company))


def different(found: Replay) -> set[str]:
    return {one.name for one in found.features if one.different}


def found_causes(found: Replay) -> dict[Cause, int]:
    return {one.cause: one.rows for one in found.causes}


def test_rows_of_requests_that_say_what_the_export_says_are_all_the_same(tmp_path: Path) -> None:
    found = replayed(tmp_path, sent(COMPANY))
    assert not found.differs
    assert (found.rows, found.same_rows, found.bundles, found.causes) == (3, 3, ("b1",), ())
    assert {(one.same, one.different, one.missing) for one in found.features} == {(3, 0, 0)}
    assert {one.name for one in found.features} == set(CATALOGUE.names)


def test_an_interaction_that_was_withheld_names_exactly_the_features_that_it_changes(tmp_path: Path) -> None:
    requests = sent(COMPANY, without="anna:1")
    full, less = (one.row(history, CUTOFF, CATALOGUE) for history in (whole(COMPANY, "anna"), requests[0]))
    changes = {
        name
        for name, now, then in zip(CATALOGUE.names, full, less, strict=True)
        if now != then and not (np.isnan(now) and np.isnan(then))
    }
    found = replayed(tmp_path, requests)
    assert found.differs
    assert different(found) == changes >= {"pricing_count_all", "interactions_count_3d", "intent_age_days"}
    assert found_causes(found) == {Cause.MORE: 1}
    pricing = next(one for one in found.features if one.name == "pricing_count_3d")
    assert (pricing.same, pricing.different, pricing.missing, pricing.largest) == (2, 1, 0, 1.0)
    assert pricing.example is not None
    assert pricing.example.request_id == "r-anna"
    assert (pricing.example.lead_id, pricing.example.as_of, pricing.example.logged, pricing.example.recomputed) == (
        "anna", CUTOFF, 0.0, 1.0,
    )  # fmt: skip


def test_the_worst_feature_comes_first_with_its_largest_difference(tmp_path: Path) -> None:
    requests = sent(COMPANY)
    requests[0] = replace(requests[0], created_at=CUTOFF - 8 * DAY, attributes=(Attribute("industry", "bank"),))
    requests[1] = replace(requests[1], created_at=CUTOFF - 4 * DAY)
    found = replayed(tmp_path, requests)
    assert [one.name for one in found.features[:2]] == ["lead_age_days", "attribute.size"]
    age, size = found.features[:2]
    assert (age.different, age.largest) == (2, 5.0)
    assert age.example is not None
    assert age.example.lead_id == "bert"
    assert (size.different, size.largest) == (1, None)
    assert size.example is not None
    assert math.isnan(size.example.logged)


def _events(change: Callable[[Interaction], Interaction]) -> Callable[[LeadHistory], LeadHistory]:
    return lambda history: replace(history, interactions=tuple(map(change, history.interactions)))


@pytest.mark.parametrize(
    ("cause", "change"),
    [
        (Cause.MORE, lambda one: replace(one, interactions=one.interactions[1:])),
        (Cause.FEWER, lambda one: replace(one, interactions=(*one.interactions, Interaction("x", CUTOFF - 1, "mail")))),
        (Cause.SHIFTED, _events(lambda event: changed(event, occurred_at=event.occurred_at - 2 * HOUR))),
        (Cause.OTHER, _events(lambda event: changed(event, kind="call"))),
        (Cause.OTHER, _events(lambda event: changed(event, occurred_at=event.occurred_at - 7 * MINUTE))),
        (Cause.VALUES, _events(lambda event: changed(event, value=150.0))),
        (Cause.ATTRIBUTES, lambda one: replace(one, attributes=(Attribute("size", 4.0), *one.attributes[1:]))),
        (Cause.STAGES, lambda one: replace(one, outcomes=(Outcome(Stage.MQL, CUTOFF - DAY),))),
        (Cause.CREATED, lambda one: replace(one, created_at=one.created_at + 1)),
        (Cause.ACCOUNT_UNSENT, lambda one: replace(one, account_interactions=None)),
        (Cause.ACCOUNT, lambda one: replace(one, account_interactions=())),
    ],
    ids=lambda one: one.name if isinstance(one, Cause) else "",
)
def test_each_cause_is_told_by_what_differs(
    cause: Cause, change: Callable[[LeadHistory], LeadHistory], tmp_path: Path
) -> None:
    requests = [change(whole(COMPANY, "anna")), *sent(COMPANY)[1:]]
    found = replayed(tmp_path, requests)
    assert found_causes(found) == {cause: 1}
    assert (found.causes[0].lead_id, found.causes[0].as_of) == ("anna", CUTOFF)
    assert (found.same_rows, found.different_rows) == (2, 1)


def test_an_account_that_the_export_does_not_know_of_is_told(tmp_path: Path) -> None:
    requests = sent(COMPANY)
    requests[2] = replace(requests[2], account_interactions=())
    assert found_causes(replayed(tmp_path, requests)) == {Cause.ACCOUNT_UNKNOWN: 1}


def test_moments_after_the_export_are_told_from_everything_else(tmp_path: Path) -> None:
    later = Interaction("later", CUTOFF + 2 * DAY, "mail")
    request = whole(COMPANY, "anna")
    request = replace(request, interactions=(*request.interactions, later))
    found = replay(written(tmp_path / "log.jsonl", [line(request, CUTOFF + 3 * DAY)]), export(COMPANY))
    assert found_causes(found) == {Cause.EXPORT: 1}


def test_a_difference_in_the_last_digit_is_one_and_is_told_apart(tmp_path: Path) -> None:
    parts = json.loads(line(whole(COMPANY, "anna")))
    place = CATALOGUE.names.index("interactions_decayed_7d")
    parts["row"][place] = float(np.nextafter(parts["row"][place], 9))
    found = replay(written(tmp_path / "log.jsonl", [json.dumps(parts)]), export(COMPANY))
    assert found.differs
    assert different(found) == {"interactions_decayed_7d"}
    assert found_causes(found) == {Cause.ROUNDING: 1}


def test_what_the_export_does_not_have_is_missing_and_no_difference(tmp_path: Path) -> None:
    """Nobody has an account, attributes are not mapped, one lead is of another CRM."""
    company = [replace(one, account_id=None, attributes=()) for one in COMPANY]
    bare = replace(export(company), attribute_types={})
    requests = [*sent(COMPANY), whole([lead("zoe")], "zoe")]
    found = replay(written(tmp_path / "log.jsonl", map(line, requests)), bare)
    assert not found.differs
    assert (found.rows, found.same_rows, found.unknown_rows, found.unknown_leads) == (4, 3, 1, ("zoe",))
    counts = {one.name: (one.same, one.different, one.missing) for one in found.features}
    assert counts["interactions_count_all"] == (3, 0, 1)
    assert counts["attribute.size"] == (0, 0, 4)
    assert counts["account_others_count_all"] == (1, 0, 3)  # of Carl both say that there is no account
    assert found.features[0].missing == 4


def test_a_folder_is_all_its_files_and_a_packed_one_counts(tmp_path: Path) -> None:
    requests = sent(COMPANY)
    text = written(tmp_path / "first.jsonl", map(line, requests[:1])).read_bytes()
    (tmp_path / "second.jsonl.gz").write_bytes(gzip.compress(text))
    (tmp_path / "notes.txt").write_text("no log")
    assert replay(tmp_path, export(COMPANY)).rows == 2


def test_rows_of_two_catalogues_are_each_computed_by_their_own(tmp_path: Path) -> None:
    written(tmp_path / "old.jsonl", map(line, sent(COMPANY)))
    written(tmp_path / "new.jsonl", (line(one, catalogue=OWNED) for one in sent(COMPANY)), OWNED)
    found = replay(tmp_path, export(COMPANY))
    assert (found.rows, found.same_rows) == (6, 6)
    counts = {one.name: one.same for one in found.features}
    assert (counts["interactions_count_all"], counts["dear_mail_30d"]) == (6, 3)


def test_lines_that_cannot_be_read_are_counted_and_each_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    good = line(whole(COMPANY, "anna"))
    parts = json.loads(good)
    lines = [
        good,
        good[:50],
        "[1]",
        json.dumps(parts | {"row": [1.0]}),
        good.replace(CATALOGUE.hash, "0" * 64),
        json.dumps({name: value for name, value in parts.items() if name != "lead_id"}),
        json.dumps(parts | {"row": ["a"]}),
        json.dumps(parts | {"as_of": "soon"}),
        "",
        good[:60],
    ]
    log = written(tmp_path / "log.jsonl", lines)
    log.write_bytes(log.read_bytes().removesuffix(b"\n"))
    found = replay(log, export(COMPANY))
    assert (found.rows, found.unreadable_lines, found.differs, found.failed) == (1, 9, False, True)
    assert [(one.first, one.text) for one in found.problems] == [
        ("log.jsonl:3", "is no JSON (Unterminated string starting at)"),
        ("log.jsonl:4", "is no JSON object, as the lines of a request log are"),
        ("log.jsonl:5", f"has 1 values, where its catalogue has {len(CATALOGUE.names)}"),
        ("log.jsonl:6", "is of a catalogue that no line before it holds; replay the file from its beginning"),
        ("log.jsonl:7", "has no 'lead_id', as the lines of a request log have"),
        ("log.jsonl:8", "holds something else than numbers in its row"),
        ("log.jsonl:9", "has an as_of that is no time"),
        ("log.jsonl:10", "is empty"),
        ("log.jsonl:11", "ends before it is complete; the file was cut off here"),
    ]


def test_a_replay_that_left_most_rows_out_has_failed(tmp_path: Path) -> None:
    """Who names another CRM by mistake must not be told that all is well; a lead that was deleted is no failure."""
    strangers = [whole([lead(name)], name) for name in ("zoe", "yann")]
    few, many = (replayed(tmp_path, [*sent(COMPANY)[:1], *strangers[:count]]) for count in (1, 2))
    assert (few.compared_rows, few.unknown_rows, few.failed) == (1, 1, False)
    assert (many.compared_rows, many.unknown_rows, many.differs, many.failed) == (1, 2, False, True)


def test_an_infinity_against_a_number_differs_by_infinity(tmp_path: Path) -> None:
    parts = json.loads(line(whole(COMPANY, "anna")))
    parts["row"][CATALOGUE.names.index("interactions_count_1d")] = math.inf
    log = written(tmp_path / "log.jsonl", [json.dumps(parts).replace("Infinity", "1e999")])
    assert replay(log, export(COMPANY)).features[0].largest == math.inf


def test_a_packed_file_that_was_cut_off_gives_what_can_be_read(tmp_path: Path) -> None:
    whole_log = gzip.compress(written(tmp_path / "log.jsonl", [line(one) for one in sent(COMPANY)]).read_bytes())
    (tmp_path / "log.jsonl.gz").write_bytes(whole_log[:-20])
    found = replay(tmp_path, export(COMPANY))
    assert found.rows >= 3
    assert found.problems[-1].text.startswith("the file cannot be read to its end")


def test_a_packed_file_that_is_damaged_or_not_packed_is_named(tmp_path: Path) -> None:
    plain = written(tmp_path / "log.jsonl", [line(one) for one in sent(COMPANY)]).read_bytes()
    packed = bytearray(gzip.compress(plain))
    packed[10:14] = b"\xff" * 4  # the first block is of a kind that does not exist
    (tmp_path / "damaged.jsonl.gz").write_bytes(packed)
    (tmp_path / "plain.jsonl.gz").write_bytes(plain)
    found = replay(tmp_path, export(COMPANY))
    assert (found.same_rows, found.failed) == (3, True)
    assert {one.first: one.text.partition(" (")[0] for one in found.problems} == dict.fromkeys(
        ("damaged.jsonl.gz", "plain.jsonl.gz"), "the file cannot be read to its end"
    )


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (
            {"meaning": 1},
            "was logged by a version whose features mean something else (1, here {meaning}); replay it with that version",
        ),
        ({"content": "{}"}, "is of a catalogue that cannot be read; replay it with the version that wrote it"),
        (
            {"content": OWNED.to_json()},
            "is of a catalogue that means something else here than it did; replay it with the version that wrote it",
        ),
    ],
)
def test_rows_of_another_meaning_are_not_compared(head: dict[str, object], problem: str, tmp_path: Path) -> None:
    lines = [json.dumps(replay_log.head(CATALOGUE) | head), *map(line, sent(COMPANY))]
    (tmp_path / "log.jsonl").write_text("\n".join(lines), encoding="utf-8")
    text = problem.format(meaning=catalogues.MEANING)
    message = f"{tmp_path}: no row could be read from log.jsonl:2 and 2 more: {text}"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        replay(tmp_path, export(COMPANY))


def test_a_log_of_other_leads_or_without_rows_is_refused(tmp_path: Path) -> None:
    log = written(tmp_path / "log.jsonl", [line(whole([lead("zoe")], "zoe"))])
    message = (
        f"{log}: none of its 1 rows is of a lead that the export has, such as 'zoe'; "
        "name the CRM that the requests came from"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        replay(log, export(COMPANY))
    with pytest.raises(DataError, match=r"holds no rows; requests that are scored while LEAD_SCORING_REQUEST_LOG is"):
        replay(written(tmp_path / "empty.jsonl", []), export(COMPANY))


def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        CallError, match=r"nowhere: there is no such file or folder; name what LEAD_SCORING_REQUEST_LOG"
    ):
        replay(tmp_path / "nowhere", export(COMPANY))
    message = f"{tmp_path}: holds no .jsonl or .jsonl.gz; name the folder that LEAD_SCORING_REQUEST_LOG named"
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        replay(tmp_path, export(COMPANY))


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(cases())
def test_whatever_was_sent_whole_is_the_same_and_never_explained(tmp_path: Path, case: Case) -> None:
    """Sums that are infinite, missing values, ties, late arrivals: numbers survive the log to the last bit."""
    requests = [whole(case.company, one.lead_id) for one in case.company]
    lines = [line(one, case.cutoff, case.catalogue) for one in requests]
    export_ = replace(export(case.company), exported_at=2**60)
    found = replay(written(tmp_path / "log.jsonl", lines, case.catalogue), export_)
    assert (found.rows, found.same_rows, found.causes) == (4, 4, ())


def test_the_report_names_feature_example_cause_and_total(tmp_path: Path) -> None:
    requests = [*sent(COMPANY, without="anna:1"), whole([lead("zoe")], "zoe")]
    log = written(tmp_path / "log.jsonl", [*map(line, requests), "broken"])
    console = Console(width=160, record=True, file=StringIO())
    render(replay(log, export(COMPANY)), console)
    text = " ".join(console.export_text().split())
    assert "Rows 4, of moments from 2024-04-04T10:20:30.000005Z to 2024-04-04T10:20:30.000005Z" in text
    assert "1 row of leads that the export does not have, as 'zoe'" in text
    assert "intent_count_3d: 1 different, 2 same, 1 missing; largest 1" in text
    assert "anna at 2024-04-04T10:20:30.000005Z logged 0, now 1" in text
    assert f"1 row: {Cause.MORE.value} For example anna at 2024-04-04T10:20:30.000005Z" in text
    assert "1 line: is no JSON (Expecting value) The first is log.jsonl:6" in text
    assert text.index(Cause.MORE.value) < text.index("Features that differ")
    assert re.search(
        r"Values: [\d,]+ same, [\d,]+ different, [\d,]+ missing "
        r"2 of 3 compared rows same; 1 not compared; 1 line unreadable$",
        text,
    )


def test_the_report_shows_three_features_a_block_and_breaks_no_name_or_moment(tmp_path: Path) -> None:
    name = "4f9d3c1e-5a57-4a52-9d1c-0d3f5b2c8a11"
    company = [lead(name)]
    console = Console(width=80, record=True, file=StringIO())
    found = replayed(tmp_path, sent(company, without=f"{name}:1"), company)
    render(found, console)
    lines = [one.rstrip() for one in console.export_text().splitlines()]
    shown = [one.name for one in found.features if any(text.startswith(f"    {one.name}:") for text in lines)]
    blocks = Counter(one.block for one in found.features if one.name in shown)
    assert set(blocks) == {one.block for one in found.features if one.different}
    assert max(blocks.values()) == 3
    assert lines.count(f"      {name} at 2024-04-04T10:20:30.000005Z") == len(shown)


def test_the_report_of_a_log_that_is_the_same_says_so_in_a_line(tmp_path: Path) -> None:
    console = Console(width=80, record=True, file=StringIO())
    render(replayed(tmp_path, sent(COMPANY)), console)
    values = 3 * len(CATALOGUE.names)
    assert console.export_text(clear=False).splitlines()[-2:] == [
        f"Values: {values:,} same, 0 different, 0 missing",
        "3 of 3 compared rows same",
    ]


@pytest.mark.parametrize(
    ("requests", "more", "colour"),
    [
        (sent(COMPANY), [], "32"),
        ([*sent(COMPANY), whole([lead("zoe")], "zoe")], [], "33"),
        (sent(COMPANY), ["broken"], "31"),
        (sent(COMPANY, without="anna:1"), [], "31"),
    ],
    ids=["all the same", "some left out", "unreadable", "different"],
)
def test_the_verdict_is_green_only_where_everything_was_compared(
    requests: Sequence[LeadHistory], more: list[str], colour: str, tmp_path: Path
) -> None:
    console = Console(width=80, file=StringIO(), force_terminal=True, color_system="standard")
    with console.capture() as said:
        render(replay(written(tmp_path / "log.jsonl", [*map(line, requests), *more]), export(COMPANY)), console)
    assert f"\x1b[1;{colour}m" in said.get().splitlines()[-1]
