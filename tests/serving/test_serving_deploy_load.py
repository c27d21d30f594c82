"""Twenty changes of champion under load: no request fails, and each is answered by one of the two, wholly."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest
from serving_client import batch_of
from serving_models import Packed, Pair
from serving_world import Packable

from histories import clock
from histories.contract import LeadHistory
from serving import serve
from serving.deploy import rollout, workers
from serving.deploy.deployment import Deployment
from serving.deploy.pack import pack
from serving.serve import Served
from serving.wire import answers

SWAPS = 20
CLIENTS = 4
WORKERS = 2


def own(packed: Packed, leads: Sequence[LeadHistory], as_of: int) -> list[dict[str, object]]:
    return [answers.row(one).model_dump(mode="json") for one in packed.scorer.score(leads, as_of, 3)]


@dataclass
class Load:
    """Clients that ask without a pause; every second request has a connection of its own."""

    url: str
    bodies: list[object]
    expected: dict[str, list[list[dict[str, object]]]]
    answered: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def clients(self) -> Iterator[None]:
        threads = [threading.Thread(target=self.ask, args=(number,)) for number in range(CLIENTS)]
        for one in threads:
            one.start()
        try:
            yield
        finally:
            self.ended.set()
            for one in threads:
                one.join()

    def ask(self, client: int) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as kept_open:
            number = client
            while not self.ended.is_set():
                place, number = number % len(self.bodies), number + 1
                began = time.perf_counter()
                if number % 2:
                    self.note(place, kept_open.post("/v1/predict", json=self.bodies[place]))
                else:
                    self.note(place, httpx.post(f"{self.url}/v1/predict", json=self.bodies[place], timeout=60))
                self.seconds.append(time.perf_counter() - began)

    def note(self, place: int, response: httpx.Response) -> None:
        if response.status_code != 200:
            self.wrong.append(f"{response.status_code} {response.text[:300]}")
            return
        answer = response.json()
        version = answer["model_version"]
        self.answered[version] += 1
        if answer["leads"] != self.expected.get(version, {place: None})[place]:
            self.wrong.append(f"request {place}: not the numbers of {version}")


def swapped(served: Served, deployment: Deployment, new: Packed, number: int) -> int:
    """Change over to another model, see that it alone answers, and return the workers' memory."""
    deployment.keep(new.tag, new.folder)
    at = clock.iso(clock.parse("2026-01-01") + number * clock.SECOND)
    done = rollout.roll_out(deployment, new.entry(at), lambda *_: None, wait=900)
    assert [one.tag for one in done] == [new.tag] * WORKERS
    body = {"leads": [{"lead_id": "L", "created_at": "2026-01-01T00:00:00Z"}]}
    found = {httpx.post(f"{served.url}/v1/predict", json=body, timeout=60).json()["model_version"] for _ in range(10)}
    assert found == {new.bundle.version}
    return memory(served)


def running(served: Served) -> list[psutil.Process]:
    return [
        one
        for one in psutil.Process(served.process.pid).children(recursive=True)
        if "worker" in " ".join(one.cmdline())
    ]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_twenty_swaps_under_load_fail_no_request(
    packable: Packable, pair: Pair, leads: tuple[LeadHistory, ...], as_of: int, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Two workers, real HTTP, four clients; after each swap a new request is answered by the new champion alone."""
    monkeypatch.setenv("LEAD_SCORING_WORKERS", str(WORKERS))
    deployment = Deployment(tmp_path / "deployment")
    batches = [leads[start : start + 5] for start in range(0, 40, 5)]
    expected = {one.bundle.version: [own(one, batch, as_of) for batch in batches] for one in (pair.old, pair.new)}
    with serve.background(
        packable.bundle_folder, packable.rulebook, log=tmp_path / "log", wait=900, deployment=deployment.folder
    ) as served:
        until_all_answer(deployment, pack(packable.bundle_folder, packable.rulebook))
        load = Load(served.url, [batch_of(one, as_of, 3) for one in batches], expected)
        before = memory(served)
        with load.clients():
            peak = max(swapped(served, deployment, (pair.new, pair.old)[number % 2], number) for number in range(SWAPS))
        after = memory(served)
    assert load.wrong == []
    assert set(load.answered) == set(expected)
    assert min(load.answered.values()) > SWAPS
    print(  # noqa: T201  # `pytest -s` shows what docs/deploy.md says
        f"{SWAPS} swaps, {sum(load.answered.values())} requests, slowest {max(load.seconds):.2f} s; "
        f"memory of {WORKERS} workers {before / 2**20:.0f} MB before, {peak / 2**20:.0f} at most, {after / 2**20:.0f} after"
    )


def until_all_answer(deployment: Deployment, tag: str) -> None:
    deadline = time.monotonic() + 900
    while [one.tag for one in workers.live(deployment.workers)] != [tag] * WORKERS:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def memory(served: Served) -> int:
    return sum(one.memory_info().rss for one in running(served))
