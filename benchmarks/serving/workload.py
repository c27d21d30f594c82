"""The seeded workload: a bundle of a sample export, its rulebook, and leads of 50 interactions each."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from histories import clock, export, sample, select
from histories.contract import Histories, LeadHistory
from scoring import bundle as bundles
from scoring import rulebook
from serving.wire.mapping import request_of
from training import recipe
from training.fit import fit_bundle

INTERACTIONS = 50
LEADS = 200
NOW = clock.parse("2026-01-02")


@dataclass(frozen=True, slots=True)
class Workload:
    """Folders of texts, and bodies as bytes: `one` by how many reasons it asks for, `many` and `rows` of LEADS leads.

    `rows` holds what `many` does for a table of one text a lead, and `row` what `one[0]` does.
    """

    bundle: Path
    rulebook: Path
    one: dict[int, bytes]
    many: bytes
    row: bytes
    rows: bytes


def write(folder: Path, leads: int, seed: int) -> Workload:
    """Simulate an export of so many leads, train on it, and write what the services need into `folder`."""
    sample.write(folder / "export", leads=leads, months=24, seed=seed)
    histories = export.read(folder / "export" / "crm.toml", NOW).histories
    rules = rulebook.read(folder / "export" / "rulebook.toml")
    fitted = fit_bundle(histories, recipe.read(folder / "export" / "recipe.toml"), rules, now=NOW, source="benchmark")
    bundles.write(fitted.bundle, folder / "bundle")
    return of(folder / "bundle", folder / "export" / "rulebook.toml", histories)


def of(bundle: Path, rules: Path, histories: Histories) -> Workload:
    """Return the workload of a bundle that is there, with leads of these histories."""
    as_of, leads = histories.exported_at, _leads(histories)
    one = {reasons: _body(request_of(leads[0], as_of, reasons)) for reasons in (0, 3)}
    texts = [request_of(lead, as_of, 0) for lead in leads]
    many = [{key: value for key, value in text.items() if key not in ("as_of", "reasons")} for text in texts]
    return Workload(
        bundle,
        rules,
        one,
        _body({"as_of": clock.iso(as_of), "reasons": 0, "leads": many}),
        _table(texts[:1]),
        _table(texts),
    )


def _leads(histories: Histories) -> list[LeadHistory]:
    """Leads that have at least so many interactions, with the newest of them; again and again where they are few."""
    found = []
    for lead in select.each(histories):
        if len(lead.interactions) >= INTERACTIONS:
            newest = sorted(lead.interactions, key=lambda one: one.occurred_at)[-INTERACTIONS:]
            found.append(replace(lead, interactions=tuple(newest), account_interactions=None))
        if len(found) == LEADS:
            break
    return [replace(found[place % len(found)], lead_id=f"L{place:03}") for place in range(LEADS)]


def _body(content: object) -> bytes:
    return json.dumps(content).encode()


def _table(texts: list[dict[str, object]]) -> bytes:
    """A table of one column, as MLflow's scoring server takes it: `dataframe_split`."""
    return _body({"dataframe_split": {"columns": ["lead"], "data": [[json.dumps(text)] for text in texts]}})
