"""Who was forgotten: a salted digest of each lead_id, so that rows which come later can be refused.

Whoever has the database has the salt too, and can find out whether a lead_id that he guesses was forgotten; nobody can
read from a digest whose it is.
"""

import hashlib
import json
import secrets
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from histories.store.database.among import among
from histories.store.database.schema import DEFINITIONS, FORGOTTEN

# Its name in `definitions`; there is none before the first lead is forgotten. Its watermark: `removed_at`.
SALT = "forgotten_salt"


# Why a row of such a lead is refused.
REASON = "its lead was forgotten"


def forgotten(connection: sa.Connection, lead_ids: Collection[str]) -> frozenset[str]:
    """Return those of the leads that were forgotten; one small statement where nobody ever was."""
    salt = _salt(connection)
    if salt is None:
        return frozenset()
    names = {_digest(salt, one): one for one in lead_ids}
    found = connection.execute(sa.select(FORGOTTEN.c.digest).where(among(connection, FORGOTTEN.c.digest, list(names))))
    return frozenset(names[digest] for digest in found.scalars())


def entomb(connection: sa.Connection, lead_ids: Collection[str], recorded_at: int, watermark: int) -> None:
    """Refuse from now on what comes of these leads. `watermark`: that of the transaction, which has raised it."""
    salt = _salt(connection)
    if salt is None:
        salt = secrets.token_bytes(32)
        row = {"name": SALT, "watermark": watermark, "content": json.dumps(salt.hex()), "recorded_at": recorded_at}
        connection.execute(sa.insert(DEFINITIONS).values(**row))
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    rows = [{"digest": _digest(salt, one), "recorded_at": recorded_at, "watermark": watermark} for one in lead_ids]
    connection.execute(insert(FORGOTTEN).on_conflict_do_nothing(), rows)


def removed_at(connection: sa.Connection) -> int | None:
    """Return the watermark under which rows of a person were removed last; None: nobody was ever forgotten.

    Whoever read the store at an earlier one may have read what is gone.
    """
    found = connection.execute(sa.select(DEFINITIONS.c.watermark).where(DEFINITIONS.c.name == SALT)).scalar()
    return None if found is None else int(found)


def removing(connection: sa.Connection, watermark: int) -> None:
    """Write down that rows are removed under this watermark, which the transaction has raised."""
    connection.execute(sa.update(DEFINITIONS).where(DEFINITIONS.c.name == SALT).values(watermark=watermark))


def _salt(connection: sa.Connection) -> bytes | None:
    found = connection.execute(sa.select(DEFINITIONS.c.content).where(DEFINITIONS.c.name == SALT)).scalar()
    return None if found is None else bytes.fromhex(json.loads(found))


def _digest(salt: bytes, lead_id: str) -> str:
    # A request may hold half of a surrogate pair, which nothing else encodes.
    return hashlib.blake2b(lead_id.encode("utf-8", "surrogatepass"), key=salt, digest_size=32).hexdigest()
