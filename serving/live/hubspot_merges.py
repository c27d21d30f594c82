"""Carries out the merges that HubSpot tells of, after the rows of the same request are in."""

from collections.abc import Collection, Iterable

from histories.contract import LeadHistory
from histories.store import LeadRow, Store, Verdict
from histories.store.facts.together import Refused, Rows, take_together
from histories.store.known.persons import awaited
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
    ended = [known[lead_id] for lead_id in one.ended if lead_id in known]
    if ended and one.into not in known:
        store.add_leads([_made_of(one.into, ended)], now)
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


def complete(store: Store, lead_ids: Collection[str], now: int) -> None:
    """Make the contacts that others of these live on in, where a merge was told before any of its contacts was known.

    HubSpot tells of the contact that it makes in the merge alone.
    """
    awaiting: dict[str, list[str]] = {}
    for lead_id, into in awaited(store, lead_ids).items():
        awaiting.setdefault(into, []).append(lead_id)
    if not awaiting:
        return
    _, known = leads(store, [one for some in awaiting.values() for one in some])
    found = {into: [known[one] for one in some if one in known] for into, some in awaiting.items()}
    rows = [_made_of(into, ended) for into, ended in found.items() if ended]
    if rows:
        store.add_leads(rows, now)


def _made_of(lead_id: str, ended: Iterable[LeadHistory]) -> LeadRow:
    """The contact that HubSpot made of others: as old as the oldest, and of the account of the first that has one."""
    first = sorted(ended, key=lambda one: (one.created_at, one.lead_id))
    account = next((one.account_id for one in first if one.account_id is not None), None)
    return LeadRow(lead_id, first[0].created_at, account)


def _verdict(one: Merge, status: str, reason: str | None) -> WireVerdict:
    return WireVerdict.model_validate({"lead_id": one.into, "interaction_id": None, "status": status, "reason": reason})
