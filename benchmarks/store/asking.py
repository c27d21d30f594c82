"""How long `predict_one` takes for a lead of the store with 200 interactions; run `python -m benchmarks.store.asking`.

By its id alone, and with the same interactions in the body: both from one service, over HTTP, which keeps each answer
before it goes out. Beside them the same body from a service that has no store and keeps nothing. The three take turns,
so that what else the machine does hits all alike.
"""

import argparse
import http.client
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

from benchmarks.serving import workload
from benchmarks.store.ingestion import database, postgresql
from histories import clock, export, select, store
from histories.contract import Interaction, LeadHistory
from histories.store import AttributeRow, InteractionRow, LeadRow, OutcomeRow, Store
from serving import serve
from serving.wire.mapping import request_of

INTERACTIONS, LEADS = 200, 50
_STORE = "LEAD_SCORING_STORE"


def leads(folder: Path) -> list[LeadHistory]:
    """Leads of a simulated export, without accounts, each with as many interactions."""
    histories = export.read(folder / "crm.toml", workload.NOW).histories
    known = list(islice((one for one in select.each(histories) if one.interactions), LEADS))
    pool = cycle(touch for one in known for touch in one.interactions)
    return [_lead(one, number, list(islice(pool, INTERACTIONS))) for number, one in enumerate(known)]


def _lead(one: LeadHistory, number: int, touches: Sequence[Interaction]) -> LeadHistory:
    step = max((workload.NOW - clock.DAY - one.created_at) // INTERACTIONS, 1)
    made = tuple(
        touch._replace(
            interaction_id=f"bench:{number}:{place}", occurred_at=one.created_at + place * step, received_at=None
        )
        for place, touch in enumerate(touches)
    )
    return replace(one, account_id=None, account_interactions=None, interactions=made)


def fill(url: str, known: Sequence[LeadHistory]) -> None:
    """Take them in."""
    with Store.open(url) as opened:
        opened.add_leads([LeadRow(one.lead_id, one.created_at) for one in known], 1)
        for one in known:
            opened.add_interactions([InteractionRow(one.lead_id, each) for each in one.interactions], 1)
            if one.attributes:
                opened.add_attributes([AttributeRow(one.lead_id, each) for each in one.attributes], 1)
            if one.outcomes:
                opened.add_outcomes([OutcomeRow(one.lead_id, each) for each in one.outcomes], 1)


@contextmanager
def service(bundle: Path, rulebook: Path, url: str, log: Path) -> Iterator[http.client.HTTPConnection]:
    """Yield a connection to a service on the store at `url`; empty: on none."""
    before = os.environ.get(_STORE, "")
    os.environ[_STORE] = url
    try:
        with serve.background(bundle, rulebook, log=log) as served:
            connection = http.client.HTTPConnection(served.url.removeprefix("http://"), timeout=60)
            yield connection
            connection.close()
    finally:
        os.environ[_STORE] = before


def asked(connection: http.client.HTTPConnection, body: bytes) -> tuple[float, bytes]:
    """Return how long one call took (seconds), and the answer without its request id."""
    begin = time.perf_counter()
    connection.request("POST", "/v1/predict_one", body, {"content-type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    took = time.perf_counter() - begin
    if response.status != 200:
        raise RuntimeError(answer.decode())
    return took, answer.partition(b",")[2]


def measure(
    with_store: http.client.HTTPConnection,
    without: http.client.HTTPConnection,
    known: Sequence[LeadHistory],
    turns: int,
) -> tuple[float, float, float]:
    """Return the medians (seconds) by id, by body, and by body without a store."""
    named = [json.dumps({"lead_id": one.lead_id, "as_of": clock.iso(workload.NOW)}).encode() for one in known]
    told = [json.dumps(request_of(one, workload.NOW)).encode() for one in known]
    without.close()  # it was idle, and is opened anew
    took: tuple[list[float], list[float], list[float]] = ([], [], [])
    for turn in range(turns):
        place = turn % len(known)
        calls = [(0, with_store, named[place]), (1, with_store, told[place]), (2, without, told[place])]
        answers = set()
        for which, connection, body in calls[turn % 3 :] + calls[: turn % 3]:
            seconds, answer = asked(connection, body)
            answers.add(answer)
            took[which].append(seconds)
        if len(answers) != 1:
            raise RuntimeError(f"lead {known[place].lead_id} is answered in {len(answers)} ways")
    first, second, third = (statistics.median(some[len(some) // 10 :]) for some in took)
    return first, second, third


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=1_000)
    parser.add_argument("--leads", type=int, default=2_000, help="leads of the export that is trained on")
    parser.add_argument("--postgres", metavar="URL", help="a server [default: one of its own]")
    call = parser.parse_args()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ["BENTOML_HOME"] = str(scratch / "bentoml")  # before BentoML is imported
        (scratch / "bentoml").mkdir()
        made = workload.write(scratch / "work", call.leads, seed=1)
        known = leads(scratch / "work" / "export")
        server = stack.enter_context(postgresql(call.postgres))
        without = stack.enter_context(service(made.bundle, made.rulebook, "", scratch / "without.log"))
        store.upgrade(f"sqlite:///{scratch}/store.db")
        of_postgresql = stack.enter_context(database(server, "asking"))
        sys.stdout.write(f"predict_one, {INTERACTIONS} interactions: medians of {call.turns:,} turns, milliseconds\n")
        sys.stdout.write(f"{'':12} {'by id':>7} {'body':>7} {'ratio':>6} {'body, no store':>15} {'ratio':>6}\n")
        for name, url in (("SQLite", f"sqlite:///{scratch}/store.db"), ("PostgreSQL", of_postgresql)):
            fill(url, known)
            with service(made.bundle, made.rulebook, url, scratch / f"{name}.log") as connection:
                by_id, body, bare = measure(connection, without, known, call.turns)
            sys.stdout.write(
                f"{name:12} {by_id * 1e3:7.1f} {body * 1e3:7.1f} {by_id / body:6.2f} {bare * 1e3:15.1f} {by_id / bare:6.2f}\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
