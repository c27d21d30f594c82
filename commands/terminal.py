"""What the user sees: results on stdout, progress and messages on stderr."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

if TYPE_CHECKING:
    from training.fitted import Progress as Step

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


@contextmanager
def working(text: str) -> Iterator[None]:
    """Show that work goes on, on a terminal; say nothing elsewhere."""
    with err.status(text) if err.is_terminal else contextlib.nullcontext():
        yield


@contextmanager
def steps() -> "Iterator[Step]":
    """Show a progress bar of few steps on a terminal; say nothing elsewhere."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def step(text: str, done: int, total: int) -> None:
            bar.update(task, description=text, completed=done, total=total)

        yield step


@contextmanager
def rows() -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar with what is done, its rate and the time left, on a terminal; say nothing elsewhere.

    What is yielded takes what is being done, how much of it is done, and of how much; a new text begins a new bar.
    """
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), _Count(), _Rate(), TimeRemainingColumn()
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        tasks = {"": bar.add_task("", total=None)}

        def tell(text: str, done: int, total: int) -> None:
            if text not in tasks:
                bar.update(next(reversed(tasks.values())), visible=False)
                tasks[text] = bar.add_task(text, total=total)
            bar.update(tasks[text], completed=done, total=total)

        yield tell


class _Count(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text("" if not task.total else f"{task.completed:,.0f}/{task.total:,.0f}")


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="dim")
