"""What a kept answer was made from, read again from the store."""

import json
from collections.abc import Mapping

from histories.contract import AttributeType, LeadHistory
from histories.errors import DataError
from histories.store import Store
from histories.store.database.score_row import ScoreRow
from histories.store.known.single import leads
from serving.wire import additions, mapping
from serving.wire.api import FROM_STORE, WireLead

_ANY_TYPE: Mapping[str, AttributeType] = {}  # they were checked when they came


def inputs(store: Store, row: ScoreRow) -> LeadHistory:
    """Return the history that an answer was given for: the stored one at its watermark, with what the request told.

    Raises DataError where something of it is gone; StoreUnavailableError.
    """
    if row.inputs_forgotten:
        raise DataError(
            f"answer {row.score_id} for lead {row.lead_id!r} cannot be made again: it was made from interactions of "
            "somebody who was forgotten since"
        )
    given = None if row.given is None else _told(row.given)
    if not row.stored and given is not None:
        return mapping.history(given, _ANY_TYPE)
    _, found = leads(store, [row.lead_id], row.watermark)
    if row.lead_id not in found:
        raise DataError(f"the store knows no lead {row.lead_id!r} at watermark {row.watermark}: was it forgotten?")
    history = found[row.lead_id]
    return history if given is None else additions.added(history, additions.of(given, _ANY_TYPE, row.as_of))


def _told(given: str) -> WireLead:
    return WireLead.model_validate(json.loads(given), context=FROM_STORE)
