"""Leads written as a CRM would export them, duplicates and all, with the crm.toml that reads them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from histories import clock
from histories.contract import Families, LeadHistory

_MOMENT = pa.timestamp("us", "UTC")
_LEADS = pa.schema([("lead_id", pa.string()), ("created_at", _MOMENT), ("account_id", pa.string())])
_INTERACTIONS = pa.schema(
    [
        ("lead_id", pa.string()),
        ("interaction_id", pa.string()),
        ("occurred_at", _MOMENT),
        ("received_at", _MOMENT),
        ("kind", pa.string()),
        ("channel", pa.string()),
        ("direction", pa.string()),
        ("value", pa.float64()),
    ]
)
_TEXTS = pa.schema([("lead_id", pa.string()), ("name", pa.string()), ("value", pa.string()), ("known_at", _MOMENT)])
_OUTCOMES = pa.schema([("lead_id", pa.string()), ("stage", pa.string()), ("reached_at", _MOMENT)])
_CRM = """
timezone = "Europe/Amsterdam"
exported_at = {exported_at}
[leads]
file = "leads.parquet"
lead_id = "lead_id"
created_at = "created_at"
account_id = "account_id"
[[interactions]]
file = "interactions.parquet"
lead_id = "lead_id"
interaction_id = "interaction_id"
occurred_at = "occurred_at"
received_at = "received_at"
kind = "{{kind}}"
channel = "{{channel}}"
direction = "{{direction}}"
value = "value"
[[outcomes]]
file = "outcomes.parquet"
lead_id = "lead_id"
stage = "{{stage}}"
reached_at = "reached_at"
"""
_ATTRIBUTE = """
[[attributes]]
file = "attributes.parquet"
where = "name = '{name}'"
name = "{name}"
type = "{type}"
lead_id = "lead_id"
value = "value"
known_at = "known_at"
"""


def write(leads: Sequence[LeadHistory], folder: Path, exported_at: int, families: Families) -> Path:
    """Write an export into a new folder and return its crm.toml; attributes are known when the lead is created."""
    folder.mkdir()
    _write(folder / "leads.parquet", _LEADS, ((one.lead_id, one.created_at, one.account_id) for one in leads))
    _write(
        folder / "interactions.parquet",
        _INTERACTIONS,
        (
            (lead.lead_id, *one[:2], one.received_at, one.kind, one.channel, one.direction, one.value)
            for lead in leads
            for one in lead.interactions
        ),
    )
    values = [(lead, one) for lead in leads for one in lead.attributes]
    _write(
        folder / "attributes.parquet",
        _TEXTS,
        (
            (lead.lead_id, one.name, None if one.value is None else str(one.value), one.known_at or lead.created_at)
            for lead, one in values
        ),
    )
    arrivals = ((lead.lead_id, one.stage.value, one.reached_at) for lead in leads for one in lead.outcomes)
    _write(folder / "outcomes.parquet", _OUTCOMES, arrivals)
    texts = {one.name for _, one in values if isinstance(one.value, str)}
    types = {one.name: "category" if one.name in texts else "number" for _, one in values}
    blocks = [_ATTRIBUTE.format(name=name, type=kind) for name, kind in sorted(types.items())]
    named = "\n".join(f"{name} = {list(globs)!r}" for name, globs in families.patterns.items())
    text = _CRM.format(exported_at=clock.iso(exported_at)) + "".join(blocks) + f"[families]\n{named}\n"
    (folder / "crm.toml").write_text(text)
    return folder / "crm.toml"


def _write(path: Path, schema: pa.Schema, rows: Iterable[tuple[object, ...]]) -> None:
    columns = list(zip(*rows, strict=True)) or [() for _ in schema]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    parquet.write_table(pa.Table.from_arrays(arrays, schema=schema), path)
