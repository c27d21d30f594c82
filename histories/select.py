"""From the tables that hold all leads back to single leads."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from histories.contract import (
    Attribute,
    Direction,
    Histories,
    Interaction,
    LeadHistory,
    Outcome,
    Stage,
)
from histories.errors import DataError, nearest

_Value = TypeVar("_Value")


def lead(histories: Histories, lead_id: str, *, until: int | None = None) -> LeadHistory:
    """Return one lead's history; with `until` (UTC microseconds), only what was visible at that cutoff.

    `account_interactions` are those of the account's other leads, None where the lead has no account.
    Raises DataError where there is no such lead.
    """
    found = histories.leads.filter(pc.equal(histories.leads["lead_id"], lead_id))
    if not found.num_rows:
        ids = histories.leads["lead_id"].slice(0, 10_000).to_pylist()
        raise DataError(f"there is no lead {lead_id!r} among {histories.leads.num_rows:,} leads{nearest(lead_id, ids)}")
    account = found["account_id"][0].as_py()
    if account is not None:
        found = histories.leads.filter(pc.equal(histories.leads["account_id"], account))
    return next(one for one in each(_only(histories, found, until)) if one.lead_id == lead_id)


def each(histories: Histories) -> Iterator[LeadHistory]:
    """Yield every lead's history, in the order of `histories.leads`.

    Columns are turned into Python values once; a lead is a slice of them. `account_interactions` as in `lead`.
    """
    attributes, interactions, outcomes = (
        _attributes(histories.attributes),
        _interactions(histories.interactions),
        _outcomes(histories.outcomes),
    )
    ids = histories.leads["lead_id"].to_pylist()
    accounts = histories.leads["account_id"].to_pylist()
    colleagues: dict[str, list[str]] = {}
    for lead_id, account in zip(ids, accounts, strict=True):
        if account is not None:
            colleagues.setdefault(account, []).append(lead_id)
    for lead_id, created_at, account in zip(ids, histories.leads["created_at"].to_pylist(), accounts, strict=True):
        others = None
        if account is not None:
            others = tuple(one for other in colleagues[account] if other != lead_id for one in interactions.of(other))
        yield LeadHistory(
            lead_id=lead_id,
            created_at=created_at,
            account_id=account,
            attributes=attributes.of(lead_id),
            interactions=interactions.of(lead_id),
            outcomes=outcomes.of(lead_id),
            account_interactions=others,
        )


def _only(histories: Histories, leads: pa.Table, until: int | None) -> Histories:
    """Keep the rows of `leads`; with `until`, those alone that were visible at that cutoff."""
    ids = leads["lead_id"].combine_chunks()
    attributes, interactions, outcomes = (
        table.filter(pc.is_in(table["lead_id"], value_set=ids))
        for table in (histories.attributes, histories.interactions, histories.outcomes)
    )
    if until is not None:
        attributes = attributes.filter(pc.fill_null(pc.less(attributes["known_at"], until), True))
        received = pc.fill_null(pc.less_equal(interactions["received_at"], until), True)
        interactions = interactions.filter(pc.and_(pc.less(interactions["occurred_at"], until), received))
        outcomes = outcomes.filter(pc.less(outcomes["reached_at"], until))
    return Histories(
        leads=leads,
        attributes=attributes,
        interactions=interactions,
        outcomes=outcomes,
        exported_at=histories.exported_at,
        timezone=histories.timezone,
        families=histories.families,
        attribute_types=histories.attribute_types,
    )


def _slices(table: pa.Table) -> tuple[pa.Table, Mapping[str, slice]]:
    """Return the table in order of lead_id, rows of a lead in the order they had, and where each lead's rows lie."""
    codes = table["lead_id"].combine_chunks().dictionary_encode()
    numbers, ids = np.asarray(codes.indices), codes.dictionary.to_pylist()
    if (np.diff(numbers) < 0).any():
        order = np.argsort(numbers, kind="stable")
        table, numbers = table.take(pa.array(order)), numbers[order]
    starts = np.searchsorted(numbers, np.arange(len(ids) + 1)).tolist()
    return table, {one: slice(starts[i], starts[i + 1]) for i, one in enumerate(ids)}


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    """The column's values, equal ones sharing one object: kinds and channels are few and come millions of times."""
    codes = column.combine_chunks().dictionary_encode()
    values = [*codes.dictionary.to_pylist(), None]
    indices = codes.indices.fill_null(len(values) - 1).to_pylist()
    return [values[index] for index in indices]


@dataclass(frozen=True, slots=True)
class _Rows(Generic[_Value]):
    """A table's rows by lead, and what turns the values of a row's columns into one."""

    slices: Mapping[str, slice]
    columns: tuple[list[Any], ...]
    made: Callable[..., _Value]

    def of(self, lead_id: str) -> tuple[_Value, ...]:
        rows = self.slices.get(lead_id)
        return () if rows is None else tuple(map(self.made, *(column[rows] for column in self.columns)))


def _attributes(table: pa.Table) -> _Rows[Attribute]:
    table, slices = _slices(table)
    texts, numbers = _texts(table["text"]), table["number"].to_pylist()
    values = [number if text is None else text for text, number in zip(texts, numbers, strict=True)]
    return _Rows(slices, (_texts(table["name"]), values, table["known_at"].to_pylist()), Attribute)


def _interactions(table: pa.Table) -> _Rows[Interaction]:
    table, slices = _slices(table)
    directions: dict[str | None, Direction | None] = {None: None, **{one.value: one for one in Direction}}
    columns = (
        table["interaction_id"].to_pylist(),
        table["occurred_at"].to_pylist(),
        _texts(table["kind"]),
        table["received_at"].to_pylist(),
        _texts(table["channel"]),
        [directions[one] for one in _texts(table["direction"])],
        table["value"].to_pylist(),
    )
    return _Rows(slices, columns, Interaction)


def _outcomes(table: pa.Table) -> _Rows[Outcome]:
    table, slices = _slices(table)
    stages = {one.value: one for one in Stage}
    columns = (
        [stages[one] for one in table["stage"].to_pylist()],
        table["reached_at"].to_pylist(),
        table["amount"].to_pylist(),
    )
    return _Rows(slices, columns, Outcome)
