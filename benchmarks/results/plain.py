"""The plain reference: what an analyst writes in an afternoon, on the same snapshots.

Counts and recencies of each kind of interaction, the fields that came with the lead, hour and weekday of its creation,
its age; into one LightGBM with fixed settings, those of the reference that is published for BPIC 2012. It learns from
the snapshots whose horizon had ended when the test begins, all alike.
"""

from collections.abc import Sequence

import duckdb
import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from histories.clock import DAY, HOUR, SECOND
from histories.contract import AttributeType, Histories
from training.snapshots import Snapshots, subset

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ROUNDS = 200
SETTINGS = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_data_in_leaf": 20,
    "num_threads": 1,
    "verbosity": -1,
}
_SEEN = """
    select asked.row as row, interactions.kind as kind, count(*) as times, min(cutoff - occurred_at) as since
    from asked join interactions using (lead_id)
    where occurred_at < cutoff and coalesce(received_at, occurred_at) < cutoff
    group by 1, 2
"""


def probabilities(
    histories: Histories, snapshots: Snapshots, train: IntArray, test: IntArray, pools: Sequence[Sequence[int]]
) -> FloatArray:
    """Return the reference's probability of each of the snapshots `test`, learnt from the mature snapshots `train`.

    `pools`: which ages (numbers into `snapshots.ages`) are learnt together; each age is in one of them.
    """
    rows = np.concatenate([train, test])
    matrix, categorical = inputs(histories, subset(snapshots.table, rows))
    age, label = snapshots.age[rows], snapshots.label[rows]
    learns = np.arange(len(rows)) < len(train)
    found = np.zeros(len(rows))
    for pool in pools:
        among = np.isin(age, pool)
        found[among & ~learns] = _told(matrix, label, categorical, among & learns, among & ~learns)
    return found[len(train) :]


def _told(
    matrix: FloatArray,
    label: NDArray[np.int8],
    categorical: list[int],
    train: NDArray[np.bool_],
    test: NDArray[np.bool_],
) -> FloatArray:
    if len(np.unique(label[train])) < 2:
        return np.full(int(test.sum()), label[train].mean() if train.any() else 0.5)
    data = lightgbm.Dataset(matrix[train], label[train].astype(np.float32), categorical_feature=categorical)
    return np.asarray(lightgbm.train(SETTINGS, data, ROUNDS).predict(matrix[test]), dtype=np.float64)


def inputs(histories: Histories, asked: pa.Table) -> tuple[FloatArray, list[int]]:
    """Return [rows of `asked` (lead_id, cutoff), inputs] and the numbers of those that are codes; nan is missing.

    In their order: age, hour and weekday (UTC) of the creation, interactions so far, seconds since the latest; counts by kind;
    seconds since the latest by kind; fields without a date.
    """
    lead = pc.index_in(asked["lead_id"], value_set=histories.leads["lead_id"].combine_chunks()).to_numpy()
    created = np.asarray(histories.leads["created_at"].to_numpy(), dtype=np.int64)[lead]
    times, since = _seen(histories, asked)
    age = np.asarray(asked["cutoff"].to_numpy(), dtype=np.int64) - created
    latest = np.fmin.reduce(since, axis=1, initial=np.inf)
    own = np.column_stack(
        [
            age / SECOND,
            created // HOUR % 24,
            (created // DAY + 3) % 7,
            times.sum(axis=1),
            np.where(np.isinf(latest), np.nan, latest),
        ]
    )
    fields, codes = _fields(histories)
    before = own.shape[1] + times.shape[1] + since.shape[1]
    return np.hstack([own, times, since, fields[lead]]), [before + code for code in codes]


def _seen(histories: Histories, asked: pa.Table) -> tuple[FloatArray, FloatArray]:
    """Return how often each kind was seen, and seconds since the latest, nan where it was not: [rows, kinds] each."""
    kinds = pc.unique(histories.interactions["kind"]).sort()
    with duckdb.connect() as database:
        database.register("asked", asked.append_column("row", pa.array(np.arange(asked.num_rows))))
        database.register("interactions", histories.interactions)
        seen = database.execute(_SEEN).fetchnumpy()
    number = {kind: place for place, kind in enumerate(kinds.to_pylist())}
    column = np.array([number[kind] for kind in seen["kind"].tolist()], dtype=np.int64)
    times = np.zeros((asked.num_rows, len(number)))
    since = np.full((asked.num_rows, len(number)), np.nan)
    times[seen["row"], column] = seen["times"]
    since[seen["row"], column] = seen["since"] / SECOND
    return times, since


def _fields(histories: Histories) -> tuple[FloatArray, list[int]]:
    """Return the fields that came with each lead, [leads, fields], and which of them are codes of words."""
    undated = histories.attributes.filter(pc.is_null(histories.attributes["known_at"]))
    ids = histories.leads["lead_id"].combine_chunks()
    names = sorted(set(undated["name"].to_pylist()))
    found, codes = np.full((len(ids), len(names)), np.nan), []
    for place, name in enumerate(names):
        one = undated.filter(pc.equal(undated["name"], name))
        rows = pc.index_in(one["lead_id"], value_set=ids).to_numpy()
        if histories.attribute_types[name] is AttributeType.CATEGORY:
            codes.append(place)
            words = pc.unique(one["text"].drop_null()).sort()
            value = pc.index_in(one["text"], value_set=words).cast(pa.float64())
        else:
            value = one["number"]
        found[rows, place] = value.to_numpy(zero_copy_only=False)
    return found, codes
