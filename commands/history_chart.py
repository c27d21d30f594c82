"""A lead's scores over time as a chart of blocks in the terminal: the model's above, the rulebook's below."""

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.text import Text

from histories import clock
from histories.store.database.score_row import ScoreRow

WIDTH, HEIGHT = 64, 6
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_MODEL, _RULES = "blue", "yellow"


def render(answers: Sequence[ScoreRow], console: Console) -> None:
    """Print both scores of answers in the order of `as_of`, of which there is at least one.

    A column shows the newest answer by its moment: a score holds until the next one. ▵ below marks where another
    bundle answered for the first time, ▿ where another rulebook did.
    """
    columns = _columns(answers)
    _panel(console, "score (0 to 100, by the model)", [one.score for one in columns], 100.0, _MODEL)
    points = [one.rule_points for one in columns]
    _panel(console, "rule points", list(points), max(10.0, *points), _RULES)
    _line(console, "", _marks(columns), "dim")
    first, last = (clock.iso(one.as_of)[:16].replace("T", " ") for one in (answers[0], answers[-1]))
    _line(console, "", f"{first}{last:>{WIDTH - len(first)}}", "dim")


def _columns(answers: Sequence[ScoreRow]) -> list[ScoreRow]:
    """The newest answer by the end of each column's span of time."""
    first, span = answers[0].as_of, max(answers[-1].as_of - answers[0].as_of, 1)
    columns, place = [], 0
    for number in range(1, WIDTH + 1):
        while place + 1 < len(answers) and (answers[place + 1].as_of - first) * WIDTH <= number * span:
            place += 1
        columns.append(answers[place])
    return columns


def _panel(console: Console, title: str, values: Sequence[float | None], top: float, colour: str) -> None:
    _line(console, "", title, "bold")
    for level in reversed(range(HEIGHT)):
        label = f"{top:.0f}" if level == HEIGHT - 1 else "0" if level == 0 else ""
        _line(console, label, "".join(_block(value, top, level) for value in values), colour)


def _block(value: float | None, top: float, level: int) -> str:
    """The part of a bar that lies in one line; `·` at the bottom where there is no score, and ▁ where it is 0."""
    if value is None:
        return "·" if level == 0 else " "
    eighths = round(max(value, 0.0) / top * HEIGHT * 8) - level * 8
    return _EIGHTHS[min(max(eighths, int(level == 0)), 8)]


def _marks(columns: Sequence[ScoreRow]) -> str:
    return "".join(
        "▵" if before is not None and before.bundle_version != one.bundle_version
        else "▿" if before is not None and before.rulebook_version != one.rulebook_version
        else " "
        for before, one in zip([None, *columns], columns, strict=False)
    )  # fmt: skip


def _line(console: Console, label: str, text: str, style: str) -> None:
    console.print(Text.assemble((f"{label:>6} ", "dim"), (text.rstrip(), style)), soft_wrap=True)


def legend(answers: Sequence[ScoreRow]) -> str:
    """Return what the marks below the chart mean, where there are any."""
    said: list[tuple[Callable[[ScoreRow], str], str]] = [
        (lambda one: one.bundle_version, "▵ another bundle answered"),
        (lambda one: one.rulebook_version, "▿ another rulebook"),
    ]
    return ", ".join(words for version, words in said if len({version(one) for one in answers}) > 1)
