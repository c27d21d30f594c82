# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = [
#   "featuretools==1.31.0",
#   "numpy==1.26.4",
#   "pandas==2.2.3",
#   "pyarrow==17.0.0",
#   "setuptools==75.8.0",
# ]
# ///
"""featuretools in an environment of its own, as it wants an older numpy and pandas.

    uv run --script benchmarks/scale/peer_featuretools.py FOLDER SIGNALS.json OUT.parquet

Each snapshot is a cutoff time; counts and sums are computed once for each window (`training_window`), ages without
one. It has no decayed counts: they are left out. Features are written down one by one, as deep feature synthesis
would make many more of these columns than are asked for. Prints one JSON line: the seconds from Parquet to the
features in memory, and the versions.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import featuretools
import numpy as np
import pandas as pd
from featuretools.primitives import Count, Sum, TimeSinceFirst, TimeSinceLast

WINDOWS = ("1d", "3d", "7d", "14d", "30d", "90d", "all")


def main(folder: Path, signals: list[dict], out: Path) -> None:
    """Compute and write the features of all snapshots in a folder, and print how long it took."""
    begun = time.perf_counter()
    entities, cutoffs = read(folder, signals)
    parts = [of_window(entities, cutoffs, signals, window) for window in WINDOWS]
    features = pd.concat(parts, axis=1)
    seconds = time.perf_counter() - begun
    features.reset_index(names="lead_id").to_parquet(out)
    versions = {"featuretools": featuretools.__version__, "pandas": pd.__version__, "numpy": np.__version__}
    print(json.dumps({"seconds": seconds, "rows": len(features), "columns": features.shape[1], "versions": versions}))  # noqa: T201


def read(folder: Path, signals: list[dict]) -> tuple[featuretools.EntitySet, pd.DataFrame]:
    """Return the entity set, with a truth value a signal for each interaction, and the cutoff times."""
    columns = ["interaction_id", "lead_id", "occurred_at", "kind", "direction", "value"]
    rows = pd.read_parquet(folder / "interactions.parquet", columns=columns)
    rows["occurred_at"] = pd.to_datetime(rows["occurred_at"], unit="us")
    for one in signals:
        rows[one["name"]] = belongs(rows, one)
    rows = rows.drop(columns=["kind", "direction"])
    snapshots = pd.read_parquet(folder / "snapshots.parquet")
    cutoffs = pd.DataFrame({"lead_id": snapshots["lead_id"], "time": pd.to_datetime(snapshots["cutoff"], unit="us")})
    entities = featuretools.EntitySet("crm")
    entities.add_dataframe(dataframe_name="leads", dataframe=snapshots[["lead_id"]], index="lead_id")
    entities.add_dataframe(
        dataframe_name="interactions", dataframe=rows, index="interaction_id", time_index="occurred_at"
    )
    entities.add_relationship("leads", "lead_id", "interactions", "lead_id")
    entities.add_last_time_indexes()
    return entities, cutoffs


def belongs(rows: pd.DataFrame, signal: dict) -> pd.Series:
    """Return which interactions belong to a signal."""
    mask = pd.Series(data=True, index=rows.index)
    if signal["kinds"] is not None:
        mask &= rows["kind"].isin(signal["kinds"])
    if signal["direction"] is not None:
        mask &= rows["direction"] == signal["direction"]
    return mask & (rows["direction"] != "outbound") if signal["ours_apart"] else mask


def of_window(
    entities: featuretools.EntitySet, cutoffs: pd.DataFrame, signals: list[dict], window: str
) -> pd.DataFrame:
    """Return the columns of one window; `all` has the ages too."""
    features = [feature for one in signals for feature in declared(entities, one, window)]
    return featuretools.calculate_feature_matrix(
        features,
        entityset=entities,
        cutoff_time=cutoffs,
        training_window=None if window == "all" else f"{window.removesuffix('d')} days",
        include_cutoff_time=False,
    )


def declared(entities: featuretools.EntitySet, signal: dict, window: str) -> list[featuretools.Feature]:
    """Return the columns of one signal in one window."""
    identity, moment, value = (
        featuretools.Feature(entities["interactions"].ww[name]) for name in ("interaction_id", "occurred_at", "value")
    )
    where = featuretools.Feature(entities["interactions"].ww[signal["name"]]) == True  # noqa: E712

    def made(base: featuretools.Feature, primitive: object, name: str) -> featuretools.Feature:
        return featuretools.Feature(base, parent_dataframe_name="leads", primitive=primitive, where=where).rename(
            f"{signal['name']}_{name}"
        )

    found = [made(identity, Count, f"count_{window}")]
    found += [made(value, Sum, f"sum_{window}")] if signal["valued"] else []
    if window == "all":
        found.append(made(moment, TimeSinceFirst(unit="days"), "since_first_days"))
        found.append(made(moment, TimeSinceLast(unit="days"), "age_days"))
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")), Path(sys.argv[3]))
