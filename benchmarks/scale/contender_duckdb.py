"""DuckDB: `filter` aggregates in SQL, in one step or two as in Polars; and reading and sorting alone."""

import math
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks.scale import workload
from benchmarks.scale.asked import ALL, HALVES, SPANS, Asked, asked, days
from benchmarks.scale.events import Files
from histories.clock import DAY
from histories.sql import literal

# ruff: noqa: S608 - all that is put into these queries stands in this package
Form = Callable[[str, str, str], str]
_KINDS = f"enum({', '.join(literal(kind.name) for kind in workload.KINDS)})"


def prepare() -> None:
    """Load the library, so that no query pays for it."""
    duckdb.sql("select 1").fetchall()


def filtered(aggregate: str, value: str, condition: str) -> str:
    """Return an aggregate over the rows that fulfil a condition, with FILTER."""
    return f"{aggregate}({value})" + (f" filter ({condition})" if condition else "")


def by_case(aggregate: str, value: str, condition: str) -> str:
    """Return the same with CASE, which DuckDB runs much faster where the aggregates are hundreds."""
    if not condition:
        return f"{aggregate}({value})"
    return f"{aggregate}(case when {condition} then {1 if value == '*' else value} end)"


def one_step(files: Files, form: Form) -> str:
    """Return the query with one conditional aggregate a column, over interactions."""
    signals = asked(workload.catalogue())
    columns = ",\n  ".join(column for signal in signals for column in _from_interactions(signal, form))
    return f"select row,\n  {columns}\nfrom ({_visible(files)}) group by row"


def two_steps(files: Files, form: Form) -> str:
    """Return the query that adds up by snapshot, kind and direction first."""
    signals = asked(workload.catalogue())
    columns = ",\n  ".join(column for signal in signals for column in _from_parts(signal, form))
    parts = f"select row, kind, direction, {', '.join(_parts(form))} from ({_visible(files)}) group by all"
    return f"select row,\n  {columns}\nfrom ({parts}) group by row"


def filter_one_step(files: Files) -> pa.Table:
    """Run the one-step query with FILTER into an Arrow table."""
    return duckdb.sql(one_step(files, filtered)).to_arrow_table()


def filter_two_steps(files: Files) -> pa.Table:
    """Run the two-step query with FILTER into an Arrow table."""
    return duckdb.sql(two_steps(files, filtered)).to_arrow_table()


def case_one_step(files: Files) -> pa.Table:
    """Run the one-step query with CASE into an Arrow table."""
    return duckdb.sql(one_step(files, by_case)).to_arrow_table()


def case_two_steps(files: Files) -> pa.Table:
    """Run the two-step query with CASE into an Arrow table."""
    return duckdb.sql(two_steps(files, by_case)).to_arrow_table()


def to_file(files: Files, path: Path) -> None:
    """Write the result of the two-step query with CASE to a file."""
    duckdb.sql(f"copy ({two_steps(files, by_case)}) to {literal(str(path))} (format parquet, compression snappy)")


def read_and_sort(files: Files) -> None:
    """Read every column of the interactions into a temporary table, sorted by lead and time."""
    source = literal(str(files.interactions))
    duckdb.execute(f"create temp table sorted as from {source} order by lead_id, occurred_at")


def _visible(files: Files) -> str:
    """Return what lies before the cutoff of its lead's snapshots, with its age and its decays."""
    interactions, snapshots = literal(str(files.interactions)), literal(str(files.snapshots))
    decays = ", ".join(f"exp(age * {-math.log(2) / DAY / days(half)!r}) as decay_{half}" for half in HALVES)
    return f"""
  select *, {decays} from (
    select row, kind, direction, value, cutoff - occurred_at as age
    from (
      select lead_id, occurred_at, kind::{_KINDS} as kind, direction::enum('inbound', 'outbound') as direction, value
      from {interactions}
    )
    join (select lead_id, cutoff, row_number() over () - 1 as row from {snapshots}) using (lead_id)
    where occurred_at < cutoff
  )"""


def _belongs(signal: Asked) -> str:
    if signal.direction is not None:
        return f"direction = {literal(signal.direction)}"
    if signal.kinds is None:
        return ""
    of_kinds = f"kind in ({', '.join(map(literal, signal.kinds))})"
    return f"{of_kinds} and direction is distinct from 'outbound'" if signal.ours_apart else of_kinds


def _within(span: str) -> str:
    return "" if span == ALL else f"age <= {days(span) * DAY}"


def _both(*conditions: str) -> str:
    return " and ".join(condition for condition in conditions if condition)


def _from_interactions(signal: Asked, form: Form) -> list[str]:
    own = _belongs(signal)
    counts = [form("count", "*", _both(own, _within(span))) for span in SPANS]
    sums = [form("sum", "value", _both(own, _within(span))) for span in SPANS]
    return _named(signal, counts, form("max", "age", own), form("min", "age", own), sums, form)


def _parts(form: Form) -> list[str]:
    return [
        *(f"{form('count', '*', _within(span))}::double as count_{span}" for span in SPANS),
        *(f"sum(decay_{half}) as decay_{half}" for half in HALVES),
        "max(age) as oldest",
        "min(age) as newest",
        *(f"{form('sum', 'value', _within(span))} as sum_{span}" for span in SPANS),
    ]


def _from_parts(signal: Asked, form: Form) -> list[str]:
    own = _belongs(signal)
    counts = [form("sum", f"count_{span}", own) for span in SPANS]
    sums = [form("sum", f"sum_{span}", own) for span in SPANS]
    return _named(signal, counts, form("max", "oldest", own), form("min", "newest", own), sums, form)


def _named(signal: Asked, counts: list[str], oldest: str, newest: str, sums: list[str], form: Form) -> list[str]:
    """Return all columns of a signal; decays are added up alike in both ways of asking."""
    own = _belongs(signal)
    made = [f'{one} as "{signal.count(span)}"' for span, one in zip(SPANS, counts, strict=True)]
    made += [f'{form("sum", f"decay_{half}", own)} as "{signal.decayed(half)}"' for half in HALVES]
    made += [f'{oldest} / {DAY} as "{signal.oldest}"', f'{newest} / {DAY} as "{signal.newest}"']
    if signal.valued:
        made += [f'{one} as "{signal.total(span)}"' for span, one in zip(SPANS, sums, strict=True)]
    return made
