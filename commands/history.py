"""A lead's scores over time: `lead-scoring history`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.stores import StoreUrl, opened
from commands.terminal import out
from histories.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from histories.store.database.score_row import ScoreRow

_NEWEST = 15


def history(
    lead: Annotated[str, typer.Argument(metavar="LEAD", help="The lead's id.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PICTURE", help="Write a picture, .png or .svg, too.")
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Show both scores of a lead over time, as they were answered; with -o as a picture too."""
    from commands import history_chart
    from histories.store.kept import answers

    if output is not None:
        from commands import history_picture

        history_picture.refuse_other_suffixes(output)
    with opened(store) as kept:
        found = answers.scores_of(kept, lead)
    given = [one for one in found if not (one.stored and one.given)]
    if not given:
        only = ": those that are had additions by their requests, which are what-ifs" if found else ""
        raise DataError(f"no answer is kept for lead {lead!r}{only}")
    given.sort(key=lambda one: (one.as_of, one.answered_at, one.score_id or 0))
    history_chart.render(given, out)
    _newest(given)
    left_out = len(found) - len(given)
    what_ifs = "1 what-if is left out" if left_out == 1 else f"{left_out:,} what-ifs are left out"
    notes = [history_chart.legend(given), what_ifs if left_out else ""]
    if told := "; ".join(filter(None, notes)):
        out.print(told, style="dim", markup=False, soft_wrap=True)
    if output is not None:
        history_picture.write(given[-1].lead_id, given, output)
        out.print(f"Picture: {output}", markup=False, soft_wrap=True)


def _newest(answers: "Sequence[ScoreRow]") -> None:
    """Print the newest answers, the newest last."""
    from histories import clock

    shown = answers[-_NEWEST:]
    heading = f"{len(answers):,} answers" if len(shown) == len(answers) else f"The newest {_NEWEST} of {len(answers):,}"
    out.print(f"\n{heading}, by the moment that they speak of", style="bold")
    out.print(f"{'as of':<20}  {'customer':>8}  {'SQL':>6}  {'score':>7}  {'points':>9}  stage by rules", style="dim")
    for one in shown:
        score = "–" if one.score is None else f"{one.score:.1f} {one.grade or ''}".rstrip()
        points = f"{one.rule_points:g} {one.rule_grade or ''}".rstrip()
        moment = clock.iso(one.as_of)[:19].replace("T", " ")
        cells = f"{_percent(one.probability_customer):>8}  {_percent(one.probability_sql):>6}  {score:>7}  {points:>9}"
        out.print(f"{moment:<20}  {cells}  {one.rule_stage or '–'}", markup=False, soft_wrap=True)


def _percent(probability: float | None) -> str:
    return "–" if probability is None else f"{100 * probability:.1f}%"
