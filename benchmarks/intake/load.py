"""What is posted: an export's interactions in batches, some of them twice, some of them late."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from histories import clock
from histories.contract import Histories, LeadHistory
from serving.wire.mapping import Json, request_of

ROWS = 250
_LATE, _TWICE = 10, 5


@dataclass(frozen=True, slots=True)
class Load:
    """Bodies for each writer, in a file each with a body a line; `ids` are the interactions of each body, in order.

    `leads` and `outcomes` are bodies that are posted before.
    """

    files: tuple[Path, ...]
    ids: tuple[tuple[tuple[str, ...], ...], ...]
    leads: tuple[bytes, ...]
    outcomes: tuple[bytes, ...]
    rows: int
    interactions: int


def arriving(histories: Histories) -> Histories:
    """Return the export as it is known where every interaction was received as it happened, and says so."""
    table = histories.interactions
    received = pc.coalesce(table["received_at"], table["occurred_at"])
    place = table.schema.get_field_index("received_at")
    interactions = table.set_column(place, table.schema.field(place), received)
    return Histories(
        histories.leads,
        histories.attributes,
        interactions,
        histories.outcomes,
        histories.exported_at,
        histories.timezone,
        histories.families,
        histories.attribute_types,
    )


def write(
    folder: Path, histories: Histories, leads: Sequence[LeadHistory], writers: int, seed: int, rows: int = ROWS
) -> Load:
    """Write the files, so many rows a body: of all rows a fifth come a second time, a tenth out of order."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    once = _rows(histories.interactions)
    posted = _ordered(once, chance)
    files, ids = [], []
    batches = [posted[start : start + rows] for start in range(0, len(posted), rows)]
    for number in range(writers):
        mine = batches[number::writers]
        path = folder / f"writer-{number}.jsonl"
        path.write_text("".join(f"{json.dumps({'interactions': batch})}\n" for batch in mine), encoding="utf-8")
        files.append(path)
        ids.append(tuple(tuple(str(row["interaction_id"]) for row in batch) for batch in mine))
    return Load(tuple(files), tuple(ids), _lead_bodies(leads), _outcome_bodies(histories), len(posted), len(once))


def _rows(table: pa.Table) -> list[dict[str, Json]]:
    """Interactions as they are posted, by the time at which they happened."""
    ordered = table.sort_by([("occurred_at", "ascending"), ("interaction_id", "ascending")])
    made = []
    for row in ordered.to_pylist():
        moments = {name: clock.iso(row[name]) for name in ("occurred_at", "received_at")}
        made.append({key: value for key, value in {**row, **moments}.items() if value is not None})
    return made


def _ordered(rows: Sequence[dict[str, Json]], chance: random.Random) -> list[dict[str, Json]]:
    """Each row once, a fourth of them once more (a fifth of all), and a tenth of all at another place."""
    twice = chance.sample(range(len(rows)), len(rows) // (_TWICE - 1))
    places = sorted(
        [(float(place), place) for place in range(len(rows))] + [(chance.uniform(0, len(rows)), one) for one in twice]
    )
    order = [place for _, place in places]
    late = chance.sample(range(len(order)), len(order) // _LATE)
    moved = late[1:] + late[:1]
    for place, other in zip(late, [order[one] for one in moved], strict=True):
        order[place] = other
    return [rows[place] for place in order]


def _lead_bodies(leads: Sequence[LeadHistory]) -> tuple[bytes, ...]:
    names = ("lead_id", "created_at", "account_id", "attributes")
    texts = [{key: value for key, value in request_of(one).items() if key in names} for one in leads]
    return tuple(json.dumps({"leads": texts[at : at + 1000]}).encode() for at in range(0, len(texts), 1000))


def _outcome_bodies(histories: Histories) -> tuple[bytes, ...]:
    rows = [
        {key: value for key, value in {**row, "reached_at": clock.iso(row["reached_at"])}.items() if value is not None}
        for row in histories.outcomes.to_pylist()
    ]
    return tuple(json.dumps({"outcomes": rows[at : at + 1000]}).encode() for at in range(0, len(rows), 1000))
