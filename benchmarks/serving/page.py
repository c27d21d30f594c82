"""The page: what was measured beside what was to be reached, and how."""

from collections.abc import Iterable, Sequence

from benchmarks.serving import crowd, workload
from benchmarks.serving.results import (
    CONSTANT,
    MANY,
    MLFLOW,
    MLFLOW_MANY,
    NO_REASONS,
    THREE_REASONS,
    Results,
    verdicts,
)
from histories import clock

_NAMES = {
    CONSTANT: "BentoML endpoint that answers a constant, one lead",
    NO_REASONS: "this service, one lead, no reasons",
    THREE_REASONS: "this service, one lead, three reasons",
    MANY: f"this service, {workload.LEADS} leads, no reasons",
    MLFLOW: "`mlflow models serve`, one lead, no reasons",
    MLFLOW_MANY: f"`mlflow models serve`, {workload.LEADS} leads, no reasons",
}


def page(results: Results, began: int, machine: str, versions: str) -> str:
    """Return the page as Markdown. `began`: when the command was started (UTC microseconds)."""
    targets = [(one.claim, one.target, one.measured, "met" if one.met else "**not met**") for one in verdicts(results)]
    calls = [
        (name, f"{one.median * 1e3:.2f}", f"{one.p95 * 1e3:.2f}", f"{one.leads_a_second:,.0f}", f"{one.calls:,}")
        for key, name in _NAMES.items()
        for one in [results.calls[key]]
    ]
    boards = [
        (
            f"{one.leads:,}",
            f"{one.features:.1f}",
            f"{one.bare - one.features:.1f}",
            f"{one.bare:.1f}",
            f"{one.scored:.1f}",
        )
        for one in results.boards
    ]
    return f"""# Benchmarks of the service and of whole boards

`make bench` measured all of this in one run, on one machine, with one client, and wrote this page. Ratios carry over to other machines better than milliseconds do.

- Date: {clock.date(began)}
- Machine: {machine}
- Versions: {versions}

## Targets

{_table(("what", "asked", "measured", ""), targets)}

## Calls

{_table(("", "median, ms", "95 %, ms", "leads a second", "calls"), calls)}

## Boards

{_table(("leads", "features, s", f"{results.boards[0].boosters} × `Booster.predict`, s", "both, s", "scores in a file, s"), boards)}

## How it was made

- **The bundle** is what training makes of a sample export (seeded); each lead sent has its newest {workload.INTERACTIONS} interactions, its attributes and its stages.
- **The client** is one process, with one open connection to a service at a time. It sends the calls in turn, round after round, one at a time, reads each answer whole, and takes the time around that: whatever else the machine does falls on all alike. The client shares the cores with the services.
- **The constant**: a service with one `@bentoml.api`, which takes our wire model `PredictOneRequest` and returns 0.5. It is started by `bentoml serve` as it comes.
- **This service** is started as `lead-scoring serve` starts it, with one worker; each answer leaves its line in the log.
- **MLflow**: the same bundle as a model from code, which reads the same JSON with the same wire model and asks the same `Scorer`; a call of {workload.LEADS} leads is one call of it. Started by `mlflow models serve --env-manager local`, in the same environment, with one worker as it comes; a table (`dataframe_split`) holds one JSON text a lead.
- **Boards** are made directly as tables: {crowd.EACH} interactions a lead, the catalogue's kinds from common to rare. Features and predictions alone are `features.table.computed` and, for each booster of the bundle that an answer asks, `Booster.predict` on the rows that it is asked of, on all cores. Scores in a file are `Scorer.boards` and the Parquet file, from the same tables, on all cores: both probabilities, points, stages, grades, follow-ups, warnings, no reasons.
"""


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
