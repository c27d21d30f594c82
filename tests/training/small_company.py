"""A company small enough to train in seconds, with leads whose fate can be told from what they asked for."""

import csv
import random
from dataclasses import dataclass
from pathlib import Path

from histories import clock
from training.run import TrainingResult
from training.tracking import Tracker, open_tracker

DAY = clock.DAY
START = clock.parse("2024-01-01")
NOW = clock.parse("2025-06-01")
CRM = """
exported_at = 2025-05-01T00:00:00Z
[leads]
file = "leads.csv"
lead_id = "id"
created_at = "created"
[leads.attributes]
source = "category"
[[interactions]]
file = "touches.csv"
lead_id = "id"
occurred_at = "at"
kind = "{kind}"
[[outcomes]]
file = "outcomes.csv"
lead_id = "id"
stage = "{stage}"
reached_at = "at"
"""
RECIPE = """
seed = 1
[targets.sql]
horizon_days = 30
[targets.customer]
horizon_days = 30
[snapshots]
ages = ["1d", "7d"]
[business]
calls_per_week = 20
deal_value = 1000
call_cost = 10
[report]
segments = ["source"]
"""
# Points for what does not matter: the model must do better. GOOD_RULES give them for what does.
RULES = """
name = "habit"
[[engagement]]
rule = "Opened a mail"
kinds = ["open"]
points = 10
[stages]
mql = { points = 10 }
sql = { points = 30 }
"""


@dataclass(frozen=True)
class Company:
    """An export with its three files."""

    folder: Path

    @property
    def crm(self) -> Path:
        return self.folder / "crm.toml"

    @property
    def recipe(self) -> Path:
        return self.folder / "recipe.toml"

    @property
    def rulebook(self) -> Path:
        return self.folder / "rulebook.toml"

    def with_recipe(self, name: str, text: str) -> Path:
        """Write another recipe beside the first."""
        path = self.folder / name
        path.write_text(text)
        return path


def _write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def write_company(folder: Path, leads: int = 1500, seed: int = 7) -> Company:
    """Write leads who convert four weeks on where they asked for quotes early, and otherwise seldom."""
    draw = random.Random(seed)  # noqa: S311 -- a simulation
    people: list[list[str]] = []
    touches: list[list[str]] = []
    outcomes: list[list[str]] = []
    for number in range(leads):
        lead, created = f"lead-{number}", START + number * 480 * DAY // leads
        keen = draw.random() < 0.3
        people.append([lead, clock.iso(created), draw.choice(["fair", "web"])])
        for kind, count in (
            ("quote", draw.randint(2, 4) if keen else draw.randint(0, 1)),
            ("open", draw.randint(0, 4)),
        ):
            hours = [draw.randint(0, 20) for _ in range(count)]
            touches += [[lead, clock.iso(created + hour * clock.HOUR), kind] for hour in hours]
        if draw.random() < (0.6 if keen else 0.08):
            outcomes.append([lead, "sql", clock.iso(created + draw.randint(8, 12) * DAY)])
            if draw.random() < 0.7:
                outcomes.append([lead, "customer", clock.iso(created + draw.randint(13, 25) * DAY)])
    folder.mkdir(parents=True)
    _write(folder / "leads.csv", ["id", "created", "source"], people)
    _write(folder / "touches.csv", ["id", "at", "kind"], touches)
    _write(folder / "outcomes.csv", ["id", "stage", "at"], outcomes)
    for name, text in (("crm.toml", CRM), ("recipe.toml", RECIPE), ("rulebook.toml", RULES)):
        (folder / name).write_text(text)
    return Company(folder)


@dataclass(frozen=True)
class Trained:
    """A first training of the company, and the MLflow that holds it."""

    company: Company
    database: Path
    result: TrainingResult

    @property
    def tracker(self) -> Tracker:
        return open_tracker(f"sqlite:///{self.database}")
