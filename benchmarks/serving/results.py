"""What a run found, and what it should have."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.serving.board import Board
from benchmarks.serving.client import Timed

CONSTANT, NO_REASONS, THREE_REASONS, MANY = "constant", "no reasons", "three reasons", "many"
MLFLOW, MLFLOW_MANY = "mlflow", "mlflow, many"


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that one run measured: calls by name, and boards of one or more sizes."""

    calls: Mapping[str, Timed]
    boards: tuple[Board, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One claim, what was to be reached, what was, and whether that will do."""

    claim: str
    target: str
    measured: str
    met: bool


def verdicts(results: Results) -> list[Verdict]:
    """Hold what was measured against the targets."""
    calls = results.calls
    constant = calls[CONSTANT].median
    bare = calls[NO_REASONS].leads_a_second
    found = [
        _at_most(
            "one lead, no reasons: median, against an endpoint that answers a constant",
            calls[NO_REASONS].median / constant,
            1.4,
        ),
        _at_most("one lead, three reasons: median, against the same", calls[THREE_REASONS].median / constant, 2.0),
        _at_least("leads a second in calls of 200, against calls of one", calls[MANY].leads_a_second / bare, 10.0),
        _at_least(
            "leads a second in calls of one, against `mlflow models serve`", bare / calls[MLFLOW].leads_a_second, 5.0
        ),
        _at_least(
            "leads a second in calls of 200, against `mlflow models serve`",
            calls[MANY].leads_a_second / calls[MLFLOW_MANY].leads_a_second,
            5.0,
        ),
    ]
    return found + [
        _at_most(
            f"a board of {one.leads:,} leads, scored into a file, against features and predictions alone",
            one.scored / one.bare,
            1.5,
        )
        for one in results.boards
    ]


def _at_most(claim: str, ratio: float, most: float) -> Verdict:
    return Verdict(claim, f"≤ {most:g} ×", f"{ratio:.2f} ×", ratio <= most)


def _at_least(claim: str, ratio: float, least: float) -> Verdict:
    return Verdict(claim, f"≥ {least:g} ×", f"{ratio:.2f} ×", ratio >= least)
