"""How long answers wait while a person is forgotten; run `python -m benchmarks.store.forgetting --folder F`.

The store has many kept answers; of eight in a hundred the request told twenty interactions of a colleague. Another
process keeps an answer every few milliseconds meanwhile, and says how long the longest took in each step.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.store.ingestion import database, postgresql
from histories import store
from histories.contract import Interaction
from histories.store import InteractionRow, LeadRow, Store
from histories.store.database.schema import SCORES
from histories.store.database.score_row import ScoreRow
from histories.store.kept.answers import keep
from histories.store.privacy import forgetting

ACCOUNTS, COLLEAGUES, WORDS = 2_000, 5, 20
PERSON = "lead-0-0"
NOW = 1_700_000_000_000_000


def rows(answers: int) -> Iterator[dict[str, Any]]:
    """Answers for all leads in turn; of each tenth the request told what the account's first lead did."""
    for number in range(answers):
        account, colleague = number % ACCOUNTS, number // ACCOUNTS % COLLEAGUES
        did = [
            {"interaction_id": f"{account}-0 {one}", "occurred_at": "2023-01-01T00:00:00Z", "kind": "email_open"}
            for one in range(WORDS)
        ]
        told = json.dumps({"account_id": f"account-{account}", "account_interactions": did})
        yield {
            "request_id": f"r{number}",
            "lead_id": f"lead-{account}-{colleague}",
            "as_of": NOW + number,
            "answered_at": NOW + number,
            "watermark": 3,
            "stored": 1,
            "given": told if number % 10 == 9 and colleague else None,
            "bundle_version": "b",
            "rulebook_version": "r",
            "probability_sql": 0.1,
            "probability_customer": 0.05,
            "score": 50.0,
            "grade": "C",
            "rule_points": 12.0,
            "rule_grade": "C3",
            "rule_stage": "lead",
            "stage": "lead",
            "agreement": "both_low",
            "next_action": "nurture",
            "valid_until": NOW + number + 7,
        }


def fill(opened: Store, answers: int) -> None:
    """Take leads, what the first of each account did, and the answers."""
    for account in range(0, ACCOUNTS, 100):
        some = range(account, account + 100)
        opened.add_leads([LeadRow(f"lead-{a}-{c}", 1, f"account-{a}") for a in some for c in range(COLLEAGUES)], 1)
        for part in range(0, 100, 50):
            mine = some[part : part + 50]
            did = [(a, n) for a in mine for n in range(WORDS)]
            opened.add_interactions(
                [InteractionRow(f"lead-{a}-0", Interaction(f"{a}-0 {n}", 2 + n, "email_open")) for a, n in did], 1
            )
    made, batch = rows(answers), list[dict[str, Any]]()
    for one in made:
        batch.append(one)
        if len(batch) == 20_000:
            _insert(opened, batch)
            batch.clear()
    if batch:
        _insert(opened, batch)


def _insert(opened: Store, batch: list[dict[str, Any]]) -> None:
    values = list(batch)
    if opened.database.engine.dialect.name == "sqlite":
        opened.database.written(lambda connection: connection.execute(sa.insert(SCORES), values))
        return
    statement = f"copy scores ({', '.join(values[0])}) from stdin"
    with (
        opened.database.engine.begin() as connection,
        connection.connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for row in values:
            copy.write_row(tuple(row.values()))


def answering(url: str, folder: Path) -> None:
    """Keep answers until a file says to stop; write how long each took, and when it began."""
    one = ScoreRow("r", "lead-1-1", NOW, NOW, 99, 1, None, "b", "r", 0.1, 0.1, 50.0, "B", 1.0, "B2", "lead", "lead",
                   "both_low", "nurture", None, NOW)  # fmt: skip
    with Store.open(url) as opened, (folder / "waits.txt").open("w", encoding="utf-8") as file:
        while not (folder / "stop").exists():
            began = time.time()
            keep(opened, [one], NOW)
            file.write(f"{began} {time.time() - began}\n")
            file.flush()
            time.sleep(0.005)


def measure(url: str, folder: Path) -> None:
    """Forget a person beside a process that answers, and print each step with the longest wait in it."""
    words = [sys.executable, "-m", "benchmarks.store.forgetting", "--answering", url, "--folder", str(folder)]
    with Store.open(url) as opened, subprocess.Popen(words) as other:
        while not (folder / "waits.txt").exists() or (folder / "waits.txt").stat().st_size < 500:
            time.sleep(0.05)
        names = [PERSON]
        steps = {
            "nothing": lambda: time.sleep(2),
            "begin": lambda: forgetting.begin(opened, PERSON, NOW),
            "remove": lambda: forgetting.remove(opened, names),
            "end": lambda: forgetting.end(opened, names),
            "compact": lambda: forgetting.compact(opened),
        }
        spans = {}
        try:
            for name, step in steps.items():
                began = time.time()
                step()
                spans[name] = began, time.time()
            time.sleep(0.5)
        finally:
            (folder / "stop").touch()
            other.wait()
    lines = (folder / "waits.txt").read_text(encoding="utf-8").splitlines()
    waits = [(at, at + took) for at, took in (map(float, line.split()) for line in lines)]
    say(f"{'step':<10}{'seconds':>9}{'longest wait of an answer in it':>33}")
    for name, (began, ended) in spans.items():
        longest = max((min(ended, end) - max(began, at) for at, end in waits), default=0.0)
        say(f"{name:<10}{ended - began:>9.2f}{max(0.0, longest):>33.3f}")


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Fill a store, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="of the files; made")
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--postgres", metavar="URL", help="a server [default: one of its own]")
    parser.add_argument("--answering", metavar="URL", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.answering:
        answering(asked.answering, asked.folder)
        return
    for name in ("sqlite", "postgresql"):
        folder = asked.folder / name
        folder.mkdir(parents=True)
        if name == "sqlite":
            url = f"sqlite:///{folder}/store.db"
            store.upgrade(url)
            told(url, folder, asked.answers)
        else:
            with postgresql(asked.postgres) as server, database(server, "forgetting") as url:
                told(url, folder, asked.answers)


def told(url: str, folder: Path, answers: int) -> None:
    """Fill one store, and print what was measured on it."""
    began = time.time()
    with Store.open(url) as opened:
        fill(opened, answers)
    say(f"\n{folder.name}: {answers:,} answers kept in {time.time() - began:.0f} s")
    measure(url, folder)


if __name__ == "__main__":
    main()
