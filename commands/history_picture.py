"""A lead's scores over time as a picture."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.dates import ConciseDateFormatter

from histories.errors import CallError
from histories.store.database.score_row import ScoreRow
from histories.whole_file import whole_file
from training.canvas import COLOURS, GREY, blank

SUFFIXES = (".png", ".svg")


def refuse_other_suffixes(path: Path) -> None:
    """Raise CallError where `path` is to be no picture that can be written."""
    if path.suffix not in SUFFIXES:
        raise CallError(f"{path}: is neither .png nor .svg; name the picture so")


def write(lead_id: str, answers: Sequence[ScoreRow], path: Path) -> None:
    """Write both scores of answers in the order of `as_of`, of which there is at least one; the file appears whole.

    Lines show where another bundle (dashed) or another rulebook (dotted) answered for the first time.
    """
    moments = np.array([one.as_of for one in answers], dtype="datetime64[us]")
    figure, (model, rules) = blank(f"Scores of lead {lead_id.replace('$', chr(92) + '$')}", rows=2)
    scores = [float("nan") if one.score is None else one.score for one in answers]
    model.step(moments, scores, where="post", marker="o", markersize=3, color=COLOURS["model"])
    model.set_ylim(-3, 103)
    model.set_ylabel("score (model)", fontsize=9)
    points = [one.rule_points for one in answers]
    rules.step(moments, points, where="post", marker="o", markersize=3, color=COLOURS["rules"])
    rules.set_ylim(bottom=-0.03 * max(10.0, *points))
    rules.set_ylabel("rule points", fontsize=9)
    for axes in (model, rules):
        axes.xaxis_date()
        axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator()))  # type: ignore[no-untyped-call]
        for before, one, moment in zip(answers, answers[1:], moments[1:], strict=False):
            if before.bundle_version != one.bundle_version:
                axes.axvline(moment, color=GREY, linewidth=1, linestyle="--")
            if before.rulebook_version != one.rulebook_version:
                axes.axvline(moment, color=GREY, linewidth=1, linestyle=":")
    # The same answers make the same file: no date, and ids that follow from the content.
    with mpl.rc_context({"svg.hashsalt": "lead-scoring"}), whole_file(path) as unfinished:
        metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
        figure.savefig(unfinished, format=path.suffix.removeprefix("."), dpi=150, metadata=metadata)
