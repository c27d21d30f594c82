"""A list of calls is written down in the history store: the answers, and how likely each lead was to be on it."""

import hashlib
import json

from histories.store import Store
from histories.store.kept.answers import keep_list
from histories.store.kept.artifacts import Kind, archive
from histories.store.kept.handovers import Handover, hand_over, is_handed_over
from scoring import archive as archives
from scoring import kept
from scoring.scorer import Scorer
from serving.board.today import CallList


def write_down(store: Store, found: CallList, scorer: Scorer, watermark: int, now: int) -> str:
    """Keep the list's answers and its order; return its id, which is that of its content.

    `watermark`: what the store knew when the list was made; `now` in UTC microseconds. The same list again is written
    down once. Raises StoreUnavailableError.
    """
    bundle, rulebook = scorer.bundle, scorer.rulebook
    list_id = _id(found, bundle.version, rulebook.version)
    if is_handed_over(store, list_id):
        return list_id
    archive(store, bundle.version, Kind.BUNDLE, archives.packed(bundle), now)
    archive(store, rulebook.version, Kind.RULEBOOK, rulebook.source.encode(), now)
    asked = kept.Asked(
        request_id=list_id,
        as_of=found.as_of,
        answered_at=now,
        watermark=watermark,
        bundle_version=bundle.version,
        rulebook_version=rulebook.version,
    )
    numbers = keep_list(store, [kept.row(one.answer, asked, stored=True, given=None) for one in found.calls])
    rows = [
        Handover(list_id, one.answer.lead_id, found.as_of, place, one.explored, one.propensity, number)
        for place, (one, number) in enumerate(zip(found.calls, numbers, strict=True), 1)
        if number is not None  # the lead was forgotten meanwhile
    ]
    hand_over(store, rows)
    return list_id


def _id(found: CallList, bundle: str, rulebook: str) -> str:
    calls = [[one.answer.lead_id, one.explored, one.propensity] for one in found.calls]
    content = json.dumps([found.as_of, bundle, rulebook, calls])
    return f"list_{hashlib.sha256(content.encode()).hexdigest()[:24]}"
