"""Writes a simulated CRM export with its crm.toml, recipe.toml and rulebook.toml into a folder."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np

from histories.errors import CallError
from histories.sample import tables
from histories.sample import vocabulary as v
from histories.sample.blemishes import Planted, blemish
from histories.sample.files import write_table, write_text
from histories.sample.life import simulate
from histories.sample.parameters import ENDED, PARAMETERS, Parameters, checked, to_json
from histories.sample.tables import Simulated

TEXTS = ("crm.toml", "recipe.toml", "rulebook.toml")


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
    parameters = checked(Parameters(leads, months, seed, recorded_only))
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


def _prepare(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise CallError(f"{folder}: is a file; name a folder for the sample")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / PARAMETERS).is_file():
        raise CallError(f"{folder}: holds files that are no sample; name a new or an empty folder")
    for name in TEXTS:
        if (folder / name).exists() and (folder / name).read_bytes() != _template(name).encode():
            raise CallError(
                f"{folder / name}: has been edited and would be overwritten; name another folder, or move it"
            )
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
    for name in TEXTS:
        write_text(folder / name, _template(name))
    write_text(folder / PARAMETERS, to_json(parameters))


def _template(name: str) -> str:
    return resources.files("histories.sample").joinpath("templates", name).read_text(encoding="utf-8")
