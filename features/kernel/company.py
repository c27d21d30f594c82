"""The interactions of one account, sorted by time, so that any of its leads can be taken out of them."""

from typing import NamedTuple

import numpy as np

from features.encoding.signature import GROUP_SHIFT
from features.kernel.arrays import Encoded, Ints, Plan
from features.kernel.layout import END, FIRST, INTENT, MEMBERS, MEMBERS_END, TWO_WAY
from features.kernel.search import order_of
from histories.compiled import compiled, inlined

# All, of family intent, of family two_way.
COUNTED = 3
EVERYBODY = -1
BLOCK = 256


class Company(NamedTuple):
    """The interactions of one account that count for each of its leads, ascending by time; and the others."""

    occurred: Ints
    received: Ints
    known: Ints  # by when this one and all before it had arrived
    blocks: Ints  # by when all of a block of BLOCK had arrived
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
    size = places.size
    times = np.empty(size, dtype=np.int64)
    for place in range(size):
        times[place] = encoded.occurred[places[place]]
    order = order_of(times)
    company = _room(size, given)
    for place in range(size):
        source = places[order[place]]
        company.occurred[place] = encoded.occurred[source]
        company.owner[place] = owners[order[place]]
        company.received[place] = encoded.received[source]
        for block in range(COUNTED):
            company.running[place + 1, block] = company.running[place, block]
        count(company.running, place + 1, encoded.signature[source], plan)
    _connect(company)
    return company


@compiled
def _room(size: int, given: Ints) -> Company:
    running = np.empty((size + 1, COUNTED), dtype=np.int64)
    running[0] = 0
    return Company(
        occurred=np.empty(size, dtype=np.int64),
        received=np.empty(size, dtype=np.int64),
        known=np.empty(size, dtype=np.int64),
        blocks=np.empty(size // BLOCK + 1, dtype=np.int64),
        owner=np.empty(size, dtype=np.int64),
        stranger=np.empty(size, dtype=np.int64),
        running=running,
        given=given,
    )


@inlined
def _connect(company: Company) -> None:
    """Note what each interaction says of those before it."""
    known, owner, stranger = company.known, company.owner, company.stranger
    for place in range(owner.size):
        received, block = company.received[place], place // BLOCK
        company.blocks[block] = received if place % BLOCK == 0 else max(company.blocks[block], received)
        known[place], stranger[place] = received, -1
        if place:
            known[place] = max(received, known[place - 1])
            stranger[place] = place - 1 if owner[place - 1] != owner[place] else stranger[place - 1]


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
            if twins.size == 0 or twins[place] == EVERYBODY:
                places[common], owners[common] = place, owner
                common += 1
            elif twins[place] >= 0:
                given[shared, 0], given[shared, 1] = twins[place], place
                shared += 1
    return places[:common], owners[:common], _by_lead(given[:shared])


@compiled
def _by_lead(given: Ints) -> Ints:
    order, ordered = order_of(given[:, 0].copy()), np.empty(given.shape, dtype=np.int64)
    for place in range(order.size):
        ordered[place, 0], ordered[place, 1] = given[order[place], 0], given[order[place], 1]
    return ordered


@inlined
def count(counts: Ints, row: int, signature: int, plan: Plan) -> None:
    """Count an interaction in a row of COUNTED counts."""
    groups = signature >> GROUP_SHIFT
    counts[row, 0] += 1
    if plan.layout[INTENT] >= 0 and groups >> plan.layout[INTENT] & 1:
        counts[row, 1] += 1
    if plan.layout[TWO_WAY] >= 0 and groups >> plan.layout[TWO_WAY] & 1:
        counts[row, 2] += 1
