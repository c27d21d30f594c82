"""How LightGBM is told to learn: sensible settings by the size of the data."""

from dataclasses import asdict, dataclass

THREADS = 2
MOST_ROUNDS = 1000
PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Settings:
    """LightGBM's parameters, by its own names; everything else stays at its default."""

    learning_rate: float
    num_leaves: int
    min_data_in_leaf: int
    lambda_l2: float
    feature_fraction: float
    bagging_fraction: float
    cat_smooth: float

    def parameters(self, seed: int) -> dict[str, object]:
        """Return the parameters of `lightgbm.train`. Equal data, settings and seed give equal boosters.

        Imbalance is left alone: class weights and resampling spoil probabilities and gain no ranking.
        """
        return asdict(self) | {
            "objective": "binary",
            "metric": "binary_logloss",
            "bagging_freq": 1,
            "max_bin": 127,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": THREADS,
            "feature_pre_filter": False,
            "verbosity": -1,
        }


def by_size(converted_leads: int) -> Settings:
    """Return settings for that many distinct converted leads: small trees where there is little to learn from.

    Boosting needs several times the sample that a logistic regression needs (doi 10.1177/09622802251338983);
    the steps between sizes are measured in docs/decisions/0005-default-fit-settings.md.
    """
    if converted_leads < 400:
        return Settings(0.03, 5, 40, 10.0, 0.3, 0.7, 20.0)
    if converted_leads < 4000:
        return Settings(0.03, 10, 40, 5.0, 0.3, 0.7, 20.0)
    return Settings(0.05, 31, 100, 5.0, 0.5, 0.8, 10.0)
