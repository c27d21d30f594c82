"""Both scores by a lead's attributes and by its age, so that nobody's average hides anybody."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from histories.contract import AttributeType, Histories
from histories.errors import CallError, nearest
from training import number_ranges
from training.bootstrap import Difference
from training.evaluate import Figures

OTHER = "other"
AGE = "age"
LEAST_SNAPSHOTS = 30
RANGES = 4  # of a number: each is one more question, and holds a part of the conversions only


@dataclass(frozen=True, slots=True)
class SegmentScore:
    """One score in one segment.

    `auc` and `predicted_over_observed` with their 95% intervals, the latter drawn towards that of the whole, the more
    so the fewer the snapshots. `selected`: the share of the segment's leads on the boards that are called at the team's capacity; nan
    where there are none, and for ages.
    """

    figures: Figures
    auc: Difference
    predicted_over_observed: Difference
    selected: float

    @property
    def log_loss(self) -> float:
        """The error: nats a snapshot."""
        return self.figures.measures.log_loss


@dataclass(frozen=True, eq=False)
class Segment:
    """The test snapshots that share an attribute's value or an age, and what each score says.

    `value`: of a number, what its range is called (`50 to 199`); None: missing. `rate`: the share of snapshots that
    converted, drawn towards that of the whole. `scores` by contender.
    `log_loss_differences` as `Lineup.differences`, in this segment and drawn towards the whole's. `flags`: a sentence
    for each way in which it falls out, for the score that the bundle answers with.
    """

    name: str
    value: str | None
    snapshots: int
    leads: int
    converted_leads: int
    rate: float
    scores: Mapping[str, SegmentScore]
    log_loss_differences: Mapping[str, Difference]
    flags: tuple[str, ...]

    @property
    def title(self) -> str:
        """`source: web`."""
        return title(self.name, self.value)


def title(name: str, value: str | None) -> str:
    """Return what a segment is called: `source: web`, or `source: missing` where the value is not known."""
    return f"{name}: {'missing' if value is None else value}"


def require(histories: Histories, names: Sequence[str]) -> None:
    """Raise CallError where a segment of the recipe is not an attribute of the export."""
    allowed = sorted(histories.attribute_types)
    for name in names:
        if name not in allowed:
            listed = ", ".join(allowed) if allowed else "none: the export has no attributes"
            raise CallError(
                f"recipe [report] segments: {name!r} is not among the export's attributes; "
                f"allowed are {listed}{nearest(name, allowed)}"
            )


def ranges(histories: Histories, name: str) -> tuple[str, ...]:
    """Return what the ranges of a number are called, the least first; () for a category."""
    return _named(histories, name)[1] if histories.attribute_types.get(name) is AttributeType.NUMBER else ()


def values(histories: Histories, name: str, lead_ids: Sequence[str], cutoffs: NDArray[np.int64]) -> list[str | None]:
    """Return an attribute's value, or a number's range, as known at each snapshot; None: missing or not known yet."""
    leads = histories.leads["lead_id"].combine_chunks()
    table, words, word = _named(histories, name)
    at = np.asarray(pc.fill_null(table["known_at"], -1).to_numpy(), dtype=np.int64)
    lead = _places(table["lead_id"], leads)
    order = np.lexsort((word, at, lead))
    at, word, starts = at[order], word[order], np.searchsorted(lead[order], np.arange(len(leads) + 1))
    asked = _places(pa.chunked_array([pa.array(lead_ids, pa.string())]), leads)
    found, count = np.full(len(asked), -1), starts[asked + 1] - starts[asked]
    for step in range(int(count.max(initial=0))):
        rows = np.flatnonzero(count > step)
        place = starts[asked[rows]] + step
        known = at[place] < cutoffs[rows]
        found[rows[known]] = word[place[known]]
    called = [*words, None]
    return [called[one] for one in found.tolist()]


def _named(histories: Histories, name: str) -> tuple[pa.Table, tuple[str, ...], NDArray[np.int64]]:
    """Return the rows that give an attribute a value, the words for its values, and which of them each row has.

    Ranges are cut over all of the export's values, whoever converted, so that they are the same for each target.
    """
    table = histories.attributes.filter(pc.equal(histories.attributes["name"], name))
    if histories.attribute_types.get(name) is AttributeType.NUMBER:
        table = table.filter(pc.is_valid(table["number"]))
        return table, *number_ranges.named(np.asarray(table["number"].to_numpy(), dtype=np.float64), RANGES)
    table = table.filter(pc.is_valid(table["text"]))
    distinct, text = np.unique(np.asarray(table["text"].to_pylist(), dtype=str), return_inverse=True)
    return table, tuple(distinct.tolist()), text.astype(np.int64)


def _places(lead_ids: pa.ChunkedArray, leads: pa.Array) -> NDArray[np.int64]:
    return np.asarray(pc.index_in(lead_ids, value_set=leads).to_numpy(), dtype=np.int64)


def parts(named: Sequence[str | None], in_order: Sequence[str] = ()) -> Iterator[tuple[str | None, NDArray[np.int64]]]:
    """Yield each value with its rows: those `in_order`, then the commonest first; values with few come as `other`."""
    counts = Counter(named)
    kept = [value if counts[value] >= LEAST_SNAPSHOTS else OTHER for value in named]
    first: dict[str | None, int] = {value: place for place, value in enumerate(in_order)}
    ranked = sorted(Counter(kept).items(), key=lambda one: (first.get(one[0], len(first)), -one[1], str(one[0])))
    for value, _ in ranked:
        yield value, np.array([row for row, one in enumerate(kept) if one == value], dtype=np.int64)
