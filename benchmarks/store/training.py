"""How long a training on the store takes beside one on Parquet files; run `python -m benchmarks.store.training`.

The same simulated deals lie in Parquet, in an SQLite file and in PostgreSQL. Measured are the reading alone, and a whole
`train` with its writing to MLflow. Each is repeated, by turns.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from benchmarks.store.ingestion import database, postgresql
from histories import export, sample, select, store
from histories.clock import iso, parse
from histories.contract import AttributeType, Histories
from histories.origin import ExportFile, Origin, StoreUrl
from histories.store import AttributeRow, Definitions, InteractionRow, LeadRow, OutcomeRow, Store
from training import run

NOW = parse("2030-01-01")
_HEAD = """\
timezone = "{timezone}"
exported_at = {exported_at}
[leads]
file = "leads.parquet"
lead_id = "lead_id"
created_at = "created_at"
account_id = "account_id"
"""
_EVENTS = """
[[interactions]]
file = "interactions.parquet"
lead_id = "lead_id"
interaction_id = "interaction_id"
occurred_at = "occurred_at"
received_at = "received_at"
kind = "{kind}"
channel = "{channel}"
direction = "{direction}"
value = "value"
[[outcomes]]
file = "outcomes.parquet"
lead_id = "lead_id"
stage = "{stage}"
reached_at = "reached_at"
amount = "amount"
"""
_DATED = """
[[attributes]]
query = "select lead_id, coalesce(text, cast(number as varchar)) as value, known_at from 'attributes.parquet' where name = '{name}' and known_at is not null"
lead_id = "lead_id"
name = "{name}"
type = "{kind}"
value = "value"
known_at = "known_at"
"""
_MOMENTS = {"created_at", "occurred_at", "received_at", "reached_at", "known_at"}


def write_parquet(given: Histories, folder: Path) -> Path:
    """Write the tables as Parquet with a crm.toml; return that."""
    undated: dict[str, dict[str, str | float | None]] = {}
    for lead in select.each(given):
        undated[lead.lead_id] = {one.name: one.value for one in lead.attributes if one.known_at is None}
    leads = given.leads
    known = sorted({name for some in undated.values() for name in some})
    for name in known:
        kind = pa.string() if given.attribute_types[name] is AttributeType.CATEGORY else pa.float64()
        values = [undated[one].get(name) for one in leads["lead_id"].to_pylist()]
        leads = leads.append_column(name, pa.array(values, kind))
    tables = {"leads": leads, "interactions": given.interactions}
    for name, table in (tables | {"attributes": given.attributes, "outcomes": given.outcomes}).items():
        fields = [
            pa.field(one.name, pa.timestamp("us", "UTC") if one.name in _MOMENTS else one.type) for one in table.schema
        ]
        parquet.write_table(table.cast(pa.schema(fields)), folder / f"{name}.parquet")
    text = _HEAD.format(timezone=given.timezone, exported_at=iso(given.exported_at))
    text += "[leads.attributes]\n" + "".join(f'{name} = "{given.attribute_types[name].value}"\n' for name in known)
    dated = set(given.attributes.filter(pc.is_valid(given.attributes["known_at"]))["name"].to_pylist())
    text += _EVENTS + "".join(_DATED.format(name=one, kind=given.attribute_types[one].value) for one in sorted(dated))
    text += "[families]\n" + "".join(f"{name} = {list(globs)}\n" for name, globs in given.families.patterns.items())
    (folder / "crm.toml").write_text(text, encoding="utf-8")
    return folder / "crm.toml"


def load(url: str, given: Histories) -> None:
    """Bring all rows into a store."""
    store.upgrade(url)
    with Store.open(url) as opened:
        store.define(opened, Definitions(given.timezone, given.families, given.attribute_types), 1)
        leads = list(select.each(given))
        opened_rows = (
            (opened.add_leads, [LeadRow(one.lead_id, one.created_at, one.account_id) for one in leads]),
            (opened.add_attributes, [AttributeRow(one.lead_id, what) for one in leads for what in one.attributes]),
            (
                opened.add_interactions,
                [InteractionRow(one.lead_id, what) for one in leads for what in one.interactions],
            ),
            (opened.add_outcomes, [OutcomeRow(one.lead_id, what) for one in leads for what in one.outcomes]),
        )
        for add, rows in opened_rows:
            for start in range(0, len(rows), 1_000):
                add(rows[start : start + 1_000], 1)  # type: ignore[operator]


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds it takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=6_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--postgres", metavar="URL", help="a server [default: one of its own]")
    call = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, postgresql(call.postgres) as server:
        folder = Path(scratch)
        sample.write(folder / "sample", call.leads, months=24, seed=1)
        given = export.read(folder / "sample" / "crm.toml", NOW).histories
        with database(server, "train") as url:
            origins: dict[str, Origin] = {
                "Parquet": ExportFile(write_parquet(given, folder)),
                "SQLite": StoreUrl(f"sqlite:///{folder}/store.db"),
                "PostgreSQL": StoreUrl(url),
            }
            load(f"sqlite:///{folder}/store.db", given)
            load(url, given)
            measure(origins, folder, given, call.repeats)


def measure(origins: dict[str, Origin], folder: Path, given: Histories, repeats: int) -> None:
    """Read and train from each by turns, and print the medians."""
    files = folder / "sample" / "recipe.toml", folder / "sample" / "rulebook.toml"
    reading: dict[str, list[float]] = {name: [] for name in origins}
    training: dict[str, list[float]] = {name: [] for name in origins}
    made = set()
    for number in range(repeats):
        for name, of in origins.items():
            reading[name].append(timed(lambda of=of: of.histories(given.exported_at)))  # type: ignore[misc]
            tracked, begin = f"sqlite:///{folder}/{name}-{number}.db", time.perf_counter()
            made.add(run.train(of, *files, given.exported_at, tracking_uri=tracked).bundle.version)
            training[name].append(time.perf_counter() - begin)
    say = sys.stdout.write
    say(
        f"{given.leads.num_rows:,} leads, {given.interactions.num_rows:,} interactions; seconds, medians of {repeats}\n"
    )
    say(f"{len(made)} bundle(s) by content\n{'':12} {'reading':>8} {'train':>8} {'of Parquet':>11}\n")
    base = statistics.median(training["Parquet"])
    for name in origins:
        whole = statistics.median(training[name])
        say(f"{name:12} {statistics.median(reading[name]):8.2f} {whole:8.1f} {whole / base:11.2f}\n")


if __name__ == "__main__":
    main()
