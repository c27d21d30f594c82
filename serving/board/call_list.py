"""The strongest leads as a table that a person reads in a terminal: both scores, what to do, and why."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from histories.clock import iso
from histories.printable import printable
from scoring.answer import Answer, NextAction, Status

_COLOURS = {
    NextAction.HAND_TO_SALES: "bold green",
    NextAction.ENGAGE: "cyan",
    NextAction.NURTURE: "default",
    NextAction.SUPPRESS: "red",
    NextAction.NONE: "dim",
}
_LEGEND = (
    "customer, SQL: the probabilities (–: that stage is reached). score: the share of a recent board that is "
    "less likely to become a customer, with its grade. points: the rulebook's, with its grade. ▲ ▼ what went with a "
    "higher or lower probability, • the rule that counted most. Times are UTC."
)


def _cells(customer: str, sql: str, score: str, points: str, stage: str) -> str:
    return f"  {customer:>8}  {sql:>6}  {score:>6}  {points:>7}  {stage:<11}  "


HEADINGS = _cells("customer", "SQL", "score", "points", "stage") + "next action"


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
    actions = Counter(one.next_action for one in answers if one.next_action is not None)
    failed = sum(one.status is Status.FAILED for one in answers)
    show(strongest(answers, count), len(answers), actions, as_of, console, failed)


def show(
    shown: Sequence[Answer], leads: int, actions: Counter[NextAction], as_of: int, console: Console, failed: int = 0
) -> None:
    """Print the strongest leads, and what is to be done with all `leads`, of which so many `failed`."""
    if not leads:
        console.print(f"No lead was open on {iso(as_of)}.", style="bold")
        return
    names = [printable(answer.lead_id) for answer in shown]
    width = max(map(len, ["lead", *names]))
    console.print(f"The {len(shown)} strongest of {leads:,} open leads, as of {iso(as_of)}\n", style="bold")
    console.print("lead".ljust(width) + HEADINGS, style="dim", soft_wrap=True)
    for answer, lead in zip(shown, names, strict=True):
        console.print(Text.assemble((lead.ljust(width), "bold"), line(answer, as_of)), soft_wrap=True)
        explain(answer, console)
    console.print(Padding(Text(_LEGEND, "dim"), (1, 0)))
    console.print(_summary(actions, failed))


def line(answer: Answer, as_of: int) -> Text:
    """Return both scores, the stage and what to do by when, as they stand under HEADINGS."""
    action = answer.next_action or NextAction.NONE
    text = Text(
        _cells(
            _percent(answer.probability_customer),
            _percent(answer.probability_sql),
            f"{answer.score:.0f} {answer.grade}" if answer.score is not None else "–",
            f"{answer.rule_points:.0f} {answer.rule_grade}" if answer.rule_points is not None else "–",
            answer.stage or "",
        )
    )
    text.append(action.replace("_", " "), _COLOURS[action])
    if answer.follow_up_by is not None:
        overdue = answer.follow_up_by < as_of
        due = iso(answer.follow_up_by)[:16].replace("T", " ")
        text.append(f", overdue since {due}" if overdue else f" by {due}", "red" if overdue else "yellow")
    return text


def explain(answer: Answer, console: Console) -> None:
    """Print the reasons, and the rule that counted most."""
    for one in answer.reasons:
        console.print(Padding(Text(f"{'▲' if one.effect > 0 else '▼'} {printable(one.text)}"), (0, 0, 0, 3)))
    for rule in answer.rule_reasons[:1]:
        console.print(Padding(Text(f"• {printable(rule.text)}", "dim"), (0, 0, 0, 3)))


def _summary(actions: Counter[NextAction], failed: int) -> Text:
    text = Text("Next actions: ")
    text.append(", ".join(f"{count:,} {action.replace('_', ' ')}" for action, count in actions.most_common()))
    if failed:
        text.append(f"; {failed:,} could not be scored", "red")
    return text


def _percent(probability: float | None) -> str:
    return "–" if probability is None else f"{probability:.1%}"
