"""A change of points: Shapley values of the ledger's entries, so that what each rule gave is split as the sum is."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from histories.contract import Interaction
from scoring.ledger import Ledger, ledger
from scoring.why import told
from scoring.why.causes import CAUSES, Cause, Changed, Orders, orders
from scoring.why.change import Moved, MovedInteraction, PointChange, PointPart
from scoring.why.ends import Pair
from scoring.why.grid import apportion

_MOST_INTERACTIONS = 3


class _Key(NamedTuple):
    """An entry of the ledger; `interaction_id` None: an attribute's, or the floor's."""

    rule: str
    interaction_id: str | None


Counted = Mapping[_Key, int]


def change(pair: Pair, most: int) -> PointChange:
    """Return what the points changed by from the earlier to the later end, with each cause's `most` strongest rules."""
    of = orders(_moving(pair))
    counted = [_counted(_ledger(pair, state)) for state in of.states]
    before, after = (sum(one.values()) for one in (counted[0], counted[-1]))
    shares = {cause: _shares(of, cause, counted) for cause in of.weights}
    sums = apportion([sum(one.values()) for one in shares.values()], of.count, after - before)
    points = dict(zip(shares, sums, strict=True))
    known = {one.interaction_id: one for later in (False, True) for one in pair.seen(later=later).interactions}
    parts = [
        _part(cause, points[cause], _rules(shares[cause], of.count, points[cause], known), most)
        if cause in points
        else PointPart(cause, 0)
        for cause in CAUSES
    ]
    return PointChange(before, after, tuple(parts))


def _moving(pair: Pair) -> Changed:
    """The causes that changed and that points may go by. A model tells the families that rules ask for."""
    able = {Cause.INTERACTIONS, Cause.AGEING, Cause.ATTRIBUTES, Cause.RULEBOOK}
    old, new = (one.bundle.catalogue.families for one in (pair.earlier, pair.later))
    return pair.changed & (able if old == new else able | {Cause.MODEL})


def _ledger(pair: Pair, changed: Changed) -> Ledger:
    families = pair.predicting(changed).catalogue.families
    return ledger(pair.rulebook(changed), families, pair.history(changed), pair.as_of(changed))


def _counted(found: Ledger) -> Counted:
    counted: dict[_Key, int] = {}
    for one in found.entries:
        key = _Key(one.rule, one.interaction_id)
        counted[key] = counted.get(key, 0) + one.counted
    return counted


def _shares(of: Orders, cause: Cause, counted: Sequence[Counted]) -> Counted:
    """Return the Shapley value of each entry's points, times the number of orders."""
    found: dict[_Key, int] = {}
    for weight, entries in zip(of.weights[cause], counted, strict=True):
        for key, points in entries.items():
            found[key] = found.get(key, 0) + weight * points
    return found


def _part(cause: Cause, points: int, rules: Sequence[Moved], most: int) -> PointPart:
    shown = tuple(rules[:most])
    return PointPart(cause, points, shown, points - sum(one.effect for one in shown))


def _rules(shares: Counted, orders: int, points: int, known: Mapping[str, Interaction]) -> list[Moved]:
    """Return what each rule moved, strongest first; they add up to `points`."""
    by_rule: dict[str, dict[_Key, int]] = {}
    for key, share in shares.items():
        by_rule.setdefault(key.rule, {})[key] = share
    effects = apportion([sum(one.values()) for one in by_rule.values()], orders, points)
    found = [
        _rule(name, effect, dict(zip(entries, apportion(list(entries.values()), orders, effect), strict=True)), known)
        for (name, entries), effect in zip(by_rule.items(), effects, strict=True)
        if effect
    ]
    return sorted(found, key=lambda one: (-abs(one.effect), one.code))


def _rule(name: str, effect: int, entries: Counted, known: Mapping[str, Interaction]) -> Moved:
    moved = [
        MovedInteraction(one.interaction_id, one.kind, one.occurred_at, points)
        for key, points in entries.items()
        if points and key.interaction_id is not None
        for one in (known[key.interaction_id],)
    ]
    moved.sort(key=lambda one: (-abs(one.points), -one.at, one.interaction_id))
    text = told.rule(name, [known[one.interaction_id] for one in moved])
    return Moved(f"rule:{name}", text, effect, tuple(moved[:_MOST_INTERACTIONS]))
