"""Why scores changed, on a terminal of 80 columns: each part with what moved within it."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from histories.printable import printable
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
_WIDTH, _INNER, _COLUMNS = 9, 7, 80
Moved = WireMovedRule | WireMovedReason


def render(found: WhyResponse, console: Console) -> None:
    """Print the two answers, what changed between them, and the parts of each change."""
    facts: dict[str, tuple[str, ...]] = {one.cause: one.facts for one in found.causes}
    lines = chain(
        [_Line("", f"Lead {found.lead_id}", "bold"), *_side("from", found.before), *_side("to", found.after)],
        _causes(facts),
        _points(found.points),
        *(_probability(one) for one in found.probabilities),
        (_Line("\n", f"{one.text}.") for one in found.unasked),
    )
    for line in lines:
        for text in line.wrapped():
            console.print(Text(text, style=line.style), soft_wrap=True)


class _Line(NamedTuple):
    """A text that goes on under itself where it is too long, and what stands before it."""

    head: str
    text: str
    style: str = ""

    def wrapped(self) -> list[str]:
        indent = len(self.head.lstrip("\n"))
        parts = textwrap.wrap(
            printable(self.text), _COLUMNS - indent, break_long_words=False, break_on_hyphens=False
        ) or [""]
        return [f"{self.head}{parts[0]}", *(f"{'':{indent}}{part}" for part in parts[1:])]


Lines = Iterator[_Line]


def _side(name: str, one: WireSide) -> Lines:
    given = "would have been answered" if one.answered_at is None else f"answered at {_second(one.answered_at)}"
    yield _Line(f"{name:<6}", f"{_second(one.as_of)}, {given}")
    yield _Line("      ", f"model {one.model_version}, rulebook {one.rulebook_version}", "dim")


def _causes(facts: Mapping[str, tuple[str, ...]]) -> Lines:
    yield _Line("\n", "What changed", "bold")
    for cause in Cause:
        for place, fact in enumerate(facts.get(cause.value, ())):
            yield _Line(f"{HEADINGS[cause] if place == 0 else '':<26}", fact)
    if not facts:
        yield _Line("", "Nothing.")


def _points(change: WirePointChange) -> Lines:
    before, after = (round(end * HUNDREDTHS) for end in (change.before, change.after))
    yield _Line("\n", f"Points  {_plain(before)} → {_plain(after)}  ({signed(after - before)})", "bold")
    for part in change.parts:
        effect = round(part.effect * HUNDREDTHS)
        if effect or part.moved:
            yield _Line(f"{signed(effect):>{_WIDTH}}  ", HEADINGS[Cause(part.cause)])
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
    yield _Line("\n", f"P({change.target} within {within})  {ends}", "bold")
    ends = f"{_plain(begin, _ODDS_DECIMALS)} → {_plain(end, _ODDS_DECIMALS)}"
    change_of_odds = signed(end - begin, _ODDS_DECIMALS)
    yield _Line("  ", f"in percentage points; in brackets log-odds, {ends} ({change_of_odds})", "dim")
    for part, chance, odd in zip(change.parts, of_chance, of_odds, strict=True):
        if part.effect or part.log_odds_effect:
            told = f"{HEADINGS[Cause(part.cause)]} ({signed(odd, _ODDS_DECIMALS)})"
            yield _Line(f"{signed(chance):>{_WIDTH}}  ", told)
            if part.moved:
                effects = [*(one.effect for one in part.moved), part.rest]
                _, _, rounded = printed(0.0, part.log_odds_effect, effects, _ODDS_DECIMALS)
                *inner, rest = _leading_to(rounded, odd)
                yield from _moved(list(zip(inner, part.moved, strict=True)), rest, _ODDS_DECIMALS)


def _leading_to(rounded: list[int], whole: int) -> list[int]:
    """Printed parts of a part that was itself moved by a unit, so that the parts add up: the rest takes it."""
    return [*rounded[:-1], rounded[-1] + whole - sum(rounded)]


def _moved(shown: Sequence[tuple[int, Moved]], rest: int, decimals: int) -> Lines:
    told = [(effect, one.text) for effect, one in shown] + [(rest, "all else")] * bool(shown)
    for effect, text in told:
        if effect:
            yield _Line(f"{'':{_WIDTH}}    {signed(effect, decimals):>{_INNER}}  ", text, "dim")


def _plain(count: int, decimals: int = 2) -> str:
    return signed(count, decimals).removeprefix("+")


def _second(moment: str) -> str:
    return moment[:19].replace("T", " ") + "Z"
