"""Leads and what is known of them, each row with the watermark of its batch."""

import sqlalchemy as sa
from alembic import op

from histories.store.database.schema import FLOAT, TEXT

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of facts, and the watermark at 0."""
    watermark = op.create_table(
        "watermark",
        sa.Column("only", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(watermark, [{"only": 1, "value": 0}])
    op.create_table(
        "leads",
        sa.Column("lead_id", TEXT, primary_key=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("account_id", TEXT),
        *_taken_in(),
    )
    op.create_index("leads_of_account", "leads", ["account_id"])
    op.create_table(
        "interactions",
        sa.Column("interaction_id", TEXT, primary_key=True),
        sa.Column("lead_id", TEXT, nullable=False),
        sa.Column("occurred_at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("channel", TEXT),
        sa.Column("direction", TEXT),
        sa.Column("value", FLOAT),
        *_taken_in(),
    )
    op.create_index("interactions_of_lead", "interactions", ["lead_id"])
    _attributes()
    op.create_table(
        "outcomes",
        sa.Column("lead_id", TEXT, primary_key=True),
        sa.Column("stage", TEXT, primary_key=True),
        sa.Column("reached_at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("amount", FLOAT),
        *_taken_in(),
    )


def _attributes() -> None:
    op.create_table(
        "attribute_types",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("watermark", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "attributes",
        sa.Column("lead_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("text", TEXT),
        sa.Column("number", FLOAT),
        sa.Column("known_at", sa.BigInteger),
        *_taken_in(),
    )
    versions: list[str | sa.TextClause] = ["lead_id", "name", sa.text("coalesce(known_at, -1)")]
    op.create_index("attribute_versions", "attributes", versions, unique=True)


def _taken_in() -> list[sa.Column[int]]:
    return [
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("watermark", sa.BigInteger, nullable=False),
    ]


def downgrade() -> None:
    """Drop all of it."""
    for table in ("outcomes", "attributes", "attribute_types", "interactions", "leads", "watermark"):
        op.drop_table(table)
