"""Answers that can be made again, people's wishes, what is declared of all rows, crossings and hand-overs."""

import sqlalchemy as sa
from alembic import op

from histories.store.database.schema import FLOAT, NUMBER, TEXT

revision = "0004"
down_revision = "0003"

_TABLES = (
    "scores",
    "artifacts",
    "merges",
    "suppressions",
    "forgotten",
    "definitions",
    "standings",
    "crossings",
    "cursors",
    "handovers",
)
# Work that follows the facts asks for the rows of the newest batches.
_FACTS = ("leads", "interactions", "attributes", "outcomes")


def upgrade() -> None:
    """Make the tables. The former table of scores goes: no version wrote into it."""
    op.drop_table("scores")
    for table in _FACTS:
        op.create_index(f"{table}_by_watermark", table, ["watermark"])
    _scores()
    _people()
    _definitions()
    _crossings()
    _work()


def _scores() -> None:
    op.create_table(
        "scores",
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
        sqlite_autoincrement=True,
    )
    op.create_index("scores_of_lead", "scores", ["lead_id", "answered_at"])
    op.create_index("scores_by_time", "scores", ["answered_at"])
    op.create_table(
        "artifacts",
        sa.Column("version", TEXT, primary_key=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
    )


def _people() -> None:
    op.create_table(
        "merges",
        sa.Column("lead_id", TEXT, primary_key=True),
        sa.Column("into_lead", TEXT, nullable=False),
        sa.Column("known_at", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("watermark", sa.BigInteger, nullable=False),
    )
    op.create_index("merges_into", "merges", ["into_lead"])
    op.create_table(
        "suppressions",
        sa.Column("lead_id", TEXT, primary_key=True),
        sa.Column("watermark", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("suppressed", sa.SmallInteger, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "forgotten",
        sa.Column("digest", TEXT, primary_key=True),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("watermark", sa.BigInteger, nullable=False),
    )


def _definitions() -> None:
    op.create_table(
        "definitions",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("watermark", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
    )


def _crossings() -> None:
    op.create_table(
        "standings",
        sa.Column("lead_id", TEXT, primary_key=True),
        sa.Column("rule_stage", TEXT),
        sa.Column("grade", TEXT),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("watermark", sa.BigInteger, nullable=False),
        sa.Column("score_id", sa.BigInteger),
        sa.Column("rescore_at", sa.BigInteger),
    )
    op.create_index("standings_to_rescore", "standings", ["rescore_at"])
    op.create_table(
        "crossings",
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
    )
    op.create_index("crossings_due", "crossings", ["state", "next_attempt_at"])
    op.create_index("crossings_of_lead", "crossings", ["lead_id", "number"], unique=True)


def _work() -> None:
    op.create_table(
        "cursors",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("watermark", sa.BigInteger, nullable=False),
        sa.Column("taken_until", sa.BigInteger),
    )
    op.create_table(
        "handovers",
        sa.Column("list_id", TEXT, primary_key=True),
        sa.Column("lead_id", TEXT, primary_key=True),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("explored", sa.SmallInteger, nullable=False),
        sa.Column("propensity", FLOAT, nullable=False),
        sa.Column("score_id", sa.BigInteger),
    )
    op.create_index("handovers_of_lead", "handovers", ["lead_id"])


def downgrade() -> None:
    """Drop them: answers, merges, objections and declarations are lost, and so is who was forgotten."""
    for table in reversed(_TABLES):
        op.drop_table(table)
    for table in _FACTS:
        op.drop_index(f"{table}_by_watermark", table)
    op.create_table(
        "scores",
        sa.Column("score_id", NUMBER, primary_key=True),
        sa.Column("lead_id", TEXT, nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("watermark", sa.BigInteger, nullable=False),
        sa.Column("bundle_version", TEXT, nullable=False),
        sa.Column("rulebook_version", TEXT, nullable=False),
        sa.Column("model_scores", TEXT, nullable=False),
        sa.Column("rule_scores", TEXT, nullable=False),
    )
    op.create_index("scores_of_lead", "scores", ["lead_id", "as_of"])
