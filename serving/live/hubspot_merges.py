"""Carries out the merges that HubSpot tells of, after the rows of the same request are in."""

from histories.store import LeadRow, Store, Verdict
from histories.store.people import MergeRefusedError
from histories.store.people import merge as merge_leads
from histories.store.single import leads
from serving.live.hubspot import Merge
from serving.wire.incoming import WireVerdict


def merged(store: Store, one: Merge, now: int) -> WireVerdict:
    """Merge, and say what came of it: a lead of which nothing is known has nothing to bring."""
    _, known = leads(store, [one.into, *one.ended])
    ended = [lead_id for lead_id in one.ended if lead_id in known]
    if not ended:
        return _verdict(one, "ignored", "none of the contacts that ended is known")
    if one.into not in known:  # the contact that HubSpot made of them is as old as the oldest
        created_at = min(known[lead_id].created_at for lead_id in ended)
        store.add_leads([LeadRow(one.into, created_at)], now)
    changed = False
    for lead_id in ended:
        try:
            changed |= merge_leads(store, lead_id, one.into, one.moment, now).changed
        except MergeRefusedError as error:
            return _verdict(one, "refused", f"{error.field}: {error.reason}")
    return _verdict(one, Verdict.ADDED.value if changed else Verdict.DUPLICATE.value, None)


def _verdict(one: Merge, status: str, reason: str | None) -> WireVerdict:
    return WireVerdict.model_validate({"lead_id": one.into, "interaction_id": None, "status": status, "reason": reason})
