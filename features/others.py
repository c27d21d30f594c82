"""The account's other leads: what they did, counted for one lead of the account at one cutoff.

For a few rows their interactions are gone through. For many, the account's are sorted by time once, and a lead's others
are all of the account without the lead's own: so a large account costs no square of its size. Both count whole numbers,
so both give the same bits.
"""

from typing import NamedTuple

import numpy as np

from features.arrays import Encoded, Floats, Ints, Plan
from features.layout import (
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
from features.search import before, order_of
from features.signature import GROUP_SHIFT
from features.zone import EVER
from histories.clock import DAY
from histories.compiled import compiled, inlined

# All, of family intent, of family two_way.
COUNTED = 3
_NEVER = EVER
_EVERYBODY = -1
_BLOCK = 256


class Company(NamedTuple):
    """The interactions of one account that count for each of its leads, ascending by time; and the others."""

    occurred: Ints
    received: Ints
    known: Ints  # by when this one and all before it had arrived
    blocks: Ints  # by when all of a block of _BLOCK had arrived
    owner: Ints
    stranger: Ints  # the place of the latest before this one that is another lead's, or -1
    running: Ints  # [interactions + 1, COUNTED]: how many stand before this one
    given: Ints  # [shared, 2]: the lead for which alone it counts, its place among all interactions; ascending


@compiled
def nobody() -> Company:
    """Return a company of which nothing is known."""
    none = np.empty(0, dtype=np.int64)
    return Company(none, none, none, none, none, none, np.empty((0, COUNTED), dtype=np.int64), none.reshape(0, 2))


@compiled
def gather(lead: int, encoded: Encoded, plan: Plan) -> Company:
    """Sort the interactions of a lead's account by time."""
    places, owners, given = _places(lead, encoded)
    order = order_of(encoded.occurred[places])
    places, owner = places[order], owners[order]
    received, size = encoded.received[places], places.size
    known, stranger = received.copy(), np.full(size, -1, dtype=np.int64)
    blocks = np.full(size // _BLOCK + 1, _NEVER, dtype=np.int64)
    running = np.zeros((size + 1, COUNTED), dtype=np.int64)
    for place in range(size):
        blocks[place // _BLOCK] = max(blocks[place // _BLOCK], received[place])
        running[place + 1] = running[place]
        _count(running[place + 1], 0, 1, 1, encoded.signature[places[place]], plan)
        if place:
            known[place] = max(known[place], known[place - 1])
            stranger[place] = place - 1 if owner[place - 1] != owner[place] else stranger[place - 1]
    return Company(encoded.occurred[places], received, known, blocks, owner, stranger, running, given)


@compiled
def _places(lead: int, encoded: Encoded) -> tuple[Ints, Ints, Ints]:
    """Return the account's interactions that count for all and their owners, and those that count for one lead."""
    leads, twins = encoded.leads, encoded.twins
    size = 0
    for member in range(leads[lead, MEMBERS], leads[lead, MEMBERS_END]):
        size += leads[encoded.members[member], END] - leads[encoded.members[member], FIRST]
    places, owners = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    given = np.empty((size if twins.size else 0, 2), dtype=np.int64)
    common, shared = 0, 0
    for member in range(leads[lead, MEMBERS], leads[lead, MEMBERS_END]):
        owner = encoded.members[member]
        for place in range(leads[owner, FIRST], leads[owner, END]):
            if twins.size == 0 or twins[place] == _EVERYBODY:
                places[common], owners[common] = place, owner
                common += 1
            elif twins[place] >= 0:
                given[shared, 0], given[shared, 1] = twins[place], place
                shared += 1
    return places[:common], owners[:common], given[order_of(given[:shared, 0].copy())]


@inlined
def _count(counts: Ints, at: int, step: int, by: int, signature: int, plan: Plan) -> None:
    """Add `by` to the counts that an interaction belongs to; they stand `step` apart from place `at` on."""
    groups = signature >> GROUP_SHIFT
    counts[at] += by
    if plan.layout[INTENT] >= 0 and groups >> plan.layout[INTENT] & 1:
        counts[at + step] += by
    if plan.layout[TWO_WAY] >= 0 and groups >> plan.layout[TWO_WAY] & 1:
        counts[at + 2 * step] += by


@inlined
def emit_others(
    out: Floats, counts: Ints, lead: int, cutoff: int, encoded: Encoded, plan: Plan, company: Company
) -> None:
    """Write what the account's other leads did over a blank row, on which the lead's own counts stand already.

    `counts` is room for COUNTED x WINDOWS numbers. Without an account the row stays blank.
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
                out[at + block * WINDOWS + window] = counts[block * WINDOWS + window]
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
            if encoded.twins.size and encoded.twins[place] != _EVERYBODY and encoded.twins[place] != lead:
                continue
            time = int(encoded.occurred[place])
            latest = max(latest, time)
            while window < ALL and cutoff - time > plan.layout[EDGES + window]:
                window += 1
            _count(counts, window, WINDOWS, 1, encoded.signature[place], plan)
    for block in range(COUNTED):
        for window in range(block * WINDOWS + 1, (block + 1) * WINDOWS):
            counts[window] += counts[window - 1]
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
            counts[block * WINDOWS + window] = company.running[end, block] - company.running[begin, block]
            if own[block] >= 0:
                counts[block * WINDOWS + window] -= int(out[own[block] * WIDTH + window])
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
        if place % _BLOCK == _BLOCK - 1 and company.blocks[place // _BLOCK] <= cutoff:
            place -= _BLOCK
            continue
        if company.received[place] > cutoff:
            for window in range(_narrowest(cutoff - company.occurred[place], plan), WINDOWS):
                for block in range(COUNTED):
                    counts[block * WINDOWS + window] -= (
                        company.running[place + 1, block] - company.running[place, block]
                    )
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
        if encoded.twins[place] != _EVERYBODY:
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
        _count(counts, window, WINDOWS, 1, encoded.signature[place], plan)
    return True
