"""Answers given, with all that makes them again."""

import sqlalchemy as sa
from alembic import op

from histories.store.database.schema import NUMBER, TEXT

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
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


def downgrade() -> None:
    """Drop it: answers given are lost, facts are not touched."""
    op.drop_table("scores")
