"""`lead-scoring webhooks` lists what was told, has it told again, and tells it where no service runs."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from crossing_cases import answer, note, take, there
from typer.testing import CliRunner
from webhook_cases import SECRET, Crm, check_delivered

from histories.errors import CallError, DataError
from histories.store import Store
from histories.store.crossing import deliveries
from lead_scoring import app


@pytest.fixture
def crm(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    one = Crm(tmp_path)
    monkeypatch.setenv("LEAD_SCORING_STORE", url)
    monkeypatch.setenv("LEAD_SCORING_WEBHOOK_URL", one.url)
    monkeypatch.setenv("LEAD_SCORING_WEBHOOK_SECRET", SECRET)
    yield one
    one.kill()


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["webhooks", *words])


def cross(store: Store, lead_id: str) -> None:
    """A lead reaches mql, and its grade falls."""
    now = time.time_ns() // 1000
    note(store, answer(lead_id, "lead", now, grade="A"), answer(lead_id, "mql", now, grade="B"), now=now)


def test_what_is_due_is_sent_and_listed_as_delivered(opened: Store, crm: Crm) -> None:
    crm.start()
    for lead_id in ("a[b]", "c"):
        cross(opened, lead_id)
    sent = run("send")
    assert (sent.exit_code, sent.stdout) == (0, "4 delivered, 0 failed.\n")
    check_delivered(opened, crm.got())
    listed = run("list", "--lead", "a[b]").stdout.splitlines()
    second, first = there(opened, "a[b]")[::-1]
    assert listed[0] == f"{second.crossing_id}  a[b]  grade A to B"
    assert listed[2] == f"{first.crossing_id}  a[b]  reached mql"
    assert listed[1].startswith("    20")
    assert ", delivered, attempt 1, at 20" in listed[1]
    assert listed[-1] == "2 of 4 crossings: 0 pending, 4 delivered, 0 dead."
    assert max(map(len, listed)) <= 80
    told = json.loads(run("list", "--json", "--most", "1").stdout)
    assert told["counts"] == {"delivered": 4}
    (one,) = told["crossings"]
    assert one["event"]["data"]["lead_id"] == one["lead_id"]


def test_a_receiver_that_is_down_ends_the_command_with_1_and_leaves_everything_pending(opened: Store, crm: Crm) -> None:
    for number in range(8):
        cross(opened, f"lead:{number}")
    sent = run("send")
    assert (sent.exit_code, sent.stdout) == (1, "0 delivered, 5 failed.\n")
    assert sent.stderr.splitlines()[0].endswith(f"{crm.url.split('/hooks')[0]} refused the connection")
    assert {one.state for one in there(opened)} == {"pending"}
    assert run("list", "--state", "dead").stdout == "0 of 16 crossings: 16 pending, 0 delivered, 0 dead.\n"


def test_what_is_dead_is_told_again_under_its_id_before_what_came_later(opened: Store, crm: Crm) -> None:
    cross(opened, "a")
    taken = take(opened, time.time_ns() // 1000)
    assert taken is not None
    opened.database.written(lambda connection: deliveries.dead(connection, taken, "answered 410", taken.made_at))
    again = run("retry", "--dead")
    assert again.stdout.startswith("1 are due now: the service tells them")
    crm.start()
    assert run("send").stdout == "2 delivered, 0 failed.\n"
    assert [(one.message_id, one.number) for one in crm.got()] == [
        (one.crossing_id, one.number) for one in there(opened)
    ]
    assert run("retry", taken.crossing_id).exit_code == 0
    assert [one.state for one in there(opened)] == ["pending", "delivered"]


def test_a_crossing_that_is_not_there_is_named_and_a_call_that_says_nothing_is_refused(opened: Store, crm: Crm) -> None:
    del opened, crm
    missing = run("retry", "msg_none")
    assert isinstance(missing.exception, DataError)
    assert str(missing.exception) == (
        "there is no crossing msg_none; `lead-scoring webhooks list` shows which there are"
    )
    nothing = run("retry")
    assert isinstance(nothing.exception, CallError)
    assert str(nothing.exception) == "name the crossings by their ids, or say --dead for all that are dead"


def test_without_a_receiver_nothing_is_sent(opened: Store, crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    del opened, crm
    monkeypatch.delenv("LEAD_SCORING_WEBHOOK_URL")
    monkeypatch.delenv("LEAD_SCORING_WEBHOOK_SECRET")
    found = run("send").exception
    assert str(found) == (
        "LEAD_SCORING_WEBHOOK_URL is not set; name the receiver, and LEAD_SCORING_WEBHOOK_SECRET beside it"
    )
