"""Polars' streaming engine: lazy scan, join of the snapshots, filtered aggregates.

Two ways to ask. In one step, each column is an aggregate over the interactions that its filter lets through. In two
steps, interactions are first added up for each snapshot, kind and direction, and the columns are made of these: fewer
aggregates see all rows.
"""

import math
from pathlib import Path

import polars as pl

from benchmarks.scale import workload
from benchmarks.scale.asked import ALL, HALVES, SPANS, Asked, asked, days
from benchmarks.scale.events import Files
from histories.clock import DAY

_KINDS = pl.Enum([kind.name for kind in workload.KINDS])
_DIRECTIONS = pl.Enum(["inbound", "outbound"])
_EDGES = [span for span in SPANS if span != ALL]


def prepare() -> None:
    """Start the thread pool, so that no query pays for it."""
    pl.LazyFrame({"row": [0]}).group_by("row").len().collect(engine="streaming")


def one_step(files: Files) -> pl.LazyFrame:
    """Return the query with one filtered aggregate a column, over interactions."""
    signals = asked(workload.catalogue())
    masked = _visible(files).with_columns(_masks(signals))
    return masked.group_by("row").agg(column for signal in signals for column in _from_interactions(signal))


def two_steps(files: Files) -> pl.LazyFrame:
    """Return the query that adds up by snapshot, kind and direction first."""
    signals = asked(workload.catalogue())
    parts = _visible(files).group_by("row", "kind", "direction").agg(_parts()).with_columns(_masks(signals))
    return parts.group_by("row").agg(column for signal in signals for column in _from_parts(signal))


def one_step_in_memory(files: Files) -> pl.DataFrame:
    """Run the one-step query."""
    return one_step(files).collect(engine="streaming")


def two_steps_in_memory(files: Files) -> pl.DataFrame:
    """Run the two-step query."""
    return two_steps(files).collect(engine="streaming")


def two_steps_to_file(files: Files, path: Path) -> None:
    """Stream the two-step query's result to a file."""
    two_steps(files).sink_parquet(path, compression="snappy", engine="streaming")


def _visible(files: Files) -> pl.LazyFrame:
    """Return what lies before the cutoff of its lead's snapshots, with its age, its windows and its decays."""
    snapshots = pl.scan_parquet(files.snapshots).with_row_index("row")
    interactions = pl.scan_parquet(files.interactions).select(
        "lead_id", "occurred_at", pl.col("kind").cast(_KINDS), pl.col("direction").cast(_DIRECTIONS), "value"
    )
    age = pl.col("age")
    return (
        interactions.join(snapshots, on="lead_id")
        .filter(pl.col("occurred_at") < pl.col("cutoff"))
        .select("row", "kind", "direction", "value", age=pl.col("cutoff") - pl.col("occurred_at"))
        .with_columns(
            *((age <= days(span) * DAY).alias(f"within_{span}") for span in _EDGES),
            *((age * (-math.log(2) / DAY / days(half))).exp().alias(f"decay_{half}") for half in HALVES),
        )
    )


def _masks(signals: tuple[Asked, ...]) -> list[pl.Expr]:
    masks = {signal.name: _belongs(signal) for signal in signals}
    return [mask.alias(f"is_{name}") for name, mask in masks.items() if mask is not None]


def _belongs(signal: Asked) -> pl.Expr | None:
    if signal.direction is not None:
        return (pl.col("direction") == signal.direction).fill_null(value=False)
    if signal.kinds is None:
        return None
    of_kinds = pl.any_horizontal([pl.col("kind") == kind for kind in signal.kinds])
    return of_kinds & (pl.col("direction") != "outbound").fill_null(value=True) if signal.ours_apart else of_kinds


def _where(signal: Asked, value: pl.Expr) -> pl.Expr:
    """Return the value where the row belongs to the signal, null elsewhere."""
    return value if _belongs(signal) is None else pl.when(pl.col(f"is_{signal.name}")).then(value)


def _from_interactions(signal: Asked) -> list[pl.Expr]:
    age = _where(signal, pl.col("age"))
    made = [_count(signal, span).alias(signal.count(span)) for span in SPANS]
    made += [_where(signal, pl.col(f"decay_{half}")).sum().alias(signal.decayed(half)) for half in HALVES]
    made += [(age.max() / DAY).alias(signal.oldest), (age.min() / DAY).alias(signal.newest)]
    if signal.valued:
        value = pl.col("value")
        made += [_where(signal, value).sum().alias(signal.total(ALL))]
        made += [
            _where(signal, pl.when(pl.col(f"within_{span}")).then(value)).sum().alias(signal.total(span))
            for span in _EDGES
        ]
    return made


def _count(signal: Asked, span: str) -> pl.Expr:
    if span != ALL:
        return _where(signal, pl.col(f"within_{span}")).sum()
    return pl.len() if _belongs(signal) is None else pl.col(f"is_{signal.name}").sum()


def _parts() -> list[pl.Expr]:
    value = pl.col("value")
    return [
        pl.len().alias("count_all"),
        *(pl.col(f"within_{span}").sum().alias(f"count_{span}") for span in _EDGES),
        *(pl.col(f"decay_{half}").sum() for half in HALVES),
        pl.col("age").max().alias("oldest"),
        pl.col("age").min().alias("newest"),
        value.sum().alias("sum_all"),
        *(pl.when(pl.col(f"within_{span}")).then(value).sum().alias(f"sum_{span}") for span in _EDGES),
    ]


def _from_parts(signal: Asked) -> list[pl.Expr]:
    made = [_where(signal, pl.col(f"count_{span}")).sum().alias(signal.count(span)) for span in SPANS]
    made += [_where(signal, pl.col(f"decay_{half}")).sum().alias(signal.decayed(half)) for half in HALVES]
    oldest, newest = _where(signal, pl.col("oldest")).max(), _where(signal, pl.col("newest")).min()
    made += [(oldest / DAY).alias(signal.oldest), (newest / DAY).alias(signal.newest)]
    if signal.valued:
        made += [_where(signal, pl.col(f"sum_{span}")).sum().alias(signal.total(span)) for span in SPANS]
    return made
