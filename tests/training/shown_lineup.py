"""Lineups to be shown: leads with a hidden quality that the model sees better than the rules do, on three boards."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories.assemble import assemble
from histories.clock import DAY
from histories.contract import Attribute, Histories, LeadHistory, Outcome, Stage, Target
from training import lineup
from training.boards import weekly
from training.fingerprint import Fingerprint
from training.lineup import CHAMPION, MODEL, RULES, Lineup
from training.recipe import Business
from training.scores import Scores
from training.segment_scores import by_segment

HORIZON, BORDER, EXPORTED = 10, 40 * DAY, 70 * DAY
BUSINESS = Business(calls_per_week=30, deal_value=1000.0, call_cost=20.0)
FINGERPRINT = Fingerprint("0123456789abcdef" * 4, 600, 600, 0, 100, EXPORTED)
HOSTILE = '<script>alert("lead")</script> & co'


def shown(
    target: Target = Target.CUSTOMER, leads: int = 600, rate: float = 0.12, names: tuple[str, ...] = (MODEL, RULES)
) -> Lineup:
    """Measure contenders `names` of leads of which about `rate` convert in the ten days from a day on."""
    random = np.random.default_rng(5)
    quality = random.normal(size=leads)
    probability = 1 / (1 + np.exp(-(np.log(max(rate, 1e-9)) + 1.2 * quality)))
    converted = random.random(leads) < probability
    days = BORDER + random.integers(0, 14, leads) * DAY
    histories = _histories(target, days, converted)
    scores = _scores(probability, random)
    table = pa.table(
        {
            "lead_id": [_id(number) for number in range(leads)],
            "group": pa.array(np.arange(leads), pa.int64()),
            "cutoff": pa.array(days, pa.int64()),
            "age": ["7d" if number % 3 else "1d" for number in range(leads)],
            "label": pa.array(converted.astype(np.int8)),
        }
    )
    order = [name for name in (MODEL, RULES) if name in names]
    found = lineup.of_scores(target, HORIZON, table, {name: scores[name] for name in order}, seed=1)
    if CHAMPION in names:
        found = lineup.with_champion(found, lineup.contender(table, scores[CHAMPION], seed=1))
    return _on_boards(histories, found, {name: scores[name] for name in names})


def _on_boards(histories: Histories, found: Lineup, scores: dict[str, Scores]) -> Lineup:
    on = weekly(histories, found.target, HORIZON, BORDER)
    number = {_id(one): one for one in range(len(found.labels))}
    rows = [number[lead_id] for lead_id in on.table["lead_id"].to_pylist()]
    called = {name: Scores(one.probability[rows], one.score[rows]) for name, one in scores.items()}
    found = lineup.on_boards(found, on, called, BUSINESS, seed=1)
    return lineup.replace(found, segments=by_segment(histories, ["source"], found, seed=1))


def _id(number: int) -> str:
    return HOSTILE if number == 0 else f"lead-{number}"


def _histories(target: Target, days: NDArray[np.int64], converted: NDArray[np.bool_]) -> Histories:
    stage = Stage.CUSTOMER if target is Target.CUSTOMER else Stage.SQL
    return assemble(
        [
            LeadHistory(
                _id(number),
                BORDER - DAY,
                attributes=(Attribute("source", ("web", "fair", "<i>partner</i>")[number % 3]),),
                outcomes=(Outcome(stage, int(day) + 5 * DAY),) if reached else (),
            )
            for number, (day, reached) in enumerate(zip(days, converted, strict=True))
        ],
        exported_at=EXPORTED,
    )


def _scores(probability: NDArray[np.float64], random: np.random.Generator) -> dict[str, Scores]:
    margin = np.log(probability / (1 - probability))
    points = np.maximum(0, np.round(4 * (margin + 4) + random.normal(scale=6, size=len(margin)))) + 0.0
    noisy = 1 / (1 + np.exp(-(margin + random.normal(scale=0.6, size=len(margin)))))
    worth = np.clip(points / max(points.sum(), 1) * probability.sum(), 1e-6, 0.9)
    return {MODEL: Scores(probability, probability), RULES: Scores(worth, points), CHAMPION: Scores(noisy, noisy)}
