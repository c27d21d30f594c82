"""What it means that leads turned out to be one: whose their rows are, and from when on those count.

The lead that ends lives on in the other, with these rows: its interactions count from the moment on at which the merge
was known, or later where they came later; of its outcomes see `outcomes`, of its attributes `versions`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from histories.contract import Attribute, Interaction, Outcome, Stage
from histories.funnel import chronological, instant_order


@dataclass(frozen=True, slots=True)
class Ended:
    """A lead that lives on in another, `into`, since `known_at` (UTC microseconds)."""

    into: str
    known_at: int


class Merges:
    """Who lives on in whom, over any number of steps. The latest of the steps' moments counts."""

    def __init__(self, steps: Mapping[str, Ended]) -> None:
        """`steps`: each merge by the lead that ended; `into` may have ended as well."""
        self.ended = {lead_id: _last(steps, lead_id) for lead_id in steps}
        self._members: dict[str, list[str]] = defaultdict(list)
        for lead_id, one in self.ended.items():
            self._members[one.into].append(lead_id)

    def survivor(self, lead_id: str) -> str:
        """Return the lead in which a lead lives on; itself where it never ended."""
        one = self.ended.get(lead_id)
        return lead_id if one is None else one.into

    def members(self, survivor: str) -> tuple[str, ...]:
        """Return the surviving lead and all that live on in it."""
        return survivor, *sorted(self._members.get(survivor, ()))

    @property
    def survivors(self) -> frozenset[str]:
        """Those in which others live on."""
        return frozenset(self._members)

    def known_at(self, lead_id: str) -> int | None:
        """Return since when this lead's rows are another's; None: they are its own."""
        one = self.ended.get(lead_id)
        return None if one is None else one.known_at


def _last(steps: Mapping[str, Ended], lead_id: str) -> Ended:
    step = steps[lead_id]
    into, known_at = step.into, step.known_at
    while into in steps:
        step = steps[into]
        into, known_at = step.into, max(known_at, step.known_at)
    return Ended(into, known_at)


def received(one: Interaction, known_at: int | None) -> Interaction:
    """Return an interaction as it counts for the lead that goes on: received when the merge was known, at the earliest."""
    if known_at is None or max(one.occurred_at, one.received_at or 0) >= known_at:
        return one
    return one._replace(received_at=known_at)


def versions(rows: Iterable[tuple[str, Attribute]], merges: Merges, survivor: str) -> list[Attribute]:
    """Return the attributes of a person, told under several lead_ids, as versions of one lead.

    What is newest by its own `known_at` counts, whoever of them it was told of; of one moment the surviving lead's. A
    value of a lead that ended counts from the merge on: where a newer one of another is known by then, never.
    """
    told: dict[str, list[tuple[int, int, str, Attribute]]] = defaultdict(list)
    for lead_id, one in rows:
        own = -1 if one.known_at is None else one.known_at
        since = merges.known_at(lead_id)
        told[one.name].append((own if since is None else max(own, since), own, lead_id, one))
    made: list[Attribute] = []
    for _, some in sorted(told.items()):
        newest: tuple[int, bool, str] | None = None
        by_moment: dict[int, Attribute] = {}
        for visible, own, lead_id, one in sorted(some, key=lambda row: (row[0], row[1], row[2] == survivor, row[2])):
            rank = own, lead_id == survivor, lead_id
            if newest is None or rank > newest:
                newest = rank
                by_moment[visible] = one if visible == own else replace(one, known_at=visible)
        made += by_moment.values()
    return made


def outcomes(rows: Iterable[tuple[str, Outcome]], merges: Merges) -> list[Outcome]:
    """Return the outcomes of a person, told under several lead_ids, as one lead's.

    Those of a lead that ended count from the merge on, as nobody knew of them before. What the person had left behind
    by then does not count: a loss that something followed, a stage before customer that a loss followed. Of one stage
    and moment, the surviving lead's counts, or what became known first.
    """
    first: dict[tuple[str, int], tuple[int, Outcome]] = {}
    for lead_id, one in sorted(rows, key=lambda row: (_since(merges, row[0]), row[0])):
        first.setdefault((one.stage, one.reached_at), (max(one.reached_at, _since(merges, lead_id)), one))
    told = sorted(first.values(), key=lambda row: (row[1].reached_at, instant_order(row[1].stage)))
    found: dict[tuple[str, int], Outcome] = {}
    for place, (visible, one) in enumerate(told):
        if visible == one.reached_at:
            found[one.stage, visible] = one
        elif not _left_behind(one, visible, told[place + 1 :]):
            found.setdefault((one.stage, visible), replace(one, reached_at=visible))
    return chronological(found.values())


def _since(merges: Merges, lead_id: str) -> int:
    known_at = merges.known_at(lead_id)
    return -1 if known_at is None else known_at


def _left_behind(one: Outcome, visible: int, later: Iterable[tuple[int, Outcome]]) -> bool:
    if one.stage is Stage.CUSTOMER:
        return False
    lost = one.stage is Stage.LOST
    return any(known <= visible and (other.stage is Stage.LOST) is not lost for known, other in later)
