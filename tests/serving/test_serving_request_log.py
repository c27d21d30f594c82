"""The request log: what is in it, that its lines are whole, that it stays small, and that no request waits for it."""

import errno
import json
import logging
import os
import re
import stat
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from serving_client import batch_of
from serving_world import Packable

from features import one
from features.replay.causes import Cause
from features.replay.replay import replay
from histories import clock
from histories.contract import Histories, LeadHistory
from histories.errors import CallError
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer
from serving import request_log, serve
from serving.predictor import Predictor
from serving.request_log import RequestLog
from serving.wire import mapping

NOW = clock.parse("2026-06-01T12:30:00.5Z")
LIMIT = 2**30


@pytest.fixture(scope="session")
def histories() -> Histories:
    return sys.modules["small_bundle"].histories()  # type: ignore[no-any-return]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a" / "log"


@pytest.fixture
def logging_predictor(bundle: Bundle, rulebook: Rulebook, folder: Path) -> Predictor:
    return Predictor(bundle, rulebook, 10_000, RequestLog(folder, LIMIT))


def ask(predictor: Predictor, leads: Sequence[LeadHistory], as_of: int, request_id: str = "r1") -> bytes:
    return predictor.predict(json.dumps(batch_of(leads, as_of)).encode(), request_id, NOW).body


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.iterdir()) for line in path.read_bytes().splitlines()]


