"""What a lineup comes to, for those who call leads: in calls, customers and money before any statistics."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from histories.contract import Target
from training import disagreement, findings
from training.bootstrap import Difference
from training.lineup import CHAMPION, MODEL, RULES, Lineup

NAMES = {MODEL: "the model", RULES: "the rules", CHAMPION: "the champion"}
_REACHED = {Target.CUSTOMER: ("customer", "customers"), Target.SQL: ("qualified lead", "qualified leads")}


@dataclass(frozen=True, slots=True)
class Bar:
    """One score's figure: whose (`key`, and its `name` in words), as it is shown, and its bar beside the longest, 0 to 1."""

    key: str
    name: str
    shown: str
    share: float


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of every score abreast. `sure`: for each pair, whether they differ and how sure that is."""

    title: str
    bars: tuple[Bar, ...]
    sure: tuple[str, ...]


def pairs(lineup: Lineup) -> tuple[tuple[str, str], ...]:
    """Return who is held against whom: model and rules, then what the bundle answers with and the champion."""
    both = (MODEL, RULES), (lineup.chosen, CHAMPION)
    return tuple(pair for pair in both if pair[1] in lineup.differences)


def reached(target: Target, count: float) -> str:
    """Return what a lead becomes: `customer`, `qualified leads`."""
    one, many = _REACHED[target]
    return one if count == 1 else many


def tiles(lineup: Lineup) -> tuple[Tile, ...]:
    """Return the figures to begin with: conversions and money a week at the team's capacity, and who ranks better."""
    if not findings.converted_leads(lineup):
        return ()
    return tuple(tile for tile in (_reached_tile(lineup), _money_tile(lineup), _ranking_tile(lineup)) if tile)


def _reached_tile(lineup: Lineup) -> Tile | None:
    if not lineup.capacity:
        return None
    calls = next(iter(lineup.capacity.values())).calls_per_week
    title = f"{reached(lineup.target, 2).capitalize()} found a week with {calls:,} {'call' if calls == 1 else 'calls'}"
    return _weekly(lineup, "conversions", title, ",.1f")


def _money_tile(lineup: Lineup) -> Tile | None:
    if any(math.isnan(one.measures.realised_value) for one in lineup.capacity.values()):
        return None
    return _weekly(lineup, "realised_value", "Worth of those deals a week, less the calls", ",.0f")


def _weekly(lineup: Lineup, measure: str, title: str, form: str) -> Tile | None:
    values = {name: getattr(one.measures, measure) / one.boards for name, one in lineup.capacity.items()}
    if not values:
        return None
    weeks = next(iter(lineup.capacity.values())).boards
    sure = []
    for first, second in pairs(lineup):
        apart = lineup.capacity_differences.get(second, {}).get(measure)
        if apart is not None and not math.isnan(apart.value):
            sure.append(_apart(lineup, _scaled(apart, 1 / weeks), (first, second), form, "a week"))
    return Tile(title, _bars(values, form), tuple(sure))


def _ranking_tile(lineup: Lineup) -> Tile | None:
    values = {name: one.figures.measures.auc for name, one in lineup.contenders.items()}
    if any(math.isnan(value) for value in values.values()):
        return None
    title = "Of a lead that converted and one that did not, the right one ranked first"
    sure = [
        _apart(lineup, _scaled(lineup.differences[second]["auc"], 100), (first, second), ".1f", "times in 100")
        for first, second in pairs(lineup)
    ]
    return Tile(title, _bars(values, ".0%"), tuple(sure))


def _bars(values: dict[str, float], form: str) -> tuple[Bar, ...]:
    longest = max([value for value in values.values() if value > 0], default=1.0)
    return tuple(
        Bar(name, NAMES[name].removeprefix("the "), f"{value:{form}}", max(0.0, value / longest))
        for name, value in values.items()
    )


def _scaled(one: Difference, factor: float) -> Difference:
    return Difference(one.value * factor, one.low * factor, one.high * factor)


def _apart(lineup: Lineup, one: Difference, pair: tuple[str, str], form: str, unit: str) -> str:
    """Say by how much a figure of which more is better is higher or lower, and whether luck could explain it."""
    first, second = pair
    much = f"{abs(one.value):{form}} {unit} {'more' if one.value >= 0 else 'less'} than {NAMES[second]}"
    spread = f"with luck taken into account {one.low:+{form}} to {one.high:+{form}}"
    said = f"{_capital(NAMES[first])}: {much} ({spread})."
    if findings.too_few(findings.converted_leads(lineup)):
        return f"Too few converted to tell. {said}"
    return said if one.low > 0 or one.high < 0 else f"Too close to call. {said}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def sentences(lineup: Lineup) -> Iterator[str]:
    """Yield what a reader has to know of a target: who is better, how sure that is, and what a promise is worth."""
    yield _verdict(lineup)
    yield from _promises(lineup)
    few = findings.caution(lineup)
    if few:
        yield few


def _verdict(lineup: Lineup) -> str:
    if MODEL not in lineup.contenders or lineup.same:
        return findings.finding(lineup)
    if not findings.converted_leads(lineup):
        return "None of the test's leads converted: nothing can be said of who is better."
    if findings.too_few(findings.converted_leads(lineup)):
        return findings.finding(lineup)
    loss = lineup.differences[RULES]["log_loss"]
    model, rules = (lineup.contenders[name].samples["log_loss"] for name in (MODEL, RULES))
    ahead = int(np.sum(model < rules))
    first, second = (MODEL, RULES) if loss.value < 0 else (RULES, MODEL)
    times = f"{ahead if loss.value < 0 else len(model) - ahead:,} of {len(model):,}"
    drawn = "times that the test's accounts were drawn anew"
    if loss.high < 0 or loss.low > 0:
        return f"{_capital(NAMES[first])} predict{_s(first)} better than {NAMES[second]}: so it was in {times} {drawn}."
    return (
        f"The test cannot tell model and rules apart: {NAMES[first]} {'is' if first == MODEL else 'are'} a little ahead, "
        f"but only in {times} {drawn}."
    )


def _s(name: str) -> str:
    return "" if name == RULES else "s"


def _promises(lineup: Lineup) -> Iterator[str]:
    """What became of a hundred promised conversions, for the score that answers."""
    chosen = lineup.contenders[lineup.chosen]
    ratio = chosen.intervals["predicted_over_observed"]
    if not all(math.isfinite(one) and one > 0 for one in (ratio.value, ratio.low, ratio.high)):
        return
    said = (
        f"Where {NAMES[lineup.chosen]} promised 100 {reached(lineup.target, 2)}, {100 / ratio.value:.0f} came (with luck "
        f"taken into account, {100 / ratio.high:.0f} to {100 / ratio.low:.0f}): "
    )
    if ratio.low <= 1 <= ratio.high:
        yield said + "no sign that these percentages are off."
    else:
        yield said + f"read these percentages as too {'high' if ratio.value > 1 else 'low'}."


def corners(lineup: Lineup) -> Iterator[str]:
    """Yield what became of those that one of the two scores alone puts in its top tenth."""
    alone = {one.model_high: one for one in disagreement.quadrants(lineup) if one.model_high != one.rules_high}
    for model_high, who, other in ((True, "The model", "the rules do not"), (False, "The rules", "the model does not")):
        if model_high in alone and alone[model_high].snapshots:
            one = alone[model_high]
            yield (
                f"{who} put{_s(MODEL if model_high else RULES)} {one.snapshots:,} snapshots in the top tenth that "
                f"{other}: {one.conversions:,} of them ({one.conversions / one.snapshots:.1%}) converted."
            )
