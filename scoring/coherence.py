"""The probabilities of several targets at once, so that they do not contradict each other: the one place that asks.

Whoever becomes a customer within some days has become sql within them. So where the customer's horizon is not the
longer one, P(customer) is at most P(sql). Models that learn each target by itself do not know this; the clip comes
last, after calibration, and by the probability that the bundle gives for sql.
"""

from collections.abc import Mapping

import numpy as np

from features.catalogue import Catalogue
from histories.contract import Target
from scoring.calibration import Floats
from scoring.chain import Chain, sql_column
from scoring.model import Model, Points

Models = Mapping[Target, Model | Chain]


def probabilities(
    models: Models, catalogue: Catalogue, matrix: Floats, points: Points, threads: int = 1
) -> dict[Target, Floats]:
    """Return P of each target that has a model, [n]; nan for sql where the lead is sql already.

    The rows are leads that are open: neither customers nor lost at their cutoff. `matrix`: [n, features of
    `catalogue`]; `points`: [n], int64 hundredths under the rulebook that the models have learnt from.
    """
    found = {target: np.full(len(matrix), np.nan) for target in models}
    if Target.SQL in models:
        rows = np.flatnonzero(matrix[:, sql_column(catalogue)] == 0)
        if len(rows):
            found[Target.SQL][rows] = models[Target.SQL].probabilities(matrix[rows], points[rows], threads)
    if Target.CUSTOMER in models and len(matrix):
        found[Target.CUSTOMER] = models[Target.CUSTOMER].probabilities(matrix, points, threads)
    if is_bounded(models):
        found[Target.CUSTOMER] = np.fmin(found[Target.CUSTOMER], found[Target.SQL])  # fmin: nan does not bind
    return found


def of_target(
    models: Models, target: Target, catalogue: Catalogue, matrix: Floats, points: Points, threads: int = 1
) -> Floats:
    """Return P of one target as `probabilities` gives it, [n], without asking models that have no say in it."""
    asked = models if target is Target.CUSTOMER and is_bounded(models) else {target: models[target]}
    return probabilities(asked, catalogue, matrix, points, threads)[target]


def is_bounded(models: Models) -> bool:
    """Tell whether P(customer) is at most P(sql): both have models, and the customer's horizon is not the longer."""
    sql, customer = models.get(Target.SQL), models.get(Target.CUSTOMER)
    return sql is not None and customer is not None and customer.horizon_days <= sql.horizon_days
