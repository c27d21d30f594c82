"""Part two: the customer model on leads whose hazards hang on nothing but what is recorded, beside their true probabilities.

No model can do better than the truth on average; how near one comes is what is left to gain.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.results import expected
from benchmarks.results.exports import sampled
from histories.contract import Target
from histories.sample import Parameters, truth
from training.evaluate import Ranking
from training.fit import fit_bundle
from training.lineup import MODEL, RULES

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BesideTruth:
    """The model, the truth and the rules on the same test snapshots.

    `rows` of the `snapshots` of the test were drawn at random, and each one's truth found with `draws` paths. Log losses
    in nats and AUCs are those that the truth expects; `came_*` are those by what came. `predicted_over_true`: sum of the
    model's probabilities over the sum of the true ones. `step`: of the ladder; on `points` the model is the points.
    """

    leads: int
    seed: int
    step: str
    train_converted: int
    snapshots: int
    rows: int
    converted: int
    draws: int
    auc: float
    auc_truth: float
    auc_rules: float
    log_loss: float
    log_loss_truth: float
    log_loss_rules: float
    predicted_over_true: float
    came_auc: float
    came_auc_truth: float
    came_log_loss: float
    came_log_loss_truth: float

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "BesideTruth":
        """Make it again from its JSON."""
        return cls(**told)


def beside_truth(leads: int, seed: int, rows: int, draws: int) -> BesideTruth:
    """Train on a sample as `lead-scoring train` does, and measure on at most `rows` of its test snapshots."""
    export, parameters = sampled(leads, seed, recorded_only=True)
    histories = export.histories
    fitted = fit_bundle(histories, export.recipe, export.rules, now=histories.exported_at, source="sample")
    result = fitted.results[Target.CUSTOMER]
    lineup = result.lineup
    model, rules = lineup.contenders.get(MODEL, lineup.contenders[RULES]), lineup.contenders[RULES]
    chosen, true, error = truths(parameters, lineup.rows, result.horizon_days, rows, draws)
    told, label = model.probability[chosen], lineup.labels[chosen]
    came, came_truth = by_what_came(label, told), by_what_came(label, true)
    return BesideTruth(
        leads=leads,
        seed=seed,
        step=result.step.value,
        train_converted=result.counts.train_conversions,
        snapshots=lineup.rows.num_rows,
        rows=len(chosen),
        converted=int(label.sum()),
        draws=draws,
        auc=expected.auc(true, told),
        auc_truth=expected.auc(true, true),
        auc_rules=expected.auc(true, rules.score[chosen]),
        log_loss=expected.log_loss(true, told),
        log_loss_truth=expected.least_log_loss(true, error),
        log_loss_rules=expected.log_loss(true, rules.probability[chosen]),
        predicted_over_true=float(told.sum() / true.sum()),
        came_auc=came["auc"],
        came_auc_truth=came_truth["auc"],
        came_log_loss=came["log_loss"],
        came_log_loss_truth=came_truth["log_loss"],
    )


def truths(
    parameters: Parameters, table: pa.Table, horizon_days: int, rows: int, draws: int
) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """Return the numbers of at most `rows` rows of `table` (lead_id, cutoff), their truths and its standard errors.

    The truth is the probability of a customer within the horizon. Rows that the sample does not hold at risk are left out.
    """
    chosen = np.sort(np.random.default_rng(1).permutation(table.num_rows)[:rows])
    pairs = table.select(["lead_id", "cutoff"]).take(pa.array(chosen))
    pairs = pairs.append_column("target", pa.array([Target.CUSTOMER.value] * len(chosen)))
    pairs = pairs.append_column("horizon_days", pa.array([horizon_days] * len(chosen)))
    told = truth(parameters, pairs, draws=draws)
    true, error = (np.array(told[name].to_pylist(), dtype=np.float64) for name in ("probability", "standard_error"))
    known = np.isfinite(true)
    return chosen[known], true[known], error[known]


def by_what_came(label: NDArray[np.int8], probability: FloatArray) -> dict[str, float]:
    """Return measures of probabilities by the answers that came."""
    found = Ranking(label, probability, probability).measures(np.ones((1, len(label))))
    return {name: float(value[0]) for name, value in found.items()}
