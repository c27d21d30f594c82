"""Why scores changed, on a terminal of 80 columns: each part with what moved within it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from rich.console import Console
from rich.text import Text

from scoring.rules import HUNDREDTHS
from scoring.why import Cause, printed
from serving.live.why import HEADINGS, PERCENT_DECIMALS, signed
from serving.wire.why import (
    WhyResponse,
    WireMovedReason,
    WireMovedRule,
    WirePointChange,
    WireProbabilityChange,
    WireSide,
)

_ODDS_DECIMALS = 3
_WIDTH = 9
Moved = WireMovedRule | WireMovedReason


def render(found: WhyResponse, console: Console) -> None:
    """Print the two answers, what changed between them, and the parts of each change."""
    facts: dict[str, tuple[str, ...]] = {one.cause: one.facts for one in found.causes}
    lines = chain(
        [(f"Lead {found.lead_id}", "bold"), *_side("from", found.before), *_side("to", found.after)],
        _causes(facts),
        _points(found.points),
        *(_probability(one) for one in found.probabilities),
        ((f"\n{one.text}.", "") for one in found.unasked),
    )
    for text, style in lines:
        console.print(Text(text, style=style), soft_wrap=True)


Lines = Iterator[tuple[str, str]]


def _side(name: str, one: WireSide) -> Lines:
    given = "would have been answered" if one.answered_at is None else f"answered at {_second(one.answered_at)}"
    yield f"{name:<5} {_second(one.as_of)}  {given}", ""
    yield f"      model {one.model_version}, rulebook {one.rulebook_version}", "dim"


def _causes(facts: Mapping[str, tuple[str, ...]]) -> Lines:
    yield "\nWhat changed", "bold"
    for cause in Cause:
        for place, fact in enumerate(facts.get(cause.value, ())):
            yield f"{HEADINGS[cause] if place == 0 else '':<26}{fact}", ""
    if not facts:
        yield "Nothing.", ""


def _points(change: WirePointChange) -> Lines:
    before, after = (round(end * HUNDREDTHS) for end in (change.before, change.after))
    yield f"\nPoints  {_plain(before)} → {_plain(after)}  ({signed(after - before)})", "bold"
    for part in change.parts:
        effect = round(part.effect * HUNDREDTHS)
        if effect or part.moved:
            yield f"{signed(effect):>{_WIDTH}}  {HEADINGS[Cause(part.cause)]}", ""
            shown = [(round(one.effect * HUNDREDTHS), one) for one in part.moved]
            yield from _moved(shown, round(part.rest * HUNDREDTHS), 2)


def _probability(change: WireProbabilityChange) -> Lines:
    chances = [part.effect for part in change.parts]
    odds = [part.log_odds_effect for part in change.parts]
    first, last, of_chance = printed(change.before, change.after, chances, PERCENT_DECIMALS + 2)
    begin, end, of_odds = printed(change.log_odds_before, change.log_odds_after, odds, _ODDS_DECIMALS)
    days = {change.horizon_days_before, change.horizon_days_after}
    within = f"{change.horizon_days_after} days" if len(days) == 1 else "another number of days"
    ends = f"{_plain(first)}% → {_plain(last)}%  ({signed(last - first)})"
    yield f"\nP({change.target} within {within})  {ends}", "bold"
    ends = f"{_plain(begin, _ODDS_DECIMALS)} → {_plain(end, _ODDS_DECIMALS)}"
    yield f"  in percentage points; in brackets log-odds, {ends} ({signed(end - begin, _ODDS_DECIMALS)})", "dim"
    for part, chance, odd in zip(change.parts, of_chance, of_odds, strict=True):
        if part.effect or part.log_odds_effect:
            told = f"{HEADINGS[Cause(part.cause)]} ({signed(odd, _ODDS_DECIMALS)})"
            yield f"{signed(chance):>{_WIDTH}}  {told}", ""
            if part.moved:
                effects = [*(one.effect for one in part.moved), part.rest]
                _, _, rounded = printed(0.0, part.log_odds_effect, effects, _ODDS_DECIMALS)
                *inner, rest = _leading_to(rounded, odd)
                yield from _moved(list(zip(inner, part.moved, strict=True)), rest, _ODDS_DECIMALS)


def _leading_to(rounded: list[int], whole: int) -> list[int]:
    """Printed parts of a part that was itself moved by a unit, so that the parts add up: the rest takes it."""
    return [*rounded[:-1], rounded[-1] + whole - sum(rounded)]


def _moved(shown: Sequence[tuple[int, Moved]], rest: int, decimals: int) -> Lines:
    for effect, one in shown:
        yield f"{'':{_WIDTH}}    {signed(effect, decimals):>{_WIDTH}}  {one.text}", "dim"
    if shown and rest:
        yield f"{'':{_WIDTH}}    {signed(rest, decimals):>{_WIDTH}}  all else", "dim"


def _plain(count: int, decimals: int = 2) -> str:
    return signed(count, decimals).removeprefix("+")


def _second(moment: str) -> str:
    return moment[:19].replace("T", " ") + "Z"
