"""Kills the service under eight writers, on SQLite and on PostgreSQL, and writes the page: `python -m benchmarks.intake`.

Exit status 1 where a promise was broken; the page says which.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.intake import check, load
from benchmarks.intake.run import Ran, Service, run
from benchmarks.scale.machine import machine
from benchmarks.serving import workload
from benchmarks.serving.workload import NOW
from benchmarks.store.ingestion import postgresql
from histories import clock, export, sample, select, store
from histories.store import Definitions, Store
from histories.whole_file import whole_file

_ROOT = Path(__file__).resolve().parents[2]
_WRITERS, _POINTS = 8, 2_000


@dataclass(frozen=True, slots=True)
class Found:
    """What one database made of it."""

    database: str
    ran: Ran
    rows: int
    interactions: int
    broken: tuple[str, ...]


def main() -> None:
    """Read the arguments, run on each database, and write the page whole or not at all."""
    began = time.time_ns() // 1000
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intake", description=__doc__)
    parser.add_argument("--leads", type=int, default=8_800, help="some 18 interactions each, a fourth of them twice")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--page", type=Path, default=_ROOT / "docs" / "intake.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="intake-") as scratch:
        folder = Path(scratch)
        made = workload.write(folder / "model", 1_500, 1)
        found = [
            _found(name, folder, made.bundle, made.rulebook, given.leads, given.kills)
            for name in given.database or ["sqlite", "postgresql"]
        ]
    with whole_file(given.page) as unfinished:
        unfinished.write_text(page(found, began), encoding="utf-8")
    sys.stderr.write(f"written: {given.page}\n")
    sys.exit(1 if any(one.broken for one in found) else 0)


def _found(database: str, folder: Path, bundle: Path, rules: Path, leads: int, kills: int) -> Found:
    here = folder / database
    here.mkdir()
    sample.write(here / "export", leads=leads, months=24, seed=2)
    exported = load.arriving(export.read(here / "export" / "crm.toml", NOW).histories)
    posts = load.write(here, exported, list(select.each(exported)), _WRITERS, 1)
    with _empty(database, here) as url:
        store.upgrade(url)
        with Store.open(url) as opened:
            declared = Definitions(exported.timezone, exported.families, exported.attribute_types)
            store.define(opened, declared, time.time_ns() // 1000)
        ran = run(Service(bundle, rules, url, 2), posts, kills, here)
        with Store.open(url) as opened:
            broken = tuple(check.broken(opened, posts, ran.acknowledged, exported, bundle, rules, _POINTS))
    sys.stderr.write(f"{database}: {ran.seconds:.0f} s, {broken or 'nothing broken'}\n")
    return Found(database, ran, posts.rows, posts.interactions, broken)


@contextmanager
def _empty(database: str, folder: Path) -> Iterator[str]:
    """Yield the URL of a database of its own."""
    if database == "sqlite":
        yield f"sqlite:///{folder}/store.db"
        return
    with postgresql(None) as url:
        yield url


def page(found: list[Found], began: int) -> str:
    """Return the page."""
    rows = [
        f"| {one.database} | {one.rows:,} | {one.interactions:,} | {one.ran.kills} | {one.ran.seconds:,.0f} | "
        f"{one.ran.acknowledged.added:,} | {one.ran.acknowledged.duplicates:,} | {one.ran.acknowledged.refused:,} |"
        for one in found
    ]
    broken = [f"- {one.database}: {text}" for one in found for text in one.broken] or ["None."]
    return "\n".join(
        [
            "# Writers against kill -9",
            "",
            (
                f"`python -m benchmarks.intake` let {_WRITERS} processes post a sample's interactions to "
                f"`POST /v1/interactions`, {load.ROWS} a request, a fifth of the rows a second time and a tenth out of "
                "order, on two workers. Meanwhile every process of the service was killed at once (`kill -9`), started "
                "again, and so on; a writer without an answer posts the same request again. It wrote this page."
            ),
            "",
            f"- Date: {clock.iso(began)[:10]}",
            f"- Machine: {machine()}; PostgreSQL ran on it too.",
            "",
            "| database | rows posted | interactions | kills | seconds | added | duplicates | refused |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
            (
                "Rows that were in when a process was killed before it answered were posted again and answered as "
                "duplicates, so that fewer were answered as added than there are. Seconds include the starts."
            ),
            "",
            (
                "Then: each acknowledged interaction is there exactly once, and nothing else; all tables equal the "
                "export's; the features of every lead have the export's bits; and of "
                f"{_POINTS:,} leads the points of an answer equal the sum of its ledger and a naive count over what "
                "was posted."
            ),
            "",
            "Promises broken:",
            "",
            *broken,
            "",
        ]
    )


if __name__ == "__main__":
    main()
