"""What a run found, and what it should have."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.scale.agreement import Agreement
from benchmarks.scale.beside_featuretools import BesideFeaturetools
from benchmarks.scale.events import Lengths
from benchmarks.scale.kernel_alone import Snapshots
from benchmarks.scale.measure import Measured
from benchmarks.scale.one_lead import OneLead
from benchmarks.scale.sizes import Sizes

OURS, OURS_WRITTEN = "contender_ours.in_memory", "contender_ours.to_file"
SORTED = "contender_duckdb.read_and_sort"
POLARS_ONE, POLARS_TWO = "contender_polars.one_step_in_memory", "contender_polars.two_steps_in_memory"
DUCKDB_FILTER_ONE, DUCKDB_FILTER_TWO = "contender_duckdb.filter_one_step", "contender_duckdb.filter_two_steps"
DUCKDB_CASE = "contender_duckdb.case_two_steps"
POLARS_WRITTEN, DUCKDB_WRITTEN = "contender_polars.two_steps_to_file", "contender_duckdb.to_file"

NAMES = {
    OURS: "this project",
    SORTED: "DuckDB, reading and sorting alone",
    POLARS_TWO: "Polars, in two steps",
    POLARS_ONE: "Polars, in one step",
    DUCKDB_CASE: "DuckDB, CASE in two steps",
    DUCKDB_FILTER_TWO: "DuckDB, FILTER in two steps",
    DUCKDB_FILTER_ONE: "DuckDB, FILTER in one step",
    OURS_WRITTEN: "this project",
    POLARS_WRITTEN: "Polars, in two steps",
    DUCKDB_WRITTEN: "DuckDB, CASE in two steps",
}
IN_MEMORY = (OURS, SORTED, POLARS_TWO, POLARS_ONE, DUCKDB_CASE, DUCKDB_FILTER_TWO, DUCKDB_FILTER_ONE)
WRITTEN = (OURS_WRITTEN, POLARS_WRITTEN, DUCKDB_WRITTEN)


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that one run measured. None: that part was left out."""

    sizes: Sizes
    lengths: Lengths
    contenders: Mapping[str, Measured]
    agreements: Mapping[str, Agreement]
    featuretools: BesideFeaturetools | None
    command: Measured | None
    command_large: Measured | None
    snapshots: Snapshots
    one_lead: OneLead


@dataclass(frozen=True, slots=True)
class Verdict:
    """One claim, what was to be reached, what was, and whether that will do."""

    claim: str
    target: str
    measured: str
    met: bool


def verdicts(results: Results) -> list[Verdict]:
    """Hold what was measured against the targets; what was left out has no verdict."""
    found = _against_peers(results.contenders)
    if results.featuretools is not None:
        ratio = results.featuretools.ratio
        found.append(Verdict("rows a second, against featuretools", "≥ 500 ×", f"{ratio:,.0f} ×", ratio >= 500))
    if results.command is not None and results.command_large is not None:
        found += _of_the_command(results, results.command, results.command_large)
    ratio = results.snapshots.many / results.snapshots.one
    found.append(
        Verdict("eight snapshots a lead in place of one, kernel's time", "≤ 3 ×", f"{ratio:.2f} ×", ratio <= 3)
    )
    return found + _of_one_lead(results.one_lead)


def _against_peers(contenders: Mapping[str, Measured]) -> list[Verdict]:
    ours = contenders[OURS].seconds
    wanted = (
        ("speed, against Polars' streaming engine, one filtered aggregate a column", 5, POLARS_ONE),
        ("speed, against Polars' streaming engine, the fastest query we found", 5, POLARS_TWO),
        ("speed, against DuckDB's `filter` aggregates, one a column", 16, DUCKDB_FILTER_ONE),
        ("speed, against DuckDB's `filter` aggregates, in two steps", 16, DUCKDB_FILTER_TWO),
        ("speed, against DuckDB, the fastest query we found (`case` in place of `filter`)", 16, DUCKDB_CASE),
    )
    ratios = [(claim, least, contenders[task].seconds / ours) for claim, least, task in wanted if task in contenders]
    found = [Verdict(claim, f"≥ {least} ×", f"{ratio:.1f} ×", ratio >= least) for claim, least, ratio in ratios]
    if SORTED in contenders:
        ratio = ours / contenders[SORTED].seconds
        found.append(
            Verdict(
                "time, against DuckDB reading and sorting the same events", "≤ 2.2 ×", f"{ratio:.2f} ×", ratio <= 2.2
            )
        )
    return found


def _of_the_command(results: Results, command: Measured, large: Measured) -> list[Verdict]:
    sizes = results.sizes
    peak, ratio = large.peak / 2**30, large.seconds / command.seconds
    grown = sizes.large.interactions / sizes.events.interactions
    whole = f"{sizes.large.interactions:,} interactions"
    return [
        Verdict(f"peak memory for {whole}, `--memory {sizes.memory}`", "< 6 GiB", f"{peak:.2f} GiB", peak < 6),
        Verdict(
            f"time for {whole}, against {sizes.events.interactions:,}",
            f"≤ {1.2 * grown:g} ×",
            f"{ratio:.1f} ×",
            ratio <= 1.2 * grown,
        ),
    ]


def _of_one_lead(one: OneLead) -> list[Verdict]:
    micros = (
        ("one lead of 200 interactions, objects to row, median", 60, one.usual),
        ("of which the kernel", 25, one.usual_kernel),
        ("one lead of 20 interactions, objects to row, median", 25, one.short),
    )
    found = [Verdict(claim, f"< {most} µs", f"{took * 1e6:.1f} µs", took * 1e6 < most) for claim, most, took in micros]
    hot = one.hot_kernel * 1e3
    found.append(
        Verdict("one lead of a million interactions, kernel on its arrays", "< 100 ms", f"{hot:.0f} ms", hot < 100)
    )
    return found
