"""What a lineup says to the gate."""

from training.checks import Evidence, Part, Rivalry
from training.lineup import CHAMPION, MODEL, RULES, Lineup


def beside_rules(lineup: Lineup) -> Evidence | None:
    """Return what the test says of the model beside the rules; None where there is no model that differs from them."""
    if RULES not in lineup.differences:
        return None
    model = lineup.contenders[MODEL]
    return Evidence(
        target=lineup.target,
        snapshots=model.figures.snapshots,
        converted_leads=model.figures.converted_leads,
        log_loss=lineup.differences[RULES]["log_loss"],
        precision=lineup.capacity_differences.get(RULES, {}).get("precision"),
        predicted_over_observed=model.intervals["predicted_over_observed"],
        points_over_observed=lineup.contenders[RULES].intervals["predicted_over_observed"],
        parts=_parts(lineup, RULES),
    )


def beside_champion(lineup: Lineup, champion_days: int | None) -> Rivalry:
    """Return what the test says of what the new bundle answers with, beside the champion.

    `champion_days`: the champion's horizon, None where it does not answer for the target.
    """
    figures = lineup.contenders[lineup.chosen].figures
    return Rivalry(
        target=lineup.target,
        days=lineup.horizon_days,
        champion_days=champion_days,
        snapshots=figures.snapshots,
        converted_leads=figures.converted_leads,
        left_out=lineup.left_out,
        log_loss=lineup.differences.get(CHAMPION, {}).get("log_loss"),
        parts=_parts(lineup, CHAMPION),
    )


def _parts(lineup: Lineup, other: str) -> tuple[Part, ...]:
    return tuple(
        Part(one.name, one.value, one.snapshots, one.converted_leads, one.log_loss_differences[other])
        for one in lineup.segments
        if other in one.log_loss_differences
    )
