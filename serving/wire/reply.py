"""What an answer is to the door: a body, and numbers for the log and the metrics that say nothing of any one lead."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """What a request adds to the metrics.

    `probabilities`: P(customer) of each scored lead for which that is an open question. `points`: the rulebook's, of
    each scored lead. `missing`: of each scored lead, the share (0 to 1) of the features that are missing.
    `unknown_kinds`: kinds that training never saw, each once a lead. `warnings`: leads by a warning's code. `rows`: what was taken in, as
    (which rows, what became of them, how many).
    """

    scored: int = 0
    failed: int = 0
    probabilities: tuple[float, ...] = ()
    points: tuple[float, ...] = ()
    missing: tuple[float, ...] = ()
    unknown_kinds: int = 0
    warnings: tuple[tuple[str, int], ...] = ()
    rows: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer's body, the version of the bundle that gave it, and what is to be counted."""

    body: bytes
    model_version: str
    counts: Counts = Counts()
