"""What a random split of rows would have claimed: a model that knows its leads again looks like one that foresees."""

from collections.abc import Iterator

import lightgbm
import numpy as np
import pytest

from features import catalogue as catalogues
from features import table as feature_table
from histories.assemble import assemble
from histories.clock import DAY, HOUR
from histories.contract import Histories, Interaction, LeadHistory, Outcome, Stage, Target
from training.evaluate import Ranking
from training.recipe import Age
from training.snapshots import Snapshots, draw
from training.split import split

WEEKS = tuple(Age(f"{week}w", week * 7 * DAY) for week in range(1, 21))
HORIZON = 60
# Far too large for so few leads, as it was where this was first measured.
LARGE = {"objective": "binary", "num_leaves": 63, "min_data_in_leaf": 5, "learning_rate": 0.1, "verbosity": -1}
ROUNDS = 120


def company(seed: int, leads: int = 500) -> Iterator[LeadHistory]:
    """A demo request makes a win four times as likely on any day; what else a lead does, and when, says nothing."""
    random = np.random.default_rng(seed)
    for number in range(leads):
        created = int(random.integers(400 * 24)) * HOUR
        demo = random.random() < 0.4
        visits = created + random.integers(0, 140 * DAY, size=12)
        interactions = [Interaction(f"v{n}", int(at), "visit") for n, at in enumerate(visits)]
        if demo:
            interactions.append(Interaction("demo", created + HOUR, "demo_request"))
        won = created + 7 * DAY + int(random.exponential(100 if demo else 400) * DAY)
        yield LeadHistory(
            f"{seed}-{number:05d}", created, None, (), tuple(interactions), (Outcome(Stage.CUSTOMER, won),)
        )


class Weekly:
    """Weekly snapshots of a company's leads, and their features by the catalogue of another's."""

    def __init__(self, seed: int, catalogue: catalogues.Catalogue | None = None) -> None:
        self.histories: Histories = assemble(company(seed), exported_at=700 * DAY)
        self.snapshots: Snapshots = draw(self.histories, Target.CUSTOMER, HORIZON, WEEKS)
        ids = self.histories.leads["lead_id"].to_pylist()
        self.catalogue = catalogue or catalogues.build(self.histories, ids, until=700 * DAY, own=())
        self.matrix = feature_table.compute(self.histories, self.snapshots.table, self.catalogue).matrix
        self.labels = self.snapshots.label

    def fit(self, rows: np.ndarray) -> lightgbm.Booster:
        data = lightgbm.Dataset(self.matrix[rows], label=self.labels[rows])
        return lightgbm.train(LARGE | {"seed": 1, "deterministic": True, "num_threads": 1}, data, ROUNDS)

    def auc(self, model: lightgbm.Booster, rows: np.ndarray) -> float:
        margins = np.asarray(model.predict(self.matrix[rows], raw_score=True, num_threads=1))
        return float(Ranking(self.labels[rows], margins, margins).measures(np.ones((1, len(rows))))["auc"][0])


@pytest.fixture(scope="module")
def aucs() -> dict[str, float]:
    """AUC by way of splitting, and on leads of another company with the same process."""
    random = np.random.default_rng(0)
    here = Weekly(1)
    elsewhere = Weekly(2, here.catalogue)
    assert here.snapshots.mature.all()
    by_row, by_lead = random.random(len(here.labels)) < 0.25, (random.random(500) < 0.25)[here.snapshots.lead]
    parts = split(here.snapshots, 330 * DAY, kept=0.5)
    of_leads = here.fit(np.flatnonzero(~by_lead))
    return {
        "rows": here.auc(here.fit(np.flatnonzero(~by_row)), np.flatnonzero(by_row)),
        "leads": here.auc(of_leads, np.flatnonzero(by_lead)),
        "time and leads": here.auc(here.fit(parts.mature), parts.test),
        "new": elsewhere.auc(of_leads, np.arange(len(elsewhere.labels))),
    }


def test_a_random_split_of_rows_claims_what_no_new_lead_keeps(aucs: dict[str, float]) -> None:
    assert aucs["rows"] > aucs["new"] + 0.2


def test_what_the_split_by_time_and_lead_claims_holds_for_new_leads(aucs: dict[str, float]) -> None:
    assert aucs["leads"] == pytest.approx(aucs["new"], abs=0.07)
    assert aucs["time and leads"] == pytest.approx(aucs["new"], abs=0.07)
