"""The strongest leads as a table that a person reads in a terminal: both scores, what to do, and why."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from histories.clock import iso
from scoring.answer import Answer, NextAction, Status

_COLOURS = {
    NextAction.HAND_TO_SALES: "bold green",
    NextAction.ENGAGE: "cyan",
    NextAction.NURTURE: "default",
    NextAction.SUPPRESS: "red",
    NextAction.NONE: "dim",
}
_HEADINGS = ("customer", "SQL", "score", "points", "stage", "next action")
_LEGEND = (
    "customer, SQL: the probabilities (–: that stage is reached). score: the share of a recent board that is "
    "less likely to become a customer, with its grade. points: the rulebook's, with its grade. ▲ ▼ what went with a "
    "higher or lower probability, • the rule that gave most points."
)


def strongest(answers: Sequence[Answer], count: int) -> list[Answer]:
    """Return the `count` scored leads that are likeliest to become customers, those to leave alone left out."""
    callable_ = [
        one
        for one in answers
        if one.status is Status.SCORED and one.next_action not in {NextAction.SUPPRESS, NextAction.NONE}
    ]
    return sorted(callable_, key=lambda one: (-(one.probability_customer or 0.0), one.lead_id))[:count]


def render(answers: Sequence[Answer], as_of: int, console: Console, count: int = 10) -> None:
    """Print the strongest leads, strongest first, then what is to be done with all of them."""
    if not answers:
        console.print(f"No lead was open on {iso(as_of)}.", style="bold")
        return
    shown = strongest(answers, count)
    width = max([len("lead"), *(len(answer.lead_id) for answer in shown)])
    console.print(f"The {len(shown)} strongest of {len(answers):,} open leads, as of {iso(as_of)}\n", style="bold")
    console.print(_line("lead".ljust(width), _HEADINGS), style="dim", soft_wrap=True)
    for answer in shown:
        console.print(_head(answer, width, as_of), soft_wrap=True)
        for line in _why(answer):
            console.print(Padding(line, (0, 0, 0, 3)))
    console.print(Padding(Text(_LEGEND, "dim"), (1, 0)))
    console.print(_summary(answers))


def _line(lead: str, cells: Sequence[str]) -> str:
    return f"{lead}  {cells[0]:>8}  {cells[1]:>6}  {cells[2]:>6}  {cells[3]:>7}  {cells[4]:<11}  {cells[5]}"


def _head(answer: Answer, width: int, as_of: int) -> Text:
    action = answer.next_action or NextAction.NONE
    cells = (
        _percent(answer.probability_customer),
        _percent(answer.probability_sql),
        f"{answer.score:.0f} {answer.grade}" if answer.score is not None else "–",
        f"{answer.rule_points:.0f} {answer.rule_grade}" if answer.rule_points is not None else "–",
        answer.stage or "",
        "",
    )
    head = Text.assemble((answer.lead_id.ljust(width), "bold"), _line("", cells))
    head.append(action.replace("_", " "), _COLOURS[action])
    if answer.follow_up_by is not None:
        overdue = answer.follow_up_by < as_of
        due = iso(answer.follow_up_by)[:16].replace("T", " ")
        head.append(f", overdue since {due}" if overdue else f" by {due}", "red" if overdue else "yellow")
    return head


def _why(answer: Answer) -> list[Text]:
    lines = [Text(f"{'▲' if one.effect > 0 else '▼'} {one.text}") for one in answer.reasons]
    return lines + [Text(f"• {one.text}", "dim") for one in answer.rule_reasons[:1]]


def _summary(answers: Sequence[Answer]) -> Text:
    actions = Counter(one.next_action for one in answers if one.next_action is not None)
    text = Text("Next actions: ")
    text.append(", ".join(f"{count:,} {action.replace('_', ' ')}" for action, count in actions.most_common()))
    failed = sum(one.status is Status.FAILED for one in answers)
    if failed:
        text.append(f"; {failed:,} could not be scored", "red")
    return text


def _percent(probability: float | None) -> str:
    return "–" if probability is None else f"{probability:.1%}"
