"""What a key may be allowed to do."""

from enum import StrEnum


class Permission(StrEnum):
    """One of the things that a key is good for; a key may have several."""

    PREDICT = "predict"
    EXPLAIN = "explain"
    INGEST = "ingest"
    ADMIN = "admin"
