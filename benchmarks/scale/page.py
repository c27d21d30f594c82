"""The page: what was measured beside what was to be reached, on what, and how each was made."""

from collections.abc import Iterable, Sequence

from benchmarks.scale import asked, workload
from benchmarks.scale.agreement import RELATIVE, Agreement
from benchmarks.scale.events import ACCOUNT_SHARE
from benchmarks.scale.kernel_alone import MANY, ROWS_A_CALL
from benchmarks.scale.measure import LONG, Measured
from benchmarks.scale.results import IN_MEMORY, NAMES, OURS, OURS_WRITTEN, WRITTEN, Results, verdicts
from histories import clock


def page(results: Results, chart: str, began: int, machine: str, versions: str) -> str:
    """Return the page as Markdown. `began`: when the command was started (UTC microseconds)."""
    parts = [
        _head(results, began, machine, versions),
        _targets(results),
        f"![Seconds and peak memory of each, for the same features]({chart})",
        _contenders(results),
        _command(results),
        _kernel(results),
        _how(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(results: Results, began: int, machine: str, versions: str) -> str:
    size = results.sizes
    return f"""# Benchmarks

`make bench` measured all of this in one run and wrote this page. Ratios carry over to other machines better than seconds do.

- Date: {clock.date(began)}
- Machine: {machine}
- Versions: {versions}
- Size: `{size.name}`, {size.events.interactions:,} interactions of {size.events.leads:,} leads"""


def _targets(results: Results) -> str:
    rows = [(one.claim, one.target, one.measured, "met" if one.met else "**not met**") for one in verdicts(results)]
    return f"## Targets\n\n{_table(('what', 'asked', 'measured', ''), rows)}"


def _contenders(results: Results) -> str:
    catalogue = workload.catalogue()
    agreed = _agreed(list(results.agreements.values()))
    return f"""## From Parquet to features

This project writes all {len(catalogue.features)} columns of its catalogue; the peers compute the {len(asked.columns(catalogue))} counts, sums, decays and ages among them. Nobody computes what an account's other leads did: no lead is given its account here, and our {len(catalogue.blocks["account"])} columns of it are left missing. In memory:

{_times(results, IN_MEMORY, OURS)}

With the result written to Parquet (snappy), ours with all its columns:

{_times(results, WRITTEN, OURS_WRITTEN)}

{agreed}"""


def _agreed(found: Sequence[Agreement]) -> str:
    if not found:
        return "Peers were left out of this run."
    furthest = max(one.furthest for one in found)
    return (
        f"Each of the {len(found)} queries gave our numbers, on all {found[0].rows:,} rows and {found[0].columns} "
        f"columns: counts exactly, sums, decays and ages within {RELATIVE:g} (furthest: {furthest:.0e})."
    )


def _times(results: Results, tasks: Sequence[str], ours: str) -> str:
    reference = results.contenders[ours].seconds
    found = [(NAMES[task], results.contenders[task]) for task in tasks if task in results.contenders]
    rows = [(name, *_measured(one), f"{one.seconds / reference:.2f} ×", str(one.runs)) for name, one in found]
    return _table(("", "seconds", "peak memory", "of our time", "runs"), rows)


def _measured(one: Measured) -> tuple[str, str]:
    return f"{one.seconds:,.2f}", f"{one.peak / 2**30:.2f} GiB"


def _command(results: Results) -> str:
    if results.command is None or results.command_large is None:
        return ""
    sizes = ((results.sizes.events, results.command), (results.sizes.large, results.command_large))
    rows = [
        (f"{size.interactions:,}", f"{size.leads * size.snapshots_per_lead:,}", *_measured(one)) for size, one in sizes
    ]
    return f"""## Out of core

`lead-scoring features crm.toml --snapshots S.parquet -o F.parquet --memory {results.sizes.memory}`: reads and checks the export, removes duplicates, shards it, computes and writes all features.

{_table(("interactions", "snapshots", "seconds", "peak memory"), rows)}"""


def _kernel(results: Results) -> str:
    one, many = results.one_lead, results.snapshots
    rows = [
        ("20", f"{one.short * 1e6:,.1f} µs", f"{one.short_kernel * 1e6:,.1f} µs"),
        ("200", f"{one.usual * 1e6:,.1f} µs", f"{one.usual_kernel * 1e6:,.1f} µs"),
        ("1,000,000", f"{one.hot * 1e6:,.0f} µs", f"{one.hot_kernel * 1e6:,.0f} µs"),
    ]
    return f"""## The kernel alone, and one lead

The kernel on one thread: {many.interactions_a_second:,.0f} interactions a second with one snapshot a lead ({many.rows_a_second:,.0f} rows a second, {many.one:.2f} s), {many.many:.2f} s with {MANY} snapshots a lead.

One lead, medians:

{_table(("interactions", "Python objects to the row", "of which the kernel"), rows)}"""


def _how(results: Results) -> str:
    lengths, sizes = results.lengths, results.sizes
    beside = results.featuretools
    featuretools = (
        ""
        if beside is None
        else f"""
- **featuretools** ({beside.versions}, an environment of its own): {beside.rows} snapshots of {sizes.for_featuretools.interactions:,} interactions made in the same way took it {beside.seconds:.1f} s, and {beside.ours * 1e3:.1f} ms here. Cutoff times, `training_window` for each window, the features declared one by one with `where`; {beside.columns} columns: counts, sums and ages. It has no decayed counts, so it was asked for none. Counts agreed exactly."""
    )
    return f"""## How it was made

- **Events** are generated with a fixed seed (`benchmarks/scale/events.py`): {len(workload.KINDS)} kinds from {workload.KINDS[0].share:.0%} down to {workload.KINDS[-1].share:.0%} of all interactions, {len(workload.FAMILIES)} families, direction, channel, values on two kinds, microsecond times over a year, text ids, written in the order of time with the contract's schema. Interactions of a lead: median {lengths.median}, 90 % at most {lengths.p90}, 99 % at most {lengths.p99}, longest {lengths.longest:,}; {lengths.none:.0%} of the leads have none. {ACCOUNT_SHARE:.0%} of the leads belong to an account, which the command below computes with, and nobody else on this page. Each has one snapshot, at random between its creation and the end of the year.
- **Each in a process of its own**, the fastest of {sizes.repeats} run(s); what takes longer than {LONG:.0f} s ran once (the tables say how often each ran). The files were in the page cache. The time is that of the task: without starting Python, imports, and (here) loading the compiled code. Memory is the most that was resident.
- **This project**: `Histories` whose interactions lie in Parquet (`histories.stored.Stored`, as the command reads its shards), `features.table.compute`, on all cores. It reads lead, times, kind, channel, direction and value; ids of interactions, which decide the order of equal times, only where two interactions of a lead have one time.
- **Polars**: lazy scan of the five columns needed, kinds and directions as enums, join with the snapshots, the age, windows and decays computed once, `collect(engine="streaming")`. In one step, each column is an aggregate over interactions; in two, interactions are added up by snapshot, kind and direction first.
- **DuckDB**: the same queries in SQL, kinds as enum, no `count(distinct)`. `case when` in place of `filter` is asked as well, because DuckDB is much slower with hundreds of filters. Reading and sorting alone: all columns into a temporary table, ordered by lead and time.
- Peers give rows only for snapshots before which something happened, and none of the features that need order (sessions, gaps, answers, latest kinds), distinct counts or accounts.{featuretools}
- **Out of core**: the command runs on few interactions first, so that the compiled code lies on the disk; the time is that of the whole process. Memory is that of the command and all that it starts, resident, looked at 20 times a second.
- **The kernel alone** runs on encoded arrays and fills the same buffer of {ROWS_A_CALL:,} rows again and again, so that allocating memory is not what is measured; cutoffs lie at random between creation and the end of the year.
- **One lead** has no attributes and no account; what the catalogue alone decides is made beforehand, as the service does (`features.one.Rows`); the kernel's figure is a call from Python on arrays that are ready."""


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
