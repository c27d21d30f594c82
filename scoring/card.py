"""The model card: what a bundle was made from, and what it should not be trusted with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from histories import clock
from histories.contract import Target


@dataclass(frozen=True)
class Card:
    """What a bundle was made from.

    `trained_until`: the latest time that training saw; `created_at`: when the bundle was made (both UTC
    microseconds). `leads` and `snapshots` trained on; `conversions`: distinct leads of them that converted, for each
    target; `figures`: test figures by name, for each target, and `intervals`: the 95% intervals of those that have one
    (a bootstrap over accounts), low and high; `source`: where the histories came from; `limits`: what
    the model cannot know, a sentence each. `ages`: how old leads were looked at, as the recipe writes it; `kept_share`:
    of the leads and accounts that had snapshots before `trained_until` and could have more after it, the share that
    trained. Together they tell whom training saw. Where a card has no ages, everybody that was there counts as seen.
    """

    trained_until: int
    created_at: int
    leads: int
    snapshots: int
    conversions: Mapping[Target, int]
    figures: Mapping[Target, Mapping[str, float]] = field(default_factory=dict)
    source: str = ""
    limits: tuple[str, ...] = ()
    ages: tuple[str, ...] = ()
    kept_share: float = 1.0
    intervals: Mapping[Target, Mapping[str, tuple[float, float]]] = field(default_factory=dict)


def render(card: Card, horizons: Mapping[Target, int]) -> str:
    """Return the card as Markdown. `created_at` is left out: the text is the same for the same content."""
    lines = ["# Model card", ""]
    lines.append(f"Trained on {card.leads:,} leads ({card.snapshots:,} snapshots) of {card.source or 'an export'}.")
    lines.append(f"Nothing after {clock.iso(card.trained_until)} was seen.")
    if card.ages:
        lines.append(
            f"Leads were looked at {', '.join(card.ages)} old; of the leads and accounts with snapshots on both sides of "
            f"that moment, {card.kept_share:.0%} trained."
        )
    for target, days in sorted(horizons.items()):
        lines += ["", f"## P({target} within {days} days)", ""]
        lines.append(f"Leads that converted in training: {card.conversions.get(target, 0):,}.")
        lines += _figures(card.figures.get(target, {}), card.intervals.get(target, {}))
    lines += ["", "## Limits", ""]
    lines += [f"- {limit}" for limit in card.limits] or ["None stated."]
    return "\n".join(lines) + "\n"


def _figures(figures: Mapping[str, float], intervals: Mapping[str, tuple[float, float]]) -> list[str]:
    if not figures:
        return ["No test figures: no test snapshots."]
    rows = [
        f"| {name} | {'not defined' if math.isnan(value) else f'{value:.4g}'} | {_interval(intervals.get(name))} |"
        for name, value in sorted(figures.items())
    ]
    return ["", "| on the test snapshots | value | 95% interval |", "|---|---|---|", *rows]


def _interval(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.4g} to {ends[1]:.4g}"
