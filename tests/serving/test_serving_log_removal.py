"""A lead's lines leave the files of a request log, while a service goes on writing into the folder."""

import fcntl
import gzip
import json
import os
import stat
import threading
from pathlib import Path

import pytest

from histories.contract import LeadHistory
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer
from serving import log_removal
from serving.log_removal import Removed
from serving.request_log import RequestLog

NOW = 1_780_000_000_000_000
LIMIT = 2**30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log"


def write(log: RequestLog, scorer: Scorer, leads: tuple[LeadHistory, ...], as_of: int) -> None:
    log.write(scorer.scored(list(leads), as_of, 0), scorer.bundle, "r", as_of, NOW)


def bytes_of(folder: Path) -> bytes:
    files = [path.read_bytes() for path in sorted(folder.iterdir())]
    return b"".join(gzip.decompress(one) if one[:2] == b"\x1f\x8b" else one for one in files)


def ids(folder: Path) -> list[str]:
    return [json.loads(line)["lead_id"] for line in bytes_of(folder).splitlines() if b"lead_id" in line]


@pytest.fixture(scope="module")
def scorer(bundle: Bundle, rulebook: Rulebook) -> Scorer:
    return Scorer(bundle, rulebook)


def test_a_leads_lines_go_and_the_service_writes_on_into_a_new_file(
    scorer: Scorer, folder: Path, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    log = RequestLog(folder, LIMIT)
    write(log, scorer, leads[:3], as_of)
    write(log, scorer, leads[1:2], as_of)
    (path,) = folder.iterdir()
    before = path.read_bytes().splitlines(keepends=True)
    gone = leads[1].lead_id
    assert log_removal.remove(folder, [gone]) == Removed(2, 1, ())
    assert path.read_bytes() == b"".join([before[0], before[1], before[3]])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    write(log, scorer, leads[3:5], as_of)
    assert len(list(folder.iterdir())) == 2
    # Within one second it is chance which of the two files has the earlier name.
    assert sorted(ids(folder)) == sorted(leads[place].lead_id for place in (0, 2, 3, 4))
    assert log.lost == 0
    assert log_removal.remove(folder, [gone]) == Removed(0, 0, ())


def test_a_line_that_comes_while_the_file_is_rewritten_goes_into_another_at_once(
    scorer: Scorer, folder: Path, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    log = RequestLog(folder, LIMIT)
    write(log, scorer, leads[:1], as_of)
    (path,) = folder.iterdir()
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        write(log, scorer, leads[1:2], as_of)
    assert len(list(folder.iterdir())) == 2
    assert sorted(ids(folder)) == sorted(one.lead_id for one in leads[:2])
    assert log.lost == 0


def test_no_line_of_anybody_else_is_lost_or_doubled_while_leads_are_removed(
    scorer: Scorer, folder: Path, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    log = RequestLog(folder, LIMIT)
    scored = [scorer.scored([one], as_of, 0) for one in leads[:20]]
    gone = {one.lead_id for one in leads[:10]}
    for one in scored:
        log.write(one, scorer.bundle, "r", as_of, NOW)

    def keep_writing() -> None:
        for _ in range(30):
            for one in scored[10:]:
                log.write(one, scorer.bundle, "r", as_of, NOW)

    writing = threading.Thread(target=keep_writing)
    writing.start()
    removed = sum(log_removal.remove(folder, [one]).lines for one in sorted(gone))
    writing.join()
    assert removed == 10
    assert log.lost == 0
    found = ids(folder)
    assert {one: found.count(one) for one in found} == {one.lead_id: 31 for one in leads[10:20]}


def row(lead_id: str) -> bytes:
    return json.dumps({"request_id": "r", "lead_id": lead_id, "row": [1.0]}).encode() + b"\n"


def test_two_removals_at_once_take_turns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else one would clear away what the other writes, or bring back the lines that the other took out."""
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(row("a") + row("b") + row("c"))
    begun, go_on = threading.Event(), threading.Event()
    made_durable = log_removal._made_durable

    def slowly(written: Path, source: Path) -> None:
        begun.set()
        assert go_on.wait(20)
        made_durable(written, source)

    monkeypatch.setattr(log_removal, "_made_durable", slowly)
    found: dict[str, Removed] = {}

    def remove(lead_id: str) -> None:
        found[lead_id] = log_removal.remove(folder, [lead_id])

    first, second = (threading.Thread(target=remove, args=(name,)) for name in "ab")
    first.start()
    assert begun.wait(20)
    second.start()
    second.join(0.2)
    go_on.set()
    for one in (first, second):
        one.join(20)
    assert found == {"a": Removed(1, 1, ()), "b": Removed(1, 1, ())}
    assert (folder / "a.jsonl").read_bytes() == row("c")
    assert [one.name for one in folder.iterdir()] == ["a.jsonl"]


def test_packed_files_are_rewritten_and_other_files_left_alone(folder: Path) -> None:
    folder.mkdir()
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(row("lead-1") + row("lead-12")))
    untouched = gzip.compress(row("lead-12"))
    (folder / "b.jsonl.gz").write_bytes(untouched)
    (folder / "notes.txt").write_bytes(row("lead-1"))
    assert log_removal.remove(folder, ["lead-1"]) == Removed(1, 1, ())
    assert gzip.decompress((folder / "a.jsonl.gz").read_bytes()) == row("lead-12")
    assert (folder / "b.jsonl.gz").read_bytes() == untouched
    assert (folder / "notes.txt").read_bytes() == row("lead-1")


@pytest.mark.parametrize("name", ["Zoë", 'a"b', "\\", "鉛", "12"])
def test_a_name_is_found_however_json_writes_it(folder: Path, name: str) -> None:
    folder.mkdir()
    plain = json.dumps({"lead_id": name, "row": [12]}, ensure_ascii=False).encode() + b"\n"
    (folder / "a.jsonl").write_bytes(plain + row(name) + row(f"{name}2") + b'{"catalogue": "12"}\n')
    assert log_removal.remove(folder, [name]).lines == 2
    assert (folder / "a.jsonl").read_bytes() == row(f"{name}2") + b'{"catalogue": "12"}\n'


def test_a_line_that_was_cut_off_goes_where_it_names_the_lead(folder: Path) -> None:
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(row("b") + row("a")[:40])
    assert log_removal.remove(folder, ["a"]).lines == 1
    assert (folder / "a.jsonl").read_bytes() == row("b")


def test_a_damaged_file_is_told_of_and_left_and_the_others_are_rewritten(folder: Path) -> None:
    folder.mkdir()
    damaged = gzip.compress(row("a") + os.urandom(5000))[:-100]
    (folder / "a.jsonl.gz").write_bytes(damaged)
    (folder / "b.jsonl").write_bytes(row("a"))
    assert log_removal.remove(folder, ["a"]) == Removed(1, 1, (folder / "a.jsonl.gz",))
    assert (folder / "a.jsonl.gz").read_bytes() == damaged
    assert (folder / "b.jsonl").read_bytes() == b""


def test_what_a_removal_that_was_killed_left_behind_is_cleared_away(folder: Path) -> None:
    folder.mkdir()
    (folder / ".requests-1.jsonl.4711").write_bytes(row("b"))
    assert log_removal.remove(folder, ["a"]) == Removed(0, 0, ())
    assert list(folder.iterdir()) == []
    assert log_removal.remove(folder / "none", ["a"]) == Removed(0, 0, ())
