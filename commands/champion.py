"""The champion that the registry names, for the commands that score with it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scoring.scorer import Scorer
    from training.promote import Resolved


@contextmanager
def champion() -> "Iterator[Resolved]":
    """Fetch the champion into a folder that is gone afterwards."""
    from training.promote import CHAMPION, resolve
    from training.tracking import open_tracker

    with tempfile.TemporaryDirectory(prefix="lead-scoring-") as scratch:
        yield resolve(open_tracker(), CHAMPION, Path(scratch))


def scorer(of: "Resolved", rulebook: Path | None) -> "Scorer":
    """Return the champion's scorer with the points of `rulebook`, or with its own."""
    from scoring import rulebook as rulebooks
    from scoring.scorer import Scorer

    return Scorer(of.bundle, rulebooks.read(rulebook or of.rulebook))
