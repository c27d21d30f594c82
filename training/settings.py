"""How LightGBM is told to learn: sensible settings by the size of the data."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

THREADS = 2
WORTH_THREADS = 20_000_000
BAG = 3  # boosters of different seeds, their margins averaged: the windows liked it in every comparison
MOST_ROUNDS = 1000
PATIENCE = 60
FEW_CONVERSIONS = 4000


@dataclass(frozen=True, slots=True)
class Settings:
    """LightGBM's parameters, by its own names; everything else stays at its default.

    `monotone`: whether trees keep to the directions that the catalogue gives its columns.
    """

    learning_rate: float
    num_leaves: int
    min_data_in_leaf: int
    lambda_l2: float
    feature_fraction: float
    bagging_fraction: float
    cat_smooth: float
    monotone: bool = False

    def parameters(self, seed: int, threads: int, directions: Sequence[int]) -> dict[str, object]:
        """Return the parameters of `lightgbm.train`. Equal data, settings, seed and threads give equal boosters.

        `directions`: 1, -1 or 0 a column. Imbalance is left alone: class weights and resampling spoil probabilities
        and gain no ranking.
        """
        given = asdict(self)
        if given.pop("monotone"):
            given["monotone_constraints"] = list(directions)
        return given | {
            "objective": "binary",
            "metric": "binary_logloss",
            "bagging_freq": 1,
            "max_bin": 127,
            "seed": seed,
            "deterministic": True,
            # By columns, of which each tree looks at a part: the same bits as by rows, in an eighth of the time where
            # 45,000 rows have 435 columns and a tree takes 30% of them.
            "force_col_wise": True,
            "num_threads": threads,
            "feature_pre_filter": False,
            "verbosity": -1,
        }


def threads(cells: int) -> int:
    """Return how many threads to grow trees with, by the data's cells alone, so that a run can be repeated anywhere.

    Small data gain nothing from a second one, and lose much where other work wants it: LightGBM's threads wait
    for each other by spinning.
    """
    return THREADS if cells >= WORTH_THREADS else 1


def by_size(converted_leads: int) -> Settings:
    """Return settings for that many distinct converted leads: small trees where there is little to learn from.

    Boosting needs several times the sample that a logistic regression needs (doi 10.1177/09622802251338983). What
    was measured, and on what, is in docs/decisions/0005-default-fit-settings.md.
    """
    if converted_leads < FEW_CONVERSIONS:
        return Settings(0.05, 3, 40, 10.0, 0.3, 0.7, 20.0)
    return Settings(0.05, 15, 100, 5.0, 0.4, 0.8, 20.0)
