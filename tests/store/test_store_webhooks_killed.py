"""A service that is killed again and again, with a receiver in trouble: each crossing arrives, in order, under its id."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from crossing_cases import there
from webhook_cases import SECRET, Crm, check_delivered

from histories.clock import DAY
from histories.contract import Direction, Interaction
from histories.store import InteractionRow, LeadRow, Store
from serving import serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
LEADS = [f"lead:{number:02}" for number in range(12)]


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[Crm]:
    one = Crm(tmp_path)
    yield one
    one.kill()


def now() -> int:
    return time.time_ns() // 1000


def post(store: Store, kind: str, wave: int) -> None:
    """Something that each lead did now: `demo_request` makes it mql, two `reply` beside it sql."""
    at = now()
    made = [Interaction(f"{one}:{wave}", at - 1, kind, at, direction=Direction.INBOUND) for one in LEADS]
    store.add_interactions([InteractionRow(one, what) for one, what in zip(LEADS, made, strict=True)], at)


def kill_worker(supervisor: int) -> None:
    """As the machine does where memory is short: nothing is finished, nothing is given back."""
    family = psutil.Process(supervisor).children(recursive=True)
    for one in family:
        if any("worker.service" in word for word in one.cmdline()):
            os.kill(one.pid, signal.SIGKILL)


def wait_for(store: Store, kind: str, seconds: float = 600) -> None:
    """Wait until each lead has reached a stage."""
    deadline = time.monotonic() + seconds
    while sum(one.kind == kind for one in there(store)) < len(LEADS):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def wait_until_delivered(store: Store, seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while any(one.state == "pending" for one in there(store)):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_killed_workers_and_a_receiver_in_trouble_lose_nothing_and_make_nothing_twice(
    url: str, packed: tuple[Path, Path], crm: Crm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAD_SCORING_STORE", url)
    monkeypatch.setenv("LEAD_SCORING_WEBHOOK_URL", crm.url)
    monkeypatch.setenv("LEAD_SCORING_WEBHOOK_SECRET", SECRET)
    log = tmp_path / "service.log"
    with Store.open(url) as store, serve.background(*packed, log=log, wait=600) as served:
        store.add_leads([LeadRow(one, now() - DAY) for one in LEADS], now())
        post(store, "demo_request", 0)
        wait_for(store, "mql")  # nobody receives
        kill_worker(served.process.pid)
        crm.answers("500")
        crm.start()
        post(store, "reply", 1)
        crm.wait(3, 600)
        kill_worker(served.process.pid)
        crm.answers("slow 12")
        for wave in range(2, 4):
            post(store, "reply", wave)
        crm.wait(len(crm.got()) + 3, 600)
        kill_worker(served.process.pid)
        crm.answers("204")
        wait_for(store, "sql")
        wait_until_delivered(store)
        check_delivered(store, crm.got())
        stages = [(one.lead_id, one.kind) for one in there(store) if one.kind != "grade"]
        assert stages == [(lead_id, kind) for lead_id in LEADS for kind in ("mql", "sql")]
    assert SECRET not in log.read_text(encoding="utf-8")
    assert "/hooks" not in log.read_text(encoding="utf-8")
    assert "lead:0" not in log.read_text(encoding="utf-8")
