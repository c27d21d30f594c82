"""Rows that hypothesis makes, in any order and with repetitions, and what a store should make of them, kept in dicts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa
from hypothesis import strategies as st

from histories import select
from histories.assemble import assemble
from histories.contract import Attribute, Direction, Histories, Interaction, LeadHistory, Outcome, Stage
from histories.store import (
    AttributeRow,
    Definitions,
    InteractionRow,
    LeadRow,
    OutcomeRow,
    Store,
    Verdict,
    define,
)
from histories.store.database.schema import METADATA, WATERMARK

AnyRow = LeadRow | InteractionRow | AttributeRow | OutcomeRow
TABLES = ("leads", "attributes", "interactions", "outcomes")

_ids = st.sampled_from(
    ["a", "b", "Ä", "ab", "B", "\U0001d51e", "\uffff"]
)  # UTF-16 would sort the last two the other way
_moments = st.integers(0, 60)
_numbers = (
    st.none()
    | st.sampled_from([0.0, -0.0, 0.1, -3.0, 5e-324, 1e300, 2.0**53])
    | st.floats(allow_nan=False, allow_infinity=False)
)
leads = st.builds(LeadRow, _ids, st.integers(0, 9), st.none() | st.sampled_from(["x", "y"]))
interactions = st.builds(
    InteractionRow,
    _ids,
    st.builds(
        Interaction,
        interaction_id=st.integers(0, 30).map(lambda number: f"e:{number}"),
        occurred_at=_moments,
        kind=st.sampled_from(["call", "reply", "ß 'x'"]),
        received_at=st.none() | _moments,
        channel=st.sampled_from([None, "web", ""]),
        direction=st.none() | st.sampled_from(Direction),
        value=_numbers,
    ),
)
attributes = st.builds(
    AttributeRow,
    _ids,
    st.builds(
        Attribute,
        st.sampled_from(["industry", "staff"]),
        _numbers | st.sampled_from(["bank", ""]),
        st.none() | _moments,
    ),
)
outcomes = st.builds(OutcomeRow, _ids, st.builds(Outcome, st.sampled_from(Stage), _moments, _numbers))


@st.composite
def batches(draw: st.DrawFn) -> list[list[AnyRow]]:
    """Some batches, each of one kind of row; rows come again, as they were or with another arrival."""
    made: list[list[AnyRow]] = []
    for _ in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from([leads, interactions, interactions, attributes, outcomes]))
        rows: list[AnyRow] = draw(st.lists(kind, min_size=1, max_size=12))
        earlier = [row for batch in made for row in batch if type(row) is type(rows[0])]
        if earlier:
            rows += [_again(row) for row in draw(st.lists(st.sampled_from(earlier), max_size=4))]
        made.append(draw(st.permutations(rows)))
    return made


def _again(row: AnyRow) -> AnyRow:
    if isinstance(row, InteractionRow):
        return replace(row, interaction=row.interaction._replace(received_at=60))
    return row


def add(store: Store, rows: Sequence[AnyRow], recorded_at: int = 1) -> tuple[Verdict, ...]:
    """Give a batch to the method that is for its kind."""
    if isinstance(rows[0], LeadRow):
        result = store.add_leads(rows, recorded_at)  # type: ignore[arg-type]
    elif isinstance(rows[0], InteractionRow):
        result = store.add_interactions(rows, recorded_at)  # type: ignore[arg-type]
    elif isinstance(rows[0], AttributeRow):
        result = store.add_attributes(rows, recorded_at)  # type: ignore[arg-type]
    else:
        result = store.add_outcomes(rows, recorded_at)  # type: ignore[arg-type]
    return tuple(one.verdict for one in result.rows)


def load(store: Store, given: Histories) -> None:
    """Declare what an export declares and add all its rows, the last of each kind first."""
    define(store, Definitions(given.timezone, given.families, given.attribute_types), 1)
    rows: list[AnyRow] = []
    for lead in select.each(given):
        rows += [LeadRow(lead.lead_id, lead.created_at, lead.account_id)]
        rows += [InteractionRow(lead.lead_id, one) for one in lead.interactions]
        rows += [AttributeRow(lead.lead_id, one) for one in lead.attributes]
        rows += [OutcomeRow(lead.lead_id, one) for one in lead.outcomes]
    for kind in (OutcomeRow, AttributeRow, InteractionRow, LeadRow):
        some = [row for row in rows if isinstance(row, kind)][::-1]
        for start in range(0, len(some), 1_000):
            assert set(add(store, some[start : start + 1_000])) == {Verdict.ADDED}


@dataclass
class Memory:
    """What a store should know: the first row of each name."""

    rows: dict[tuple[object, ...], AnyRow] = field(default_factory=dict)
    types: dict[str, type] = field(default_factory=dict)

    def add(self, row: AnyRow) -> Verdict:
        if isinstance(row, AttributeRow) and row.attribute.value is not None:
            kind = str if isinstance(row.attribute.value, str) else float
            if self.types.setdefault(row.attribute.name, kind) is not kind:
                return Verdict.REFUSED
        first = self.rows.get(_name(row))
        if first is None:
            self.rows[_name(row)] = row
            return Verdict.ADDED
        return Verdict.DUPLICATE if _content(first) == _content(row) else Verdict.REFUSED

    def histories(self, exported_at: int) -> Histories:
        """What `assemble` makes of the rows that an export of that moment has."""
        known = [one for one in self.rows.values() if isinstance(one, LeadRow) and one.created_at <= exported_at]
        rows = list(self.rows.values())
        return assemble(
            [
                LeadHistory(
                    lead.lead_id,
                    lead.created_at,
                    lead.account_id,
                    tuple(
                        one.attribute
                        for one in rows
                        if isinstance(one, AttributeRow)
                        and one.lead_id == lead.lead_id
                        and (one.attribute.known_at or 0) <= exported_at
                    ),
                    tuple(
                        one.interaction
                        for one in rows
                        if isinstance(one, InteractionRow)
                        and one.lead_id == lead.lead_id
                        and max(one.interaction.occurred_at, one.interaction.received_at or 0) <= exported_at
                    ),
                    tuple(
                        one.outcome
                        for one in rows
                        if isinstance(one, OutcomeRow)
                        and one.lead_id == lead.lead_id
                        and one.outcome.reached_at <= exported_at
                    ),
                )
                for lead in known
            ],
            exported_at=exported_at,
        )


def _name(row: AnyRow) -> tuple[object, ...]:
    if isinstance(row, LeadRow):
        return "lead", row.lead_id
    if isinstance(row, InteractionRow):
        return "interaction", row.interaction.interaction_id
    if isinstance(row, AttributeRow):
        return "attribute", row.lead_id, row.attribute.name, row.attribute.known_at
    return "outcome", row.lead_id, row.outcome.stage, row.outcome.reached_at


def _content(row: AnyRow) -> AnyRow:
    if isinstance(row, InteractionRow):
        return replace(row, interaction=row.interaction._replace(received_at=None))
    return row


def same(one: Histories, other: Histories) -> bool:
    """Tell whether two are equal in every row, and in every bit of a number."""
    if (one.exported_at, one.timezone, dict(one.attribute_types)) != (
        other.exported_at,
        other.timezone,
        dict(other.attribute_types),
    ):
        return False
    return all(_bits(getattr(one, name)) == _bits(getattr(other, name)) for name in TABLES)


def _bits(table: object) -> list[list[object]]:
    return [[repr(value) for value in column.to_pylist()] for column in table.columns]  # type: ignore[attr-defined]


def emptied(store: Store) -> None:
    """Take everything out, as if the store had just been made."""
    with store.database.engine.begin() as connection:
        for table in METADATA.tables.values():
            connection.execute(table.delete())
        connection.execute(sa.insert(WATERMARK).values(only=1, value=0))
