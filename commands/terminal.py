"""What the user sees: results on stdout, progress and messages on stderr."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

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
