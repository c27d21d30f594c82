"""Carries out the merges that HubSpot tells of, after the rows of the same request are in."""

from histories.store import LeadRow, Store, Verdict
from histories.store.facts.together import Refused, Rows, take_together
from histories.store.known.single import leads
from histories.store.privacy.people import MergeRefusedError, expect
from serving.live.hubspot import Merge
from serving.live.scrubbed import scrubbed
from serving.wire.incoming import WireVerdict


def merged(store: Store, one: Merge, raw: object, now: int) -> WireVerdict:
    """Merge, and say what came of it; a contact that cannot be merged stops no other. `raw` is the event.

    A merge of contacts that are not known yet is kept, and counts as soon as the one that goes on is known.
    """
    _, known = leads(store, [one.into, *one.ended])
    created = [known[lead_id].created_at for lead_id in one.ended if lead_id in known]
    if created and one.into not in known:  # the contact that HubSpot made of them is as old as the oldest
        store.add_leads([LeadRow(one.into, min(created))], now)
    changed, reasons = False, []
    for lead_id in one.ended:
        try:
            changed |= expect(store, lead_id, one.into, min(one.moment, now), now).changed
        except MergeRefusedError as error:
            # As of another moment: it is known. HubSpot's clock may be ahead of ours, and a retry comes later.
            if error.field != "known_at":
                reasons.append(f"{error.field}: {error.reason}")
    if not reasons:
        return _verdict(one, Verdict.ADDED.value if changed else Verdict.DUPLICATE.value, None)
    reason = "; ".join(dict.fromkeys(reasons))
    take_together(store, (), lambda _: Rows(refused=(Refused("hubspot", scrubbed(raw), reason),)), now)
    return _verdict(one, Verdict.REFUSED.value, f"{reason}; the rest of the row was taken in" if changed else reason)


def _verdict(one: Merge, status: str, reason: str | None) -> WireVerdict:
    return WireVerdict.model_validate({"lead_id": one.into, "interaction_id": None, "status": status, "reason": reason})
