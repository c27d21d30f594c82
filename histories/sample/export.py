"""Writes a simulated CRM export with its crm.toml, recipe.toml and rulebook.toml into a folder."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import numpy as np

from histories.errors import CallError
from histories.sample import tables
from histories.sample import vocabulary as v
from histories.sample.blemishes import Planted, blemish
from histories.sample.files import write_table, write_text
from histories.sample.hazards import RECORDED_ONLY, WITH_INTENT, Hazards
from histories.sample.life import simulate
from histories.sample.population import Population, populate
from histories.sample.tables import Simulated

ENDED = datetime(2026, 1, 1, tzinfo=UTC)
PARAMETERS = "sample.json"
MOST_LEADS, MOST_MONTHS = 5_000_000, 120


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a sample is made from; the same parameters give the same bytes."""

    leads: int
    months: int
    seed: int
    recorded_only: bool

    @property
    def hazards(self) -> Hazards:
        """The constants of its process."""
        return RECORDED_ONLY if self.recorded_only else WITH_INTENT

    @property
    def ended(self) -> float:
        """The export's moment, in operational days: a midnight."""
        return ENDED.timestamp() / 86400.0

    @property
    def started(self) -> float:
        """When the first lead may come, in operational days: the first of a month."""
        month = ENDED.year * 12 + ENDED.month - 1 - self.months
        return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp() / 86400.0

    def population(self) -> Population:
        """Draw the leads."""
        return populate(self.seed, self.leads, self.started, self.ended)


@dataclass(frozen=True)
class SampleSummary:
    """What was written. `stages`: leads that have reached each stage by the day of the export. `planted`: by file."""

    folder: Path
    leads: int
    accounts: int
    interactions: int
    stages: Mapping[str, int]
    planted: Mapping[str, Planted]


def write(
    folder: Path, leads: int = 20_000, months: int = 24, seed: int = 1, *, recorded_only: bool = False
) -> SampleSummary:
    """Write a sample export into `folder`, which is made where there is none.

    `recorded_only` takes the hidden intent out of the process. Raises CallError where a number is out of bounds or
    the folder holds something that is no sample.
    """
    parameters = check(Parameters(leads, months, seed, recorded_only))
    _prepare(folder)
    population = parameters.population()
    events = tables.in_order(simulate(population, seed, parameters.ended, parameters.hazards))
    simulated = Simulated(population, events, int(ENDED.timestamp()), seed)
    planted = _write_records(folder, simulated)
    planted |= _write_interactions(folder, simulated)
    _write_texts(folder, parameters)
    stages = {v.STAGES[one]: len(np.unique(events.lead[events.event == one])) for one in range(v.MQL, v.LOST + 1)}
    accounts, interactions = len(population.first) - 1, int((events.event <= v.MEETING).sum())
    return SampleSummary(folder, leads, accounts, interactions, stages, planted)


def check(parameters: Parameters) -> Parameters:
    """Return the parameters; raises CallError where one is out of bounds."""
    for name, value, least, most in (
        ("leads", parameters.leads, 1, MOST_LEADS),
        ("months", parameters.months, 1, MOST_MONTHS),
        ("seed", parameters.seed, 0, 2**31 - 1),
    ):
        if not least <= value <= most:
            raise CallError(f"{name} {value} is out of bounds; it must be at least {least} and at most {most}")
    return parameters


def _prepare(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise CallError(f"{folder}: is a file; name a folder for the sample")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / PARAMETERS).is_file():
        raise CallError(f"{folder}: holds files that are no sample; name a new or an empty folder")
    folder.mkdir(parents=True, exist_ok=True)


def _write_interactions(folder: Path, simulated: Simulated) -> dict[str, Planted]:
    planted = {}
    for number, (name, (make, time)) in enumerate(tables.MAKERS.items()):
        table, late = make(simulated)
        table, faults = blemish(table, time, simulated.seed * 100 + number)
        malformed = 2 if name in ("calls.csv", "form_submissions.jsonl") else 0
        planted[name] = replace(faults, late=late, malformed=malformed)
        write_table(folder / name, table, malformed)
    return planted


def _write_records(folder: Path, simulated: Simulated) -> dict[str, Planted]:
    contacts, _ = tables.contacts(simulated)
    write_table(folder / "contacts.csv", contacts)
    write_table(folder / "companies.csv", tables.companies(simulated))
    write_table(folder / "lifecycle_history.csv", tables.lifecycle_history(simulated)[0])
    write_table(folder / "qualification.csv", tables.qualification(simulated)[0])
    write_table(folder / "deals.csv", tables.deals(simulated)[0])
    return {}


def _write_texts(folder: Path, parameters: Parameters) -> None:
    for name in ("crm.toml", "recipe.toml", "rulebook.toml"):
        text = resources.files("histories.sample").joinpath("templates", name).read_text(encoding="utf-8")
        write_text(folder / name, text)
    write_text(folder / PARAMETERS, json.dumps(asdict(parameters), indent=2) + "\n")
