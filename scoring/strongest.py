"""Which reasons are a row's strongest, and which feature speaks for each: compiled, as it is asked of every lead."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from histories.compiled import compiled, inlined

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Groups(NamedTuple):
    """Features that say the same thing, and so are one reason."""

    of: Ints  # [features + 1]: the group of each feature, and of the points
    starts: Ints  # [groups + 1]: where its features begin among `members`
    members: Ints  # features, group by group, ascending
    ranks: Ints  # [groups]: which of two comes first where their effects are equal


class Strongest(NamedTuple):
    """[rows, most] each, the strongest first."""

    groups: Ints  # -1: nothing more has an effect
    speakers: Ints  # -1: the group has no features
    effects: Floats


@compiled
def strongest(rows: Floats, contributions: Floats, groups: Groups, most: int) -> Strongest:
    """Return the strongest effects of each row, both directions. `rows`: [n, features]; `contributions`: [n, them + 2].

    An effect is the sum of a group's contributions, in the order of the features.
    """
    shape = (len(rows), most)
    found = Strongest(np.full(shape, -1), np.full(shape, -1), np.zeros(shape))
    effects = np.empty(len(groups.ranks))
    for row in range(len(rows)):
        effects[:] = 0.0
        for feature in range(len(groups.of)):
            effects[groups.of[feature]] += contributions[row, feature]
        for place in range(most):
            group = _next(effects, groups.ranks)
            if effects[group] == 0:
                break
            found.groups[row, place] = group
            found.effects[row, place] = effects[group]
            found.speakers[row, place] = _speaker(rows, contributions, row, group, effects[group], groups)
            effects[group] = 0.0
    return found


@inlined
def _next(effects: Floats, ranks: Ints) -> int:
    best = 0
    for group in range(1, len(effects)):
        size, most = abs(effects[group]), abs(effects[best])
        if size > most or (size == most and ranks[group] < ranks[best]):
            best = group
    return best


@inlined
def _speaker(rows: Floats, contributions: Floats, row: int, group: int, effect: float, groups: Groups) -> int:
    """The feature that speaks for its signal: the strongest in the direction of the whole; the first of equals.

    What raises a probability is told by what is there, as long as anything of the signal is: a model may well
    count the lack of recent visits in favour of a lead that has many older ones, but no reader would.
    """
    speaker, there = -1, -1
    most, most_there = -np.inf, 0.0
    for at in range(groups.starts[group], groups.starts[group + 1]):
        feature = groups.members[at]
        value = rows[row, feature]
        strength = contributions[row, feature] if effect > 0 else -contributions[row, feature]
        if strength > most:
            speaker, most = feature, strength
        if strength > most_there and value != 0 and np.isfinite(value):
            there, most_there = feature, strength
    return there if effect > 0 and there >= 0 else speaker
