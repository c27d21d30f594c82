"""Settings to try beside the defaults: a seeded walk through the space that tree boosting is usually tuned in.

The space is the one of TabArena's LightGBM (its published search space), narrowed to what small data bear.
"""

import math
from collections.abc import Iterator

import numpy as np

from training.settings import Settings


def candidates(seed: int) -> Iterator[Settings]:
    """Yield settings without end: the same seed, the same settings, so that n trials are the first n of n + 1."""
    random = np.random.default_rng(seed)
    while True:
        yield Settings(
            learning_rate=_log_uniform(random, 0.01, 0.1),
            num_leaves=round(_log_uniform(random, 3, 63)),
            min_data_in_leaf=round(_log_uniform(random, 10, 200)),
            lambda_l2=_log_uniform(random, 0.1, 50),
            feature_fraction=float(random.uniform(0.1, 0.9)),
            bagging_fraction=float(random.uniform(0.5, 1.0)),
            cat_smooth=_log_uniform(random, 1, 100),
        )


def _log_uniform(random: np.random.Generator, low: float, high: float) -> float:
    return math.exp(random.uniform(math.log(low), math.log(high)))
