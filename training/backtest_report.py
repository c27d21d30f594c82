"""Renders a backtest for a terminal, for those who write the rules."""

import math
from collections.abc import Collection, Sequence

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from histories.clock import date
from histories.contract import Target
from scoring.rules import HUNDREDTHS
from scoring.words import number
from training.backtest import Backtest, Figure, RuleReport
from training.bootstrap import Difference
from training.checks import ENOUGH_CONVERSIONS
from training.findings import too_few
from training.lift import Pull
from training.overlap import Overlap

_STYLES = {
    Pull.AS_MEANT: "green",
    Pull.WRONG_WAY: "bold red",
    Pull.CANNOT_TELL: "dim",
    Pull.TOO_FEW: "dim",
    Pull.NEVER: "yellow",
    Pull.ALWAYS: "yellow",
}
_MOST_PAIRS = 6
_BECAME = {Target.CUSTOMER: ("became a customer", "became customers"), Target.SQL: ("became sql", "became sql")}
_TITLES = {Target.CUSTOMER: "Customer", Target.SQL: "SQL"}


def render(found: Backtest, console: Console) -> None:
    """Print each rule's lift for each target, what stands out, and the whole beside the other rulebook."""
    for target in found.deals.drawn:
        console.print()
        _print_rules(found, target, console)
    console.print()
    for sentence, style in findings(found):
        console.print(Text(sentence, style=style))
    console.print()
    _print_whole(found, console)
    title = f"{found.new.name} {found.new.version}"
    if found.old is not None:
        title += f" against {found.old.name} {found.old.version}"
    console.print(Panel(Text(conclusion(found)), title=Text(title), title_align="left", border_style="cyan"))


