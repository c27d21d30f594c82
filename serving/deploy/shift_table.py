"""What a new champion changes, as a terminal shows it: now, new, and who moves."""

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from histories.clock import iso
from histories.contract import Target
from serving.deploy.shift import GRADES, Moves, Shift, Standing

_TARGETS = {Target.CUSTOMER: "Probability to become a customer", Target.SQL: "Probability to become sales-qualified"}
_SHOWN_MOVES = 6
_LEGEND = (
    "grade A, B, C begin: the customer probability from which on a lead has that grade; it follows the board that the "
    "bundle keeps as its reference, so that grades stay shares of the leads when probabilities rise or fall. calling "
    "line: the customer probability that fills a week's calls."
)


def render(shift: Shift, console: Console) -> None:
    """Print what changes for those who use the scores. Without anything before: how the leads stand."""
    console.print(f"What changes for {shift.leads:,} open leads, as of {iso(shift.as_of)}\n", style="bold")
    if not shift.leads:
        console.print("No lead is open: nothing can be compared.")
        return
    console.print(_figures(shift))
    if shift.moves is not None:
        console.print(Padding(_moved(shift.leads, shift.moves), (1, 0, 0, 0)))
    console.print(Padding(Text(_LEGEND, "dim"), (1, 0)))


def _figures(shift: Shift) -> Table:
    table = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("")
    if shift.before is not None:
        table.add_column("now", justify="right")
    table.add_column("new", justify="right")
    standings = [one for one in (shift.before, shift.after) if one is not None]
    for row in _rows(standings):
        table.add_row(*row, style="bold" if not any(row[1:]) else "")
    return table


def _rows(standings: list[Standing]) -> Iterator[list[str]]:
    for target, title in _TARGETS.items():
        spreads = [one.spreads[target] for one in standings if target in one.spreads]
        if len(spreads) == len(standings):
            yield [title, *("" for _ in spreads)]
            yield ["  on average", *(_percent(one.mean) for one in spreads)]
            yield ["  one lead in ten is above", *(_percent(one.high) for one in spreads)]
            yield ["  half of the leads are above", *(_percent(one.median) for one in spreads)]
            yield ["  nine leads in ten are above", *(_percent(one.low) for one in spreads)]
    yield ["Grades", *("" for _ in standings)]
    for place, grade in enumerate(GRADES[:3]):
        yield [f"  {grade} begins at", *(_percent(one.begins[place]) for one in standings)]
    for grade in GRADES:
        yield [f"  leads with {grade}", *(f"{one.grades.get(grade, 0):,}" for one in standings)]
    yield ["Calls", *("" for _ in standings)]
    yield ["  calling line", *(_percent(one.calling_line) for one in standings)]
    yield ["  leads at or above it", *(f"{one.called:,}" for one in standings)]
    for action in dict.fromkeys(name for one in standings for name in one.actions if name):
        yield [f"  {_words(action)}", *(f"{one.actions.get(action, 0):,}" for one in standings)]
    yield ["Points of the rules", *("" for _ in standings)]
    yield ["  on average", *(f"{one.mean_points:.1f}" for one in standings)]


def _moved(leads: int, moves: Moves) -> Text:
    rise = sum(count for (one, other), count in moves.grades.items() if other and (not one or other < one))
    grades = sum(moves.grades.values())
    lines = [
        _line(grades, leads, "change grade", f"{rise:,} up, {grades - rise:,} down: " if grades else "", moves.grades),
        _line(moves.in_line + moves.out_of_line, leads, "cross the calling line", _crossing(moves), {}),
        _line(sum(moves.actions.values()), leads, "change next action", "", moves.actions),
        _line(moves.points, leads, "have other points", "", {}),
        _line(sum(moves.stages.values()), leads, "change the stage that the rules give", "", moves.stages),
        _line(sum(moves.rule_grades.values()), leads, "change the grade that the rules give", "", moves.rule_grades),
        _line(sum(moves.agreements.values()), leads, "change how far model and rules agree", "", moves.agreements),
    ]
    return Text("\n").join(lines)


def _crossing(moves: Moves) -> str:
    return (
        f"{moves.in_line:,} come over it, {moves.out_of_line:,} fall below it"
        if moves.in_line or moves.out_of_line
        else ""
    )


def _line(count: int, leads: int, what: str, said: str, moved: Mapping[tuple[str, str], int]) -> Text:
    """`12 of 340 leads (3.5%) change grade: 5 up, 7 down: B > A 5, A > B 7`."""
    if not count:
        return Text(f"No lead {_singular(what)}.", "dim")
    shown = sorted(moved.items(), key=lambda one: -one[1])
    pairs = ", ".join(
        f"{_words(one) or 'none'} → {_words(other) or 'none'} {number:,}"
        for (one, other), number in shown[:_SHOWN_MOVES]
    )
    more = sum(number for _, number in shown[_SHOWN_MOVES:])
    pairs += f", others {more:,}" if more else ""
    text = Text.assemble((f"{count:,}", "bold"), f" of {leads:,} leads ({count / leads:.1%}) {what}")
    return text.append(f": {said}{pairs}" if said or pairs else "")


def _singular(what: str) -> str:
    first, _, rest = what.partition(" ")
    return f"{'has' if first == 'have' else first + ('es' if first.endswith('s') else 's')} {rest}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _percent(probability: float | None) -> str:
    return "–" if probability is None else f"{probability:.2%}"
