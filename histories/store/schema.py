"""The store's tables, as SQLAlchemy knows them. What makes them in a database are the migrations beside this module.

Moments are UTC microseconds (int64). `recorded_at` is when the store took a row in, as its caller said; `watermark` is
the number of the batch that brought it.
"""

import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

# The migration that makes what this module describes; `Store.open` refuses a database that stands elsewhere.
HEAD = "0003"


class _AsGiven(UserDefinedType[float]):
    """A float in SQLite. A column declared REAL stores whole numbers as integers, and -0.0 comes back as 0.0."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "BLOB"  # the declaration without an affinity: SQLite converts nothing


# "C" compares bytes, which is the order of code points, as Python's and SQLite's own.
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
FLOAT: sa.types.TypeEngine[float] = sa.Double().with_variant(_AsGiven(), "sqlite")
# SQLite counts up alone what it calls an integer.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

METADATA = sa.MetaData()

# One row. Whoever writes a batch raises it first, and holds its lock until the batch is committed.
WATERMARK = sa.Table(
    "watermark",
    METADATA,
    sa.Column("only", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("value", sa.BigInteger, nullable=False),
)

LEADS = sa.Table(
    "leads",
    METADATA,
    sa.Column("lead_id", TEXT, primary_key=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("account_id", TEXT),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Column("watermark", sa.BigInteger, nullable=False),
    sa.Index("leads_of_account", "account_id"),
)

# No foreign key to leads: what a lead did may arrive before the lead does.
INTERACTIONS = sa.Table(
    "interactions",
    METADATA,
    sa.Column("interaction_id", TEXT, primary_key=True),
    sa.Column("lead_id", TEXT, nullable=False),
    sa.Column("occurred_at", sa.BigInteger, nullable=False),
    sa.Column("received_at", sa.BigInteger),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("channel", TEXT),
    sa.Column("direction", TEXT),
    sa.Column("value", FLOAT),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Column("watermark", sa.BigInteger, nullable=False),
    sa.Index("interactions_of_lead", "lead_id"),
)

# An attribute's type is that of the first value that came.
ATTRIBUTE_TYPES = sa.Table(
    "attribute_types",
    METADATA,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("type", TEXT, nullable=False),
    sa.Column("watermark", sa.BigInteger, nullable=False),
)

ATTRIBUTES = sa.Table(
    "attributes",
    METADATA,
    sa.Column("lead_id", TEXT, nullable=False),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("text", TEXT),
    sa.Column("number", FLOAT),
    sa.Column("known_at", sa.BigInteger),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Column("watermark", sa.BigInteger, nullable=False),
    # Nulls differ from each other in a unique index; a moment is never negative.
    sa.Index("attribute_versions", "lead_id", "name", sa.text("coalesce(known_at, -1)"), unique=True),
)

OUTCOMES = sa.Table(
    "outcomes",
    METADATA,
    sa.Column("lead_id", TEXT, primary_key=True),
    sa.Column("stage", TEXT, primary_key=True),
    sa.Column("reached_at", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("amount", FLOAT),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Column("watermark", sa.BigInteger, nullable=False),
)

# What was refused: `source` is the table it was meant for, `row` its JSON, `digest` that of all three.
QUARANTINE = sa.Table(
    "quarantine",
    METADATA,
    sa.Column("digest", TEXT, primary_key=True),
    sa.Column("source", TEXT, nullable=False),
    sa.Column("row", TEXT, nullable=False),
    sa.Column("reason", TEXT, nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("watermark", sa.BigInteger, nullable=False),
)

# Answers given. `watermark` is what the store knew when it was asked; both scores are JSON.
SCORES = sa.Table(
    "scores",
    METADATA,
    sa.Column("score_id", NUMBER, primary_key=True),
    sa.Column("lead_id", TEXT, nullable=False),
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("watermark", sa.BigInteger, nullable=False),
    sa.Column("bundle_version", TEXT, nullable=False),
    sa.Column("rulebook_version", TEXT, nullable=False),
    sa.Column("model_scores", TEXT, nullable=False),
    sa.Column("rule_scores", TEXT, nullable=False),
    sa.Index("scores_of_lead", "lead_id", "as_of"),
)
