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
from training.bootstrap import Difference
from training.evaluate import Figures

OTHER = "other"
AGE = "age"
LEAST_SNAPSHOTS = 30


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
    """The test snapshots that share an attribute's value (`value` None: missing) or an age, and what each score says.

    `rate`: the share of snapshots that converted, drawn towards that of the whole. `scores` by contender.
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
    """Raise CallError where a segment of the recipe is not a category of the export."""
    allowed = sorted(name for name, kind in histories.attribute_types.items() if kind is AttributeType.CATEGORY)
    for name in names:
        if name not in allowed:
            listed = ", ".join(allowed) if allowed else "none: the export has no categories"
            raise CallError(
                f"recipe [report] segments: {name!r} is not a category among the export's attributes; "
                f"allowed are {listed}{nearest(name, allowed)}"
            )


def values(histories: Histories, name: str, lead_ids: Sequence[str], cutoffs: NDArray[np.int64]) -> list[str | None]:
    """Return a category's value as it was known at each snapshot; None: missing or not known yet."""
    table, leads = histories.attributes, histories.leads["lead_id"].combine_chunks()
    table = table.filter(pc.and_(pc.equal(table["name"], name), pc.is_valid(table["text"])))
    distinct, text = np.unique(np.asarray(table["text"].to_pylist(), dtype=str), return_inverse=True)
    at = np.asarray(pc.fill_null(table["known_at"], -1).to_numpy(), dtype=np.int64)
    lead = _places(table["lead_id"], leads)
    order = np.lexsort((text, at, lead))
    at, text, starts = at[order], text[order], np.searchsorted(lead[order], np.arange(len(leads) + 1))
    asked = _places(pa.chunked_array([pa.array(lead_ids, pa.string())]), leads)
    found, count = np.full(len(asked), -1), starts[asked + 1] - starts[asked]
    for step in range(int(count.max(initial=0))):
        rows = np.flatnonzero(count > step)
        place = starts[asked[rows]] + step
        known = at[place] < cutoffs[rows]
        found[rows[known]] = text[place[known]]
    named = [*distinct.tolist(), None]
    return [named[one] for one in found.tolist()]


def _places(lead_ids: pa.ChunkedArray, leads: pa.Array) -> NDArray[np.int64]:
    return np.asarray(pc.index_in(lead_ids, value_set=leads).to_numpy(), dtype=np.int64)


def parts(named: Sequence[str | None]) -> Iterator[tuple[str | None, NDArray[np.int64]]]:
    """Yield each value with its rows, commonest first; values with few snapshots come together as `other`."""
    counts = Counter(named)
    kept = [value if counts[value] >= LEAST_SNAPSHOTS else OTHER for value in named]
    for value, _ in sorted(Counter(kept).items(), key=lambda item: (-item[1], str(item[0]))):
        yield value, np.array([row for row, one in enumerate(kept) if one == value], dtype=np.int64)
