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
    target; `figures`: test figures by name, for each target; `source`: where the histories came from; `limits`: what
    the model cannot know, a sentence each.
    """

    trained_until: int
    created_at: int
    leads: int
    snapshots: int
    conversions: Mapping[Target, int]
    figures: Mapping[Target, Mapping[str, float]] = field(default_factory=dict)
    source: str = ""
    limits: tuple[str, ...] = ()


def render(card: Card, horizons: Mapping[Target, int]) -> str:
    """Return the card as Markdown. `created_at` is left out: the text is the same for the same content."""
    lines = ["# Model card", ""]
    lines.append(f"Trained on {card.leads:,} leads ({card.snapshots:,} snapshots) of {card.source or 'an export'}.")
    lines.append(f"Nothing after {clock.iso(card.trained_until)} was seen.")
    for target, days in sorted(horizons.items()):
        lines += ["", f"## P({target} within {days} days)", ""]
        lines.append(f"Leads that converted in training: {card.conversions.get(target, 0):,}.")
        lines += _figures(card.figures.get(target, {}))
    lines += ["", "## Limits", ""]
    lines += [f"- {limit}" for limit in card.limits] or ["None stated."]
    return "\n".join(lines) + "\n"


def _figures(figures: Mapping[str, float]) -> list[str]:
    if not figures:
        return ["No test figures: no test snapshots."]
    rows = [
        f"| {name} | {'not defined' if math.isnan(value) else f'{value:.4g}'} |"
        for name, value in sorted(figures.items())
    ]
    return ["", "| on the test snapshots | value |", "|---|---|", *rows]
