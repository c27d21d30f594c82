"""What the data were: a hash that changes with any value that was read, and with no order of rows."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from histories.clock import iso
from histories.contract import ATTRIBUTES, INTERACTIONS, LEADS, OUTCOMES, Histories

DATASET_DIGEST_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What was read: `sha256` over its content, how many rows of each table, when it was exported (UTC microseconds)."""

    sha256: str
    leads: int
    attributes: int
    interactions: int
    outcomes: int
    exported_at: int

    def to_json(self) -> str:
        """Return it as JSON for people and programs, the time as text."""
        return json.dumps({**asdict(self), "exported_at": iso(self.exported_at)}, indent=2)


def of(histories: Histories) -> Fingerprint:
    """Return the fingerprint of histories. Two exports with the same rows in another order have the same."""
    digest = hashlib.sha256()
    for table, schema in (
        (histories.leads, LEADS),
        (histories.attributes, ATTRIBUTES),
        (histories.interactions, INTERACTIONS),
        (histories.outcomes, OUTCOMES),
    ):
        digest.update(table_digest(table.select(schema.names).cast(schema)))
    about = {
        "exported_at": histories.exported_at,
        "timezone": histories.timezone,
        "families": {name: list(kinds) for name, kinds in histories.families.patterns.items()},
        "attribute_types": {name: str(kind) for name, kind in histories.attribute_types.items()},
    }
    digest.update(json.dumps(about, sort_keys=True).encode())
    return Fingerprint(
        digest.hexdigest(),
        histories.leads.num_rows,
        histories.attributes.num_rows,
        histories.interactions.num_rows,
        histories.outcomes.num_rows,
        histories.exported_at,
    )


def table_digest(table: pa.Table) -> bytes:
    """Return the sha256 of a table's rows, whatever their order. Columns are text, integers or floats."""
    table = table.sort_by([(name, "ascending") for name in table.column_names])
    digest = hashlib.sha256(json.dumps([table.num_rows, *table.column_names]).encode())
    for column in table.columns:
        for part in _content(column):
            digest.update(part)
    return digest.digest()


def _content(column: pa.ChunkedArray) -> tuple[bytes, ...]:
    """A column as bytes that do not depend on how Arrow has laid it out: where values are, their lengths, the values."""
    present = np.asarray(pc.is_valid(column)).tobytes()
    if not pa.types.is_string(column.type):
        return present, np.ascontiguousarray(pc.fill_null(column, 0).to_numpy()).tobytes()
    lengths = np.asarray(pc.fill_null(pc.binary_length(column), 0), dtype=np.int64).tobytes()
    return present, lengths, "".join(text for text in column.to_pylist() if text is not None).encode()


def rows_digest(tables: Mapping[str, pa.Table]) -> str:
    """Return a short name for the rows of several tables: equal for equal rows under equal names."""
    digest = hashlib.sha256()
    for name in sorted(tables):
        digest.update(name.encode() + b"\0" + table_digest(tables[name]))
    return digest.hexdigest()[:DATASET_DIGEST_LENGTH]


def folder_sha256(folder: Path) -> str:
    """Return the sha256 over the names and contents of all files below a folder."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()