def _print_rules(found: Backtest, target: Target, console: Console) -> None:
    drawn, rows = found.deals.drawn[target], found.deals.mature(target)
    console.print(Text(f"{_TITLES[target]} within {drawn.horizon_days} days, rule by rule", style="bold"))
    first, last = (date(int(edge(drawn.cutoff[rows]))) for edge in (min, max))
    converted = drawn.converted_leads(rows)
    counted = (
        f"{len(rows):,} snapshots of {len(set(drawn.lead[rows].tolist())):,} leads, {first} to {last}; "
        f"{converted:,} of the leads {_became(converted, target)}."
    )
    console.print(Text(counted, style="dim"))
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", pad_edge=False)
    table.add_column("Rule", max_width=36)
    for name in ("Points", "Gives", "Leads", "With", "Without"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Lift (95% interval)", justify="right", no_wrap=True)
    table.add_column("Pulls", no_wrap=True)
    for rule in found.rules:
        lift = rule.lifts[target]
        style = "dim" if lift.pull in (Pull.NEVER, Pull.TOO_FEW) else ""
        table.add_row(*_cells(rule, target), Text(lift.pull.value, style=_STYLES[lift.pull]), style=style)
    console.print(table)


def _became(leads: int, target: Target) -> str:
    one, many = _BECAME[target]
    return one if leads == 1 else many


def _leads_became(leads: int, target: Target) -> str:
    return f"{leads:,} {'lead' if leads == 1 else 'leads'} {_became(leads, target)}"


def _cells(rule: RuleReport, target: Target) -> tuple[Text, str, str, str, str, str, str]:
    lift = rule.lifts[target]
    points, given = number(rule.points / HUNDREDTHS), f"{rule.given[target] / HUNDREDTHS:.1f}"
    if not lift.leads:
        return Text(rule.name), points, "–", "0", "–", "–", "–"
    return (
        Text(rule.name),
        points,
        given,
        f"{lift.leads:,}",
        _share(lift.rate),
        _share(lift.other_rate),
        _lift(lift.lift),
    )


def _share(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1%}"


def _lift(one: Difference) -> str:
    if math.isnan(one.value):
        return "–"
    digits = 2 if max(one.value, one.high) < 10 else 1
    return f"{one.value:.{digits}f} ({one.low:.{digits}f} to {one.high:.{digits}f})"


def findings(found: Backtest) -> list[tuple[str, str]]:
    """Say what stands out among the rules, a sentence each with its style; what cannot be told is said too."""
    sentences = []
    for target, drawn in found.deals.drawn.items():
        converted = drawn.converted_leads(found.deals.mature(target))
        if converted < ENOUGH_CONVERSIONS:
            said = f"Only {_leads_became(converted, target)}: below {ENOUGH_CONVERSIONS} a lift can be luck."
            sentences.append((said, "yellow"))
    never = [rule.name for rule in found.rules if all(one.pull is Pull.NEVER for one in rule.lifts.values())]
    if never:
        sentences.append((f"Never fires: {_quoted(never)}.", "yellow"))
    for target in found.deals.drawn:
        wrong = [rule.name for rule in found.rules if rule.lifts[target].pull is Pull.WRONG_WAY]
        if wrong:
            verb = "Pulls" if len(wrong) == 1 else "Pull"
            sentences.append((f"{verb} the wrong way for {target.value}: {_quoted(wrong)}.", "bold red"))
    sentences += [(_same(pair), "yellow") for pair in found.overlaps[:_MOST_PAIRS]]
    if len(found.overlaps) > _MOST_PAIRS:
        sentences.append((f"So do {len(found.overlaps) - _MOST_PAIRS} more pairs of rules.", "yellow"))
    return sentences or [("Every rule fires, and none pulls the wrong way as far as the deals can tell.", "green")]


def _same(pair: Overlap) -> str:
    return f"Go to nearly the same leads: “{pair.first}” and “{pair.second}” (both at {pair.shared:.0%} of the customer snapshots with either)."


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


def _print_whole(found: Backtest, console: Console) -> None:
    console.print(Text("The whole", style="bold"))
    counts = ", ".join(_leads_became(leads, target) for target, leads in found.test_conversions.items())
    since = f"Deals from {date(found.deals.border)} on ({counts}), which a draft learnt from this export has not seen."
    console.print(Text(since, style="dim"))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    table.add_column("")
    if found.old is None:
        table.add_column("Value (95% interval)", justify="right")
    else:
        table.add_column("New", justify="right", min_width=6)
        table.add_column("Old", justify="right", min_width=6)
        table.add_column("Difference (95% interval)", justify="right")
        table.add_column("")
    few = _untold(found)
    for figure in found.whole:
        table.add_row(*_figure(figure, few))
    console.print(table)


def _figure(figure: Figure, few: Collection[Target]) -> tuple[str | Text, ...]:
    if figure.old is None or figure.apart is None:
        if math.isnan(figure.new.value):
            return figure.name, "–"
        low, high = (_value(figure.unit, end) for end in (figure.new.low, figure.new.high))
        return figure.name, f"{_value(figure.unit, figure.new.value)} ({low} to {high})"
    new, old = (_value(figure.unit, one.value) for one in (figure.new, figure.old))
    if math.isnan(figure.apart.value):
        return figure.name, new, old, "–", Text("cannot tell", style="dim")
    value, low, high = (_apart(figure.unit, one) for one in (figure.apart.value, figure.apart.low, figure.apart.high))
    points = " pp" if figure.unit == "share" else ""
    return figure.name, new, old, f"{value}{points} ({low} to {high})", _verdict(figure, few)


def _value(unit: str, value: float) -> str:
    if math.isnan(value):
        return "–"
    return {"auc": f"{value:.3f}", "share": f"{value:.1%}", "leads": f"{value:,.1f}"}[unit]


def _apart(unit: str, value: float) -> str:
    shown = {"auc": f"{value:+.3f}", "share": f"{100 * value:+.1f}", "leads": f"{value:+,.1f}"}[unit]
    return shown if shown.strip("+-0.") else shown.replace("-", "+")


def _verdict(figure: Figure, few: Collection[Target]) -> Text:
    if figure.target in few:
        return Text("cannot tell", style="dim")
    side = favours(figure)
    if side is None:
        same = figure.apart is not None and figure.apart.low == figure.apart.high == 0
        return Text("the same" if same else "cannot tell", style="dim")
    if not figure.judged:
        words = ("more", "fewer") if figure.unit == "leads" else ("higher", "lower")
        return Text(words[0] if side else words[1], style="cyan")
    return Text("new is better" if side else "old is better", style="green" if side else "red")


def favours(figure: Figure) -> bool | None:
    """Tell whether a figure is higher under the new rulebook (True) or the old; None: the interval holds 0."""
    apart = figure.apart
    if apart is None or math.isnan(apart.value) or apart.low <= 0 <= apart.high:
        return None
    return apart.low > 0


def conclusion(found: Backtest) -> str:
    """Say in a sentence or two whether the new rulebook is better, or what the one at hand is worth.

    Of a target that few leads of the test reached it says that it cannot be told, and rests on the others.
    """
    few = _untold(found)
    told = [figure for figure in found.whole if figure.judged and figure.target not in few]
    sentences = list(few.values())
    if told:
        sentences.append(_worth(told[0]) if found.old is None else _comparison(told, alone=bool(few)))
    return " ".join(sentences)


def _untold(found: Backtest) -> dict[Target, str]:
    """Return the targets of which the test holds too few conversions, each with the sentence that says so."""
    to_tell = "points from chance" if found.old is None else "two rulebooks apart"
    said = {target: too_few(leads, to_tell) for target, leads in found.test_conversions.items()}
    return {target: f"Cannot tell for {target.value}: {few}." for target, few in said.items() if few}


def _worth(auc: Figure) -> str:
    one = auc.new
    if math.isnan(one.value):
        return "The newest deals cannot tell what these points are worth: all of them converted."
    became = _became(1, auc.target or Target.CUSTOMER)
    chance = " That is no better than chance, as far as these deals can tell." if one.low <= 0.5 else ""
    return (
        f"Of a lead that {became} and one that did not, these points ranked the first higher "
        f"{one.value:.0%} of the time ({one.low:.0%} to {one.high:.0%}).{chance}"
    )


def _comparison(told: Sequence[Figure], alone: bool) -> str:
    """Say what judged figures come to. `alone`: they are of one target, as the others cannot be told."""
    sides = [favours(figure) for figure in told]
    better, worse = sides.count(True), sides.count(False)
    if better and worse:
        said = f"A trade: of {len(told)} figures that should be high the new rulebook is better on {better}, worse on {worse}."
    elif better or worse:
        side, other = ("better", "worse") if better else ("worse", "better")
        said = (
            f"The new rulebook is {side}: so say {better or worse} of the {len(told)} figures that should be high, and "
            f"none says that it is {other}."
        )
    else:
        said = "These deals cannot tell which of the two rulebooks is better: each difference that matters may be luck."
    target = told[0].target
    return f"For {target.value}, {said[0].lower()}{said[1:]}" if alone and target else said
