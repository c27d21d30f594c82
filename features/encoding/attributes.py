"""The attributes of all leads as numbers, in the order in which the kernel reads them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.encoding.interactions import coded, without_nulls
from features.encoding.places import Places, Places32
from features.encoding.zone import EVER
from features.feature import AttributeSpec
from features.kernel.arrays import Floats, Ints
from histories.contract import AttributeType


def attributes(table: pa.Table, known: Places, specs: tuple[AttributeSpec, ...]) -> tuple[Places32, Ints, Floats]:
    """Return owners, [place, known_at] and values, ascending by owner, place, known_at and value, the missing first.

    Rows of attributes that `specs` do not name are left aside. Raises DataError where a row is of no known lead.
    """
    asked = pc.index_in(table["name"].cast(pa.string()), value_set=pa.array([spec.name for spec in specs], pa.string()))
    rows = table.filter(pc.is_valid(asked)) if asked.null_count else table
    owners = known.of_all(rows["lead_id"], "attributes")
    place = np.asarray(asked.drop_null()).astype(np.int64)
    known_at = without_nulls(rows["known_at"], EVER).astype(np.int64)
    values = _values(rows, place, specs)
    order = _order(owners, place, known_at, values, len(specs))
    if order is not None:
        owners, place, known_at, values = owners[order], place[order], known_at[order], values[order]
    return owners, np.column_stack([place, known_at]), values


def _values(rows: pa.Table, place: Ints, specs: tuple[AttributeSpec, ...]) -> Floats:
    """Return a number as it is, a text as its code; one that is not of its attribute's type, or infinite, is missing."""
    texts, distinct = coded(rows["text"])
    # Adding 0 makes -0.0 plain: the two zeros are equal in order, but not in bits.
    values: Floats = without_nulls(rows["number"], np.nan).astype(np.float64) + 0.0
    values[np.isinf(values)] = np.nan
    of_text = np.full((len(specs), len(distinct)), np.nan)
    for code, spec in enumerate(specs):
        if spec.type is AttributeType.CATEGORY:
            of_text[code, :-1] = _codes(distinct[:-1], spec)
    categories = np.array([spec.type is AttributeType.CATEGORY for spec in specs], dtype=np.bool_)
    return np.where(categories[place], of_text[place, texts], values) if len(specs) else values


def _codes(distinct: list[str | None], spec: AttributeSpec) -> Floats:
    """Return the code of each text; all texts that training did not name have one."""
    found = pc.index_in(pa.array(distinct, pa.string()), value_set=pa.array(spec.categories, pa.string()))
    return np.asarray(found.fill_null(len(spec.categories))).astype(np.float64)


def _order(owners: Places32, place: Ints, known_at: Ints, values: Floats, specs: int) -> Ints | None:
    """Return the order of the rows; None: they are in it."""
    of_lead = owners.astype(np.int64) * specs + place
    if (np.diff(of_lead) > 0).all():
        return None
    order = np.argsort(of_lead, kind="stable")
    if (np.diff(of_lead[order]) > 0).all():
        return order
    return np.lexsort((np.where(np.isnan(values), -np.inf, values), known_at, of_lead))
