"""The causes of a change, and the orders in which they may be thought to have come one after the other."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import chain, permutations, product


class Cause(StrEnum):
    """What may differ between two answers. Declared in the order in which they are told.

    `interactions`, `attributes`, `stages`, `account`: what is known of the lead, of its stages and of the account's
    other leads; `ageing`: time alone, with all that is known as it was; `rulebook`: the one in force; `model`: all of
    the bundle that a score is made with but the calibrators; `calibration`: those alone.
    """

    INTERACTIONS = "interactions"
    AGEING = "ageing"
    ATTRIBUTES = "attributes"
    STAGES = "stages"
    ACCOUNT = "account"
    RULEBOOK = "rulebook"
    MODEL = "model"
    CALIBRATION = "calibration"

    __hash__ = str.__hash__  # an enum hashes as its name, and would not be found where its text is


CAUSES = tuple(Cause)
KNOWLEDGE = frozenset({Cause.INTERACTIONS, Cause.ATTRIBUTES, Cause.STAGES, Cause.ACCOUNT})
BUNDLE = frozenset({Cause.MODEL, Cause.CALIBRATION})
Changed = frozenset[Cause]


@dataclass(frozen=True, slots=True)
class Orders:
    """All orders in which causes may come, `count` of them, as weights.

    `states` are the sets of causes that may have come so far: none first, all last. `weights[cause][n] / count` is how
    much the value of `states[n]` counts in the cause's part: the mean over all orders of what the value changes by
    when the cause comes.
    """

    states: tuple[Changed, ...]
    weights: Mapping[Cause, tuple[int, ...]]
    count: int


@lru_cache(maxsize=256)
def orders(causes: Changed) -> Orders:
    """Return the orders in which what belongs together comes together, and time passes before anything new is known.

    Three things come in any order: the lead's life, the rulebook and the bundle. Within its life time passes first: at
    the earlier moment nobody could know what became known after it. What became known then comes in any order, and so
    do the bundle's model and calibration. Their parts are Owen values (Owen, "Values of games with a priori unions",
    1977), which are Shapley values in two steps: how finely a life is told does not move what the rulebook is given.
    """
    weights = {cause: Counter[Changed]() for cause in CAUSES if cause in causes}
    found = [tuple(chain.from_iterable(order)) for order in _in_order(causes)]
    for order in found:
        state: Changed = frozenset()
        for cause in order:
            weights[cause][state] -= 1
            state |= {cause}
            weights[cause][state] += 1
    states = {frozenset[Cause](), *(state for one in weights.values() for state in one)}
    listed = tuple(sorted(states, key=lambda state: (len(state), sorted(state))))
    return Orders(listed, {cause: tuple(one[state] for state in listed) for cause, one in weights.items()}, len(found))


def _in_order(causes: Changed) -> Iterator[tuple[tuple[Cause, ...], ...]]:
    passing = tuple(causes & {Cause.AGEING})
    lives = [(*passing, *known) for known in permutations(sorted(causes & KNOWLEDGE))]
    books = [tuple(causes & {Cause.RULEBOOK})]
    bundles = list(permutations(sorted(causes & BUNDLE)))
    for together in product(lives, books, bundles):
        yield from permutations([block for block in together if block])
