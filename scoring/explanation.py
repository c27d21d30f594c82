"""Everything behind one lead's answer: what each probability is made of, every entry of the points, every feature."""

from dataclasses import dataclass

import numpy as np

from histories.contract import LeadHistory, Target
from scoring import coherence, ledger
from scoring.answer import Answer
from scoring.bundle import Bundle
from scoring.calibration import Floats
from scoring.ledger import Ledger
from scoring.model import Points
from scoring.rulebook import Rulebook
from scoring.scorer import Scored
from scoring.tally import tally


@dataclass(frozen=True, eq=False, slots=True)
class Breakdown:
    """What a probability is made of, on the calibrated log-odds; P = 1 / (1 + exp(-log_odds)).

    `contributions` [features], `points`, `bias` and `cap` add up to `log_odds`. `bias`: what a usual lead has; `cap`: what
    is taken away so that P(customer) is at most P(sql), at most 0.
    """

    target: Target
    horizon_days: int
    probability: float
    log_odds: float
    contributions: Floats
    points: float
    bias: float
    cap: float


@dataclass(frozen=True, eq=False, slots=True)
class Explanation:
    """An answer, and what it was made from.

    `breakdowns`: one for each probability that the answer gives; `ledger`: under the rulebook in force; `row`: the
    features [features], nan is missing.
    """

    answer: Answer
    breakdowns: tuple[Breakdown, ...]
    ledger: Ledger
    row: Floats


def of(bundle: Bundle, rulebook: Rulebook, history: LeadHistory, as_of: int, scored: Scored) -> Explanation:
    """Explain what `Scorer.scored` gave for this one history at `as_of` (UTC microseconds); it must have been scored."""
    (answer,) = scored.answers
    families, learnt = bundle.catalogue.families, bundle.rulebook
    total = 0 if learnt is None else tally(learnt, families, history).figures(as_of).total
    return Explanation(
        answer=answer,
        breakdowns=_breakdowns(bundle, scored.matrix, np.array([total], dtype=np.int64), answer),
        ledger=ledger.ledger(rulebook, families, history, as_of),
        row=scored.matrix[0],
    )


def _breakdowns(bundle: Bundle, matrix: Floats, points: Points, answer: Answer) -> tuple[Breakdown, ...]:
    answered = ((Target.SQL, answer.probability_sql), (Target.CUSTOMER, answer.probability_customer))
    given = {target: probability for target, probability in answered if probability is not None}
    log_odds = {target: float(bundle.models[target].log_odds(matrix, points)[0]) for target in given}
    served = dict(log_odds)
    if len(given) == len(answered) and coherence.is_bounded(bundle.models):
        served[Target.CUSTOMER] = min(log_odds.values())
    found = []
    for target, probability in given.items():
        (values,) = bundle.models[target].contributions(matrix, points)
        found.append(
            Breakdown(
                target=target,
                horizon_days=bundle.models[target].horizon_days,
                probability=probability,
                log_odds=served[target],
                contributions=values[:-2],
                points=float(values[-2]),
                bias=float(values[-1]),
                cap=served[target] - log_odds[target],
            )
        )
    return tuple(found)
