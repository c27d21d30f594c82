"""Writers that are killed, that meet, and that wait: batches are whole, rows are there once, a watermark stays what it was."""

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from store_cases import same
from store_writer import batch

from histories import store as stores
from histories.contract import Interaction
from histories.store import InteractionRow, LeadRow, Store, Verdict
from histories.store.database.schema import INTERACTIONS, WATERMARK

ROWS = 500
ROOT = Path(__file__).parents[2]


def writer(url: str, first: int, last: int) -> subprocess.Popen[str]:
    command = [sys.executable, Path(__file__).with_name("store_writer.py"), url, str(first), str(last), str(ROWS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT)})
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def ids(store: Store) -> list[str]:
    with store.database.reading() as connection:
        return [row[0] for row in connection.execute(sa.select(INTERACTIONS.c.interaction_id))]


def killed_after(url: str, first: int, seconds: float) -> int:
    """Kill a writer some time after its first batch; return the batch that it acknowledged last."""
    process = writer(url, first, first + 10_000)
    assert process.stdout is not None
    said = [process.stdout.readline()]
    time.sleep(seconds)
    process.kill()
    said += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    return int([line for line in said if line.endswith("\n")][-1].split()[0])


def check_kills(url: str, times: int, seed: int) -> None:
    delays, first = random.Random(seed), 0  # noqa: S311 - moments of death, no secrets
    for _ in range(times):
        last = killed_after(url, first, delays.uniform(0, 0.1))
        with Store.open(url) as store:
            there = ids(store)
            assert len(there) == len(set(there))
            known = set(there)
            acknowledged = {row.interaction.interaction_id for number in range(last + 1) for row in batch(number, ROWS)}
            beyond = {row.interaction.interaction_id for row in batch(last + 1, ROWS)} - acknowledged
            assert acknowledged <= known
            assert known - acknowledged in (set(), beyond)  # the one in hand: wholly or not at all
        first = last + 1


def test_a_killed_writer_leaves_what_it_acknowledged_and_whole_batches_alone(url: str) -> None:
    check_kills(url, 2, 1)


@pytest.mark.slow
def test_twenty_kills_leave_what_was_acknowledged_and_whole_batches_alone(url: str) -> None:
    check_kills(url, 20, 2)


def test_four_processes_with_the_same_rows_add_each_once_and_what_was_read_meanwhile_is_read_again(url: str) -> None:
    with Store.open(url) as store:
        store.add_leads([LeadRow(f"lead:{number}", 0) for number in range(7)], 0)
        processes = [writer(url, first, 11) for first in (0, 0, 3, 6)]
        looked = []
        while any(process.poll() is None for process in processes):
            watermark = store.watermark()
            looked.append((watermark, stores.histories(store, 10**9, watermark)))
        added = 0
        for process in processes:
            assert process.stdout is not None
            added += sum(int(line.split()[1]) for line in process.stdout)
            process.stdout.close()
            assert process.returncode == 0
        wanted = {row.interaction.interaction_id for number in range(12) for row in batch(number, ROWS)}
        there = ids(store)
        assert set(there) == wanted
        assert len(there) == len(wanted) == added
        assert store.watermark() == 1 + 12 + 12 + 9 + 6
        assert all(
            same(stores.histories(store, 10**9, watermark), seen)
            for watermark, seen in looked[:: len(looked) // 4 or 1]
        )


def test_a_batch_waits_for_the_one_that_has_the_watermark_before_it(opened: Store) -> None:
    """Else the later number could be committed first, and a reader at it would miss the earlier one."""
    done = threading.Event()

    def add() -> None:
        opened.add_interactions([InteractionRow("a", Interaction("i", 1, "call"))], 1)
        done.set()

    def hold(connection: sa.Connection) -> threading.Thread:
        connection.execute(sa.update(WATERMARK).values(value=WATERMARK.c.value + 1))
        other = threading.Thread(target=add)
        other.start()
        assert not done.wait(0.3)
        assert opened.watermark() == 0
        return other

    opened.database.written(hold).join()
    assert done.is_set()
    assert opened.watermark() == 2


def test_threads_that_share_a_store_add_each_row_once(opened: Store) -> None:
    verdicts: list[Verdict] = []

    def add() -> None:
        for number in range(10):
            rows = [InteractionRow("a", Interaction(f"i:{number}:{place}", 1, "call")) for place in range(20)]
            verdicts.extend(one.verdict for one in opened.add_interactions(rows, 1).rows)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert verdicts.count(Verdict.ADDED) == 200
    assert verdicts.count(Verdict.DUPLICATE) == 600
