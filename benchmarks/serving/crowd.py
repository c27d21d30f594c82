"""Leads of 20 interactions each, made directly as tables: any number of them, from a seed."""

import numpy as np
import pyarrow as pa

from features.catalogue import Catalogue
from histories import clock
from histories.clock import DAY
from histories.contract import ATTRIBUTES, INTERACTIONS, LEADS, OUTCOMES, AttributeType, Histories

EACH = 20
AS_OF = clock.parse("2026-01-01")
_DIRECTIONS = ("inbound", "outbound")
_STAGES, _STAGE_SHARES = ("mql", "sql"), (0.25, 0.1)


def histories(catalogue: Catalogue, leads: int, seed: int) -> Histories:
    """Return leads created in the year before AS_OF, all open, with the catalogue's kinds, channels and attributes.

    Kinds fall from common to rare. A quarter has reached mql and a tenth sql; nine in ten values of attributes are known.
    """
    random = np.random.default_rng(seed)
    ids = pa.array([f"L{place:08}" for place in range(leads)], pa.string())
    created = AS_OF - random.integers(30 * DAY, 365 * DAY, leads)
    return Histories(
        leads=pa.table([ids, created, pa.nulls(leads, pa.string())], schema=LEADS),
        attributes=_attributes(catalogue, ids, random),
        interactions=_interactions(catalogue, ids, created, random),
        outcomes=_outcomes(ids, created, random),
        exported_at=AS_OF,
        timezone=catalogue.timezone,
        families=catalogue.families,
        attribute_types={one.name: one.type for one in catalogue.attributes},
    )


def _interactions(catalogue: Catalogue, ids: pa.Array, created: np.ndarray, random: np.random.Generator) -> pa.Table:
    rows = len(ids) * EACH
    owners = np.repeat(np.arange(len(ids)), EACH)
    shares = 1 / np.arange(1, len(catalogue.kinds) + 1)
    kinds = random.choice(len(catalogue.kinds), rows, p=shares / shares.sum())
    room = AS_OF - created[owners] - 1
    occurred = created[owners] + (random.random(rows) * room).astype(np.int64)
    occurred = occurred.reshape(-1, EACH)
    occurred.sort(axis=1)
    channels = pa.array(catalogue.channels or ("web",), pa.string())
    return pa.table(
        [
            ids.take(pa.array(owners)),
            pa.array(np.arange(rows)).cast(pa.string()),
            occurred.reshape(-1),
            pa.nulls(rows, pa.int64()),
            pa.array(catalogue.kinds, pa.string()).take(pa.array(kinds)),
            channels.take(pa.array(random.integers(0, len(channels), rows))),
            pa.array(_DIRECTIONS).take(pa.array(random.integers(0, 2, rows))),
            pa.array(random.exponential(100, rows), mask=random.random(rows) < 0.8),
        ],
        schema=INTERACTIONS,
    )


def _attributes(catalogue: Catalogue, ids: pa.Array, random: np.random.Generator) -> pa.Table:
    tables = [ATTRIBUTES.empty_table()]
    for one in catalogue.attributes:
        known = np.flatnonzero(random.random(len(ids)) < 0.9)
        words, none = pa.nulls(len(known), pa.string()), pa.nulls(len(known), pa.float64())
        number = pa.array(np.round(random.lognormal(5, 1.5, len(known))))
        if one.type is AttributeType.CATEGORY:
            texts = pa.array(one.categories or ("other",), pa.string())
            words, number = texts.take(pa.array(random.integers(0, len(texts), len(known)))), none
        name = pa.repeat(pa.scalar(one.name), len(known))
        columns = [ids.take(pa.array(known)), name, words, number, pa.nulls(len(known), pa.int64())]
        tables.append(pa.table(columns, schema=ATTRIBUTES))
    return pa.concat_tables(tables)


def _outcomes(ids: pa.Array, created: np.ndarray, random: np.random.Generator) -> pa.Table:
    tables = []
    for stage, share, after in zip(_STAGES, _STAGE_SHARES, (5 * DAY, 15 * DAY), strict=True):
        there = np.flatnonzero(random.random(len(ids)) < share)
        columns = [ids.take(pa.array(there)), pa.repeat(pa.scalar(stage), len(there)), created[there] + after]
        tables.append(pa.table([*columns, pa.nulls(len(there), pa.float64())], schema=OUTCOMES))
    return pa.concat_tables(tables).sort_by([("lead_id", "ascending"), ("reached_at", "ascending")])