def test_each_lead_that_was_scored_leaves_the_row_that_it_was_scored_from(
    logging_predictor: Predictor, bundle: Bundle, folder: Path, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    ask(logging_predictor, leads[:20], as_of)
    head, *rows = lines(folder)
    assert list(head) == ["catalogue", "meaning", "content"]
    assert type(bundle.catalogue).from_json(head["content"]) == bundle.catalogue
    assert [list(row) for row in rows] == [["request_id", "lead_id", "as_of", "catalogue", "bundle", "row"]] * 20
    for row, lead in zip(rows, leads, strict=False):
        assert (row["request_id"], row["lead_id"], row["as_of"]) == ("r1", lead.lead_id, clock.iso(as_of))
        assert (row["catalogue"], row["bundle"]) == (bundle.catalogue.hash, bundle.version)
        logged = np.array(row["row"], dtype=np.float64)
        wanted = one.row(lead, as_of, bundle.catalogue)
        assert ((logged.view(np.uint64) == wanted.view(np.uint64)) | (np.isnan(logged) & np.isnan(wanted))).all()


def test_a_lead_that_cannot_be_scored_and_one_asked_for_alone(
    logging_predictor: Predictor, folder: Path, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    unborn = replace(leads[0], created_at=as_of + 1)
    ask(logging_predictor, [unborn, leads[1]], as_of)
    logging_predictor.predict_one(json.dumps(mapping.request_of(leads[2])).encode(), "r2", as_of)
    assert [(row["request_id"], row["lead_id"]) for row in lines(folder)[1:]] == [
        ("r1", leads[1].lead_id),
        ("r2", leads[2].lead_id),
    ]
    assert lines(folder)[-1]["as_of"] == clock.iso(as_of)


def test_nothing_is_logged_before_the_first_lead_and_nothing_but_rows_after(
    logging_predictor: Predictor, folder: Path, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    logging_predictor.warm_up()
    ask(logging_predictor, [replace(leads[0], created_at=as_of + 1)], as_of)
    assert not folder.exists()
    ask(logging_predictor, leads[:1], as_of)
    (path,) = folder.iterdir()
    assert re.fullmatch(rf"requests-20260601T123000Z-{os.getpid()}-[0-9a-f]{{8}}\.jsonl", path.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    row = path.read_text(encoding="utf-8").splitlines()[1]
    assert not [event.interaction_id for event in leads[0].interactions if event.interaction_id in row]
    assert not [one for one in leads[0].attributes if isinstance(one.value, str) and one.value in row]


def test_the_answer_is_the_same_with_and_without_the_log(
    predictor: Predictor, logging_predictor: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    assert ask(logging_predictor, leads[:30], as_of) == ask(predictor, leads[:30], as_of)


def test_an_infinite_sum_and_a_strange_id_survive(
    bundle: Bundle, rulebook: Rulebook, folder: Path, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    lead = replace(leads[0], lead_id='NaN\n"\u2028Infinity é')
    scored = Scorer(bundle, rulebook).scored([lead], as_of)
    scored.matrix[0, :4] = [np.inf, -np.inf, -0.0, 5e-324]
    RequestLog(folder, LIMIT).write(scored, bundle, "r1", as_of, NOW)
    _, row = lines(folder)
    assert row["lead_id"] == lead.lead_id
    back = np.array(row["row"], dtype=np.float64)
    assert back[:4].tobytes() == scored.matrix[0, :4].tobytes()


def test_threads_write_whole_lines_into_one_file(
    bundle: Bundle, rulebook: Rulebook, folder: Path, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    log, scored = RequestLog(folder, LIMIT), Scorer(bundle, rulebook).scored(leads[:7], as_of)

    def write(name: int) -> None:
        for number in range(20):
            log.write(scored, bundle, f"{name}-{number}", as_of, NOW)

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(folder.iterdir())) == 1
    names = [row["request_id"] for row in lines(folder)[1:]]
    assert len(names) == 4 * 20 * 7
    assert [names[place : place + 7] for place in range(0, len(names), 7)] == [[name] * 7 for name in names[::7]]


def test_two_processes_write_a_file_each(
    bundle: Bundle, rulebook: Rulebook, folder: Path, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    scored = Scorer(bundle, rulebook).scored(leads[:1], as_of)
    for _ in range(2):
        RequestLog(folder, LIMIT).write(scored, bundle, "r1", as_of, NOW)
    assert len(list(folder.iterdir())) == 2


def test_files_are_begun_anew_and_the_oldest_go(
    bundle: Bundle, rulebook: Rulebook, folder: Path, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    """Each file holds its catalogue, so each can be replayed alone."""
    scored = Scorer(bundle, rulebook).scored(leads[:20], as_of)
    log, limit = RequestLog(folder, 1_000_000), 1_000_000
    for number in range(60):
        log.write(scored, bundle, f"r{number}", as_of, NOW + number * clock.SECOND)
        assert sum(path.stat().st_size for path in folder.iterdir()) < limit * 1.1
    paths = sorted(folder.iterdir())
    assert len(paths) > 3
    rows = [[json.loads(line) for line in path.read_bytes().splitlines()] for path in paths]
    assert all("content" in first for first, *_ in rows)
    kept = [row["request_id"] for _, *others in rows for row in others][::20]
    assert kept == [f"r{number}" for number in range(60 - len(kept), 60)]
    assert log.lost == 0


def test_files_that_the_log_has_not_written_are_never_removed(
    bundle: Bundle, rulebook: Rulebook, folder: Path, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    """Of the log's own even packed ones go; names that are merely like them stay, however large and old."""
    own = ["requests-20200101T000000Z-7-0123abcd.jsonl", "requests-20200102T000000Z-7-0123abcd.jsonl.gz"]
    foreign = [
        "interactions.jsonl",
        "requests-2020.jsonl",
        "requests-20200101T000000Z-7-0123abcd.jsonl.bak",
        "a.jsonl.gz",
    ]
    folder.mkdir(parents=True)
    for name in (*own, *foreign):
        (folder / name).write_bytes(b"x" * 2_000_000)
    scored = Scorer(bundle, rulebook).scored(leads[:20], as_of)
    RequestLog(folder, 1_000_000).write(scored, bundle, "r1", as_of, NOW)
    left = {path.name for path in folder.iterdir()}
    assert left - {name for name in left if name.startswith("requests-2026")} == set(foreign)
    assert all((folder / name).stat().st_size == 2_000_000 for name in foreign)


def test_a_file_that_somebody_removed_is_begun_anew(
    logging_predictor: Predictor, folder: Path, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    ask(logging_predictor, leads[:1], as_of)
    for path in folder.iterdir():
        path.unlink()
    ask(logging_predictor, leads[:1], as_of, "r2")
    assert [row.get("request_id") for row in lines(folder)] == [None, "r2"]


def test_a_full_disk_loses_rows_and_no_request(
    logging_predictor: Predictor,
    predictor: Predictor,
    folder: Path,
    leads: tuple[LeadHistory, ...],
    as_of: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The disk takes half of what is written, then nothing: no half line stays, and the log says so twice, not more."""
    ask(logging_predictor, leads[:2], as_of)
    before, write = lines(folder), os.write

    def full(file: int, content: bytes) -> int:
        monkeypatch.setattr(os, "write", nothing)
        return write(file, content[: len(content) // 2])

    def nothing(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with caplog.at_level(logging.INFO, "lead_scoring"):
        monkeypatch.setattr(os, "write", full)
        assert ask(logging_predictor, leads[:3], as_of) == ask(predictor, leads[:3], as_of)
        ask(logging_predictor, leads[:4], as_of)
        assert lines(folder) == before
        monkeypatch.setattr(os, "write", write)
        ask(logging_predictor, leads[:5], as_of, "r3")
    assert [record.message for record in caplog.records if record.name == "lead_scoring.request_log"] == [
        "the request log cannot be written (No space left on device); answers go on without it",
        "the request log is written again; leads lost so far: 7",
    ]
    counts = Counter(row.get("request_id") for row in lines(folder))  # which of the two files is first is chance
    assert counts == {None: 2, "r1": 2, "r3": 5}


def test_a_folder_that_cannot_be_is_refused_before_the_service_starts(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = f"LEAD_SCORING_REQUEST_LOG: {tmp_path / 'file'}: is a file; name a folder"
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        request_log.check(tmp_path / "file")
    request_log.check(tmp_path / "new" / "folder")


def test_a_server_s_log_is_replayed_bit_for_bit_and_what_was_withheld_is_named(
    packable: Packable,
    bundle: Bundle,
    histories: Histories,
    leads: tuple[LeadHistory, ...],
    as_of: int,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the requests say is what the export says; then one request leaves out its lead's newest interaction."""
    monkeypatch.setenv("LEAD_SCORING_REQUEST_LOG", str(folder))
    monkeypatch.setenv("LEAD_SCORING_WORKERS", "2")
    known = [lead for lead in leads if any(event.occurred_at < as_of for event in lead.interactions)]
    newest = max(
        (event for event in known[0].interactions if event.occurred_at < as_of), key=lambda event: event.occurred_at
    )
    less = replace(known[0], interactions=tuple(event for event in known[0].interactions if event != newest))
    with (
        serve.background(packable.bundle_folder, packable.rulebook, log=tmp_path / "service.log") as served,
        httpx.Client(base_url=served.url, timeout=30) as client,
    ):
        for start in range(0, len(leads), 50):
            body = batch_of(leads[start : start + 50], as_of)
            assert client.post("/v1/predict", json=body).status_code == 200
        honest = replay(folder, histories)
        assert client.post("/v1/predict_one", json=mapping.request_of(less, as_of)).status_code == 200
        withheld = replay(folder, histories)
    assert (honest.rows, honest.same_rows, honest.differs, honest.problems) == (len(leads), len(leads), False, ())
    then, now = (one.row(lead, as_of, bundle.catalogue) for lead in (less, known[0]))
    changes = {
        name
        for name, before, after in zip(bundle.catalogue.names, then, now, strict=True)
        if before != after and not (np.isnan(before) and np.isnan(after))
    }
    assert {one.name for one in withheld.features if one.different} == changes != set()
    assert (withheld.rows, withheld.different_rows) == (len(leads) + 1, 1)
    assert [(one.cause, one.rows, one.lead_id) for one in withheld.causes] == [(Cause.MORE, 1, less.lead_id)]
