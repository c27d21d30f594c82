"""The store's tables, as SQLAlchemy knows them. What makes them in a database are the migrations beside this module.

Moments are UTC microseconds (int64). `recorded_at` is when the store took a row in, as its caller said; `watermark` is
the number of the batch that brought it.
"""

import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

# The migration that makes what this module describes; `Store.open` refuses a database that stands elsewhere.
HEAD = "0004"


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
    sa.Index("leads_by_watermark", "watermark"),
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
    sa.Index("interactions_by_watermark", "watermark"),
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
    sa.Index("attributes_by_watermark", "watermark"),
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
    sa.Index("outcomes_by_watermark", "watermark"),
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

# Answers given. `watermark` is that of the snapshot in which the store was read; `stored` is 1 where the lead came from
# the store, `given` the JSON of what the request itself told of it. A null score: the target's stage was reached.
# `inputs_forgotten` is 1 where a colleague whose interactions went into it was forgotten since.
SCORES = sa.Table(
    "scores",
    METADATA,
    sa.Column("score_id", NUMBER, primary_key=True),
    sa.Column("request_id", TEXT, nullable=False),
    sa.Column("lead_id", TEXT, nullable=False),
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("answered_at", sa.BigInteger, nullable=False),
    sa.Column("watermark", sa.BigInteger, nullable=False),
    sa.Column("stored", sa.SmallInteger, nullable=False),
    sa.Column("given", TEXT),
    sa.Column("bundle_version", TEXT, nullable=False),
    sa.Column("rulebook_version", TEXT, nullable=False),
    sa.Column("probability_sql", FLOAT),
    sa.Column("probability_customer", FLOAT),
    sa.Column("score", FLOAT),
    sa.Column("grade", TEXT),
    sa.Column("rule_points", FLOAT, nullable=False),
    sa.Column("rule_grade", TEXT),
    sa.Column("rule_stage", TEXT),
    sa.Column("stage", TEXT),
    sa.Column("agreement", TEXT),
    sa.Column("next_action", TEXT),
    sa.Column("follow_up_by", sa.BigInteger),
    sa.Column("valid_until", sa.BigInteger),
    sa.Column("inputs_forgotten", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Index("scores_of_lead", "lead_id", "answered_at"),
    sa.Index("scores_by_time", "answered_at"),
    sqlite_autoincrement=True,  # a number that was given once is never given again, also where its row was forgotten
)

# Bundles and rulebooks that answered, so that every answer can be made again from the database alone.
ARTIFACTS = sa.Table(
    "artifacts",
    METADATA,
    sa.Column("version", TEXT, primary_key=True),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
)

# `lead_id` turned out at `known_at` to be `into_lead`.
MERGES = sa.Table(
    "merges",
    METADATA,
    sa.Column("lead_id", TEXT, primary_key=True),
    sa.Column("into_lead", TEXT, nullable=False),
    sa.Column("known_at", sa.BigInteger, nullable=False),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Column("watermark", sa.BigInteger, nullable=False),
    sa.Index("merges_into", "into_lead"),
)

# Objections to being scored; of a lead's rows, the newest counts.
SUPPRESSIONS = sa.Table(
    "suppressions",
    METADATA,
    sa.Column("lead_id", TEXT, primary_key=True),
    sa.Column("watermark", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("suppressed", sa.SmallInteger, nullable=False),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
)

# Who was removed for good, as a salted digest of the lead_id; what comes of such a lead is refused.
FORGOTTEN = sa.Table(
    "forgotten",
    METADATA,
    sa.Column("digest", TEXT, primary_key=True),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Column("watermark", sa.BigInteger, nullable=False),
)

# What is declared of all rows (the time zone, the families), as JSON; of a name's rows, the newest counts.
DEFINITIONS = sa.Table(
    "definitions",
    METADATA,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("watermark", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("content", TEXT, nullable=False),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
)

# Where a lead stood at its newest answer: what a crossing is judged against. `rule_stage`: the higher of the points'
# stage and the record's. `rescore_at`: when that answer ends.
STANDINGS = sa.Table(
    "standings",
    METADATA,
    sa.Column("lead_id", TEXT, primary_key=True),
    sa.Column("rule_stage", TEXT),
    sa.Column("grade", TEXT),
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("watermark", sa.BigInteger, nullable=False),
    sa.Column("score_id", sa.BigInteger),
    sa.Column("rescore_at", sa.BigInteger),
    sa.Index("standings_to_rescore", "rescore_at"),
)

# Lines that were crossed, and how far telling of them came; `number` is the order within the lead.
CROSSINGS = sa.Table(
    "crossings",
    METADATA,
    sa.Column("crossing_id", TEXT, primary_key=True),
    sa.Column("lead_id", TEXT, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("before", TEXT),
    sa.Column("after", TEXT, nullable=False),
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("follow_up_by", sa.BigInteger),
    sa.Column("score_id", sa.BigInteger, nullable=False),
    sa.Column("payload", TEXT, nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("state", TEXT, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", sa.BigInteger),
    sa.Column("delivered_at", sa.BigInteger),
    sa.Column("last_error", TEXT),
    sa.Index("crossings_due", "state", "next_attempt_at"),
    sa.Index("crossings_of_lead", "lead_id", "number", unique=True),
)

# How far work that follows the facts has come; `taken_until` is the end of a worker's lease.
CURSORS = sa.Table(
    "cursors",
    METADATA,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("watermark", sa.BigInteger, nullable=False),
    sa.Column("taken_until", sa.BigInteger),
)

# Leads handed over to sales: the place on the list, and how likely it was to be there (`explored`: by lot).
HANDOVERS = sa.Table(
    "handovers",
    METADATA,
    sa.Column("list_id", TEXT, primary_key=True),
    sa.Column("lead_id", TEXT, primary_key=True),
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("explored", sa.SmallInteger, nullable=False),
    sa.Column("propensity", FLOAT, nullable=False),
    sa.Column("score_id", sa.BigInteger),
    sa.Index("handovers_of_lead", "lead_id"),
)
