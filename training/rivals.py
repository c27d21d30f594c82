"""A new bundle beside the champion: on test snapshots whose leads and accounts neither of the two has learnt from."""

from collections.abc import Sequence

import numpy as np

from histories.contract import Histories, Target
from scoring.bundle import Bundle
from training import evidence, lineup, measured, scores
from training.checks import Asked
from training.fitted import Fitted
from training.gate import Lost, Rival
from training.lineup import Lineup
from training.promote import Resolved
from training.recipe import Recipe
from training.unseen import seen


def lineups(
    histories: Histories, recipe: Recipe, fitted: Fitted, champion: Resolved | Lost | None
) -> tuple[Lineup, ...]:
    """Return model and rules of each target, and the champion where it is another one and can be compared fairly.

    That is where its training ended before the test begins, and it answers within the same days. Snapshots of leads or
    accounts that its training knew are left out, for all contenders, so that they stay side by side; where that leaves
    nothing to measure by, the champion does not take part.
    """
    found = lineup.in_order(result.lineup for result in fitted.results.values())
    if not isinstance(champion, Resolved) or champion.bundle.version == fitted.bundle.version:
        return found
    if champion.bundle.card.trained_until > fitted.test_start:
        return found
    return tuple(_with_champion(histories, recipe, one, champion.bundle) for one in found)


def _with_champion(histories: Histories, recipe: Recipe, one: Lineup, champion: Bundle) -> Lineup:
    model = champion.models.get(one.target)
    if model is None or model.horizon_days != one.horizon_days:
        return one
    knew = seen(histories, champion.card)[np.asarray(one.rows["group"].to_numpy(), dtype=np.int64)]
    unseen = np.flatnonzero(~knew)
    if len(np.unique(one.labels[unseen])) < 2:
        return one
    common = lineup.among(one, unseen, recipe.seed) if knew.any() else one
    return measured.with_champion(histories, recipe, common, scores.of_bundle(champion, one.target))


def rival(champion: Resolved, found: Sequence[Lineup]) -> Rival:
    """Return what the gate is told of the champion. `found`: of `lineups`."""
    bundle, days = champion.bundle, _days(champion.bundle)
    rivalries = tuple(evidence.beside_champion(one, days.get(one.target)) for one in found)
    asked = {one.target for one in found}
    dropped = tuple(Asked(target, days[target]) for target in days if target not in asked)
    return Rival(champion.version.number, bundle.version, bundle.card.trained_until, rivalries, dropped)


def _days(bundle: Bundle) -> dict[Target, int]:
    return {target: model.horizon_days for target, model in bundle.models.items()}
