"""The strongest leads as a table that a person reads in a terminal: both scores, what to do, and why."""

from collections import Counter
from collections.abc import Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
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
    shown = strongest(answers, count)
    table = Table(
        box=box.SIMPLE_HEAD, title=f"The {len(shown)} strongest of {len(answers):,} open leads", title_style="bold"
    )
    for name in ("SQL", "customer", "score"):
        table.add_column(name, justify="right")
    table.add_column("points", justify="right")
    table.add_column("lead, what to do and why", overflow="fold")
    for answer in shown:
        table.add_row(*_cells(answer))
    console.print(table)
    console.print(
        f"As of {iso(as_of)}. SQL, customer: the model's probabilities (–: that stage is reached); score: the share of "
        "a recent board that is less likely to become a customer, with its grade; points: the rulebook's, with its grade.",
        style="dim",
    )
    console.print(_summary(answers))


def _cells(answer: Answer) -> tuple[RenderableType, ...]:
    return (
        _percent(answer.probability_sql),
        _percent(answer.probability_customer),
        f"{answer.score:.0f} {answer.grade}" if answer.score is not None else "–",
        f"{answer.rule_points:.0f} {answer.rule_grade}" if answer.rule_points is not None else "–",
        _story(answer),
    )


def _story(answer: Answer) -> RenderableType:
    action = answer.next_action or NextAction.NONE
    head = Text.assemble(
        (answer.lead_id, "bold"),
        f"  {answer.stage}, by the rules {answer.rule_stage}  ",
        (action.replace("_", " "), _COLOURS[action]),
    )
    if answer.follow_up_by is not None:
        head.append(f" by {iso(answer.follow_up_by)[:16].replace('T', ' ')}", "yellow")
    lines: list[RenderableType] = [head]
    lines += [Text(f"{'▲' if one.effect > 0 else '▼'} {one.text}") for one in answer.reasons]
    lines += [Text(f"• {one.text}", "dim") for one in answer.rule_reasons[:1]]
    return Group(*lines)


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
