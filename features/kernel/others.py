"""The account's other leads: what they did, counted for one lead of the account at one cutoff.

For a few rows their interactions are gone through. For many, the account's are sorted by time once, and a lead's others
are all of the account without the lead's own: so a large account costs no square of its size. Both count whole numbers,
so both give the same bits.
"""

from features.encoding.zone import EVER
from features.kernel.arrays import Encoded, Floats, Ints, Plan
from features.kernel.company import BLOCK, COUNTED, EVERYBODY, Company, count
from features.kernel.layout import (
    ACCOUNT,
    ALL,
    EDGES,
    END,
    FIRST,
    GROUPS,
    INTENT,
    MEMBERS,
    MEMBERS_END,
    TWO_WAY,
    WIDTH,
    WINDOWS,
)
from features.kernel.search import before
from histories.clock import DAY
from histories.compiled import inlined

_NEVER = EVER


@inlined
def emit_others(
    out: Floats, counts: Ints, lead: int, cutoff: int, encoded: Encoded, plan: Plan, company: Company
) -> None:
    """Write what the account's other leads did over a blank row, on which the lead's own counts stand already.

    `counts` is room for [WINDOWS, COUNTED]. Without an account the row stays blank.
    """
    if encoded.leads[lead, MEMBERS] < 0:
        return
    counts[:] = 0
    if company.running.size:
        latest = _all_but_own(out, counts, lead, cutoff, encoded, plan, company)
    else:
        latest = _each(counts, lead, cutoff, encoded, plan)
    at = plan.layout[ACCOUNT]
    for block, declared in enumerate((0, plan.layout[INTENT], plan.layout[TWO_WAY])):
        if declared >= 0:
            for window in range(WINDOWS):
                out[at + block * WINDOWS + window] = counts[window, block]
    if latest != _NEVER:
        out[at + COUNTED * WINDOWS] = (cutoff - latest) / DAY


@inlined
def _each(counts: Ints, lead: int, cutoff: int, encoded: Encoded, plan: Plan) -> int:
    """Go through the other leads one by one; return the time of their latest interaction, or the least int64."""
    leads, latest = encoded.leads, _NEVER
    for member in range(leads[lead, MEMBERS], leads[lead, MEMBERS_END]):
        other = encoded.members[member]
        if other == lead:
            continue
        end = before(encoded.occurred, leads[other, FIRST], leads[other, END], cutoff)
        window = 0
        for place in range(end - 1, leads[other, FIRST] - 1, -1):
            if encoded.received[place] > cutoff:
                continue
            if encoded.twins.size and encoded.twins[place] != EVERYBODY and encoded.twins[place] != lead:
                continue
            time = int(encoded.occurred[place])
            latest = max(latest, time)
            while window < ALL and cutoff - time > plan.layout[EDGES + window]:
                window += 1
            count(counts, window, encoded.signature[place], plan)
    for window in range(1, WINDOWS):
        for block in range(COUNTED):
            counts[window, block] += counts[window - 1, block]
    return latest


@inlined
def _all_but_own(
    out: Floats, counts: Ints, lead: int, cutoff: int, encoded: Encoded, plan: Plan, company: Company
) -> int:
    """Subtract the lead's own from all of the account; return the time of the others' latest, or the least int64."""
    end = before(company.occurred, 0, company.occurred.size, cutoff)
    own = (plan.layout[GROUPS], plan.layout[INTENT], plan.layout[TWO_WAY])
    for window in range(WINDOWS):
        begin = 0
        if window < ALL:
            begin = before(company.occurred, 0, end, cutoff - plan.layout[EDGES + window])
        for block in range(COUNTED):
            counts[window, block] = company.running[end, block] - company.running[begin, block]
            if own[block] >= 0:
                counts[window, block] -= int(out[own[block] * WIDTH + window])
    _leave_out_unknown(counts, end, cutoff, plan, company)
    latest = _latest_stranger(end, lead, cutoff, company)
    if encoded.twins.size:
        _put_back_own_shared(counts, lead, cutoff, encoded, plan)
        latest = max(latest, _add_given(counts, lead, cutoff, encoded, plan, company))
    return latest


@inlined
def _leave_out_unknown(counts: Ints, end: int, cutoff: int, plan: Plan, company: Company) -> None:
    """Take out again what had not arrived yet at the cutoff, the lead's own too: its own counts are without it."""
    place = end - 1
    while place >= 0 and company.known[place] > cutoff:
        if place % BLOCK == BLOCK - 1 and company.blocks[place // BLOCK] <= cutoff:
            place -= BLOCK
            continue
        if company.received[place] > cutoff:
            for window in range(_narrowest(cutoff - company.occurred[place], plan), WINDOWS):
                for block in range(COUNTED):
                    counts[window, block] -= company.running[place + 1, block] - company.running[place, block]
        place -= 1


@inlined
def _narrowest(age: int, plan: Plan) -> int:
    """Return the narrowest window that holds an age."""
    window = 0
    while window < ALL and age > plan.layout[EDGES + window]:
        window += 1
    return window


@inlined
def _latest_stranger(end: int, lead: int, cutoff: int, company: Company) -> int:
    place = end - 1
    while place >= 0:
        if company.owner[place] == lead:
            place = int(company.stranger[place])
        elif company.received[place] > cutoff:
            place -= 1
        else:
            return int(company.occurred[place])
    return _NEVER


@inlined
def _put_back_own_shared(counts: Ints, lead: int, cutoff: int, encoded: Encoded, plan: Plan) -> None:
    """The lead's own counts hold shared interactions, those of the company do not."""
    for place in range(encoded.leads[lead, FIRST], encoded.leads[lead, END]):
        if encoded.twins[place] != EVERYBODY:
            _add_visible(counts, place, cutoff, encoded, plan)


@inlined
def _add_given(counts: Ints, lead: int, cutoff: int, encoded: Encoded, plan: Plan, company: Company) -> int:
    """Count what counts for this lead alone; return the time of its latest, or the least int64."""
    latest, owners = _NEVER, company.given[:, 0]
    for one in range(before(owners, 0, owners.size, lead), owners.size):
        place = int(company.given[one, 1])
        if owners[one] != lead:
            break
        if _add_visible(counts, place, cutoff, encoded, plan):
            latest = max(latest, int(encoded.occurred[place]))
    return latest


@inlined
def _add_visible(counts: Ints, place: int, cutoff: int, encoded: Encoded, plan: Plan) -> bool:
    """Count an interaction in all its windows if the cutoff sees it; tell whether it does."""
    age = cutoff - encoded.occurred[place]
    if age <= 0 or encoded.received[place] > cutoff:
        return False
    for window in range(_narrowest(age, plan), WINDOWS):
        count(counts, window, encoded.signature[place], plan)
    return True
