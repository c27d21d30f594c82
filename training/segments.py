"""Both scores by a lead's attributes and by its age, so that nobody's average hides anybody."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
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
    dated = _dated(histories, name, set(lead_ids))
    return [_known(dated.get(lead_id, ()), cutoff) for lead_id, cutoff in zip(lead_ids, cutoffs.tolist(), strict=True)]


def _dated(histories: Histories, name: str, wanted: set[str]) -> Mapping[str, list[tuple[int, str]]]:
    found: dict[str, list[tuple[int, str]]] = {}
    columns = (histories.attributes[column].to_pylist() for column in ("lead_id", "name", "text", "known_at"))
    for lead_id, attribute, text, known_at in zip(*columns, strict=True):
        if attribute == name and text is not None and lead_id in wanted:
            found.setdefault(lead_id, []).append((-1 if known_at is None else known_at, text))
    return {lead_id: sorted(pairs) for lead_id, pairs in found.items()}


def _known(dated: Sequence[tuple[int, str]], cutoff: int) -> str | None:
    known = [text for at, text in dated if at < cutoff]
    return known[-1] if known else None


def parts(named: Sequence[str | None]) -> Iterator[tuple[str | None, NDArray[np.int64]]]:
    """Yield each value with its rows, commonest first; values with few snapshots come together as `other`."""
    counts = Counter(named)
    kept = [value if counts[value] >= LEAST_SNAPSHOTS else OTHER for value in named]
    for value, _ in sorted(Counter(kept).items(), key=lambda item: (-item[1], str(item[0]))):
        yield value, np.array([row for row, one in enumerate(kept) if one == value], dtype=np.int64)
