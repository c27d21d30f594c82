"""The page: what was measured beside what was to be reached, on what, and how each was made."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from benchmarks.results.censored import MATURE, OPEN_IS_NO, ROUNDS, WEIGHTED, ThreeWays
from benchmarks.results.coverage import LEARNT_FROM, Coverage
from benchmarks.results.kept import Kept
from benchmarks.results.known_truth import BesideTruth
from benchmarks.results.plan import REAL, SAMPLES, Results
from benchmarks.results.side_by_side import PLAIN, Asked, Line, SideBySide
from benchmarks.results.verdicts import COMMAND, verdicts
from histories import clock
from training.lineup import MODEL, RULES

_NONE = "–"
_WAYS = {WEIGHTED: "known answers, weighted", MATURE: "mature alone", OPEN_IS_NO: "open is no"}


def page(results: Results, began: int, machine: str, versions: str) -> str:
    """Return the page as Markdown. `began`: when it was asked for (UTC microseconds)."""
    parts = [
        _head(began, machine, versions),
        _targets(results),
        _compared(results),
        _truths([one.found for one in results.truths]),
        _censored([one.found for one in results.censored]),
        _coverage([one.found for one in results.coverage]),
        _how(),
        _parts(results.parts),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(began: int, machine: str, versions: str) -> str:
    return f"""# Results

What training reaches, measured by `make results`, which wrote this page. All of it at full size takes hours; each part is kept in `benchmarks/measured`, so that a run that was broken off goes on, and a part whose file is removed is measured again (`{COMMAND} --help`). What was measured with less than was asked for says so.

- Written: {clock.date(began)}; the parts at the end of the page tell when each was measured, and of which commit
- Machine that wrote it: {machine}
- Versions: {versions}"""


def _targets(results: Results) -> str:
    rows = [(one.claim, one.asked, one.measured or _NONE, one.said) for one in verdicts(results)]
    return f"## Targets\n\n{_table(('what', 'asked', 'measured', ''), rows)}"


def _compared(results: Results) -> str:
    found = sorted((one.found for one in results.compared), key=_place)
    measured = {one.export for one in found}
    missing = [f"`{COMMAND} --part {name}`" for name in REAL if name not in measured]
    sizes = [leads for leads in SAMPLES if f"sample, {leads:,} leads" not in measured]
    missing += [f"`{COMMAND} --part sample --leads {leads}`" for leads in sizes]
    unmeasured = f"\n\nNot measured yet: {', '.join(missing)}." if missing else ""
    sections = [_section(one) for one in found]
    return "\n\n".join(
        [
            "## Model, rules and a plain reference\n\n"
            "On the same mature test snapshots, which nothing was chosen by. AUC and differences with 95% intervals from a "
            "paired bootstrap over accounts (leads, where there are none). The rules are a hand-written rulebook; their "
            "log loss is that of the points brought to probabilities. P/O is predicted over observed." + unmeasured,
            *sections,
        ]
    )


def _place(one: SideBySide) -> tuple[int, int]:
    return (REAL.index(one.export), 0) if one.export in REAL else (len(REAL), one.leads)


def _section(one: SideBySide) -> str:
    title = {"bpic2012": "BPIC 2012", "olist": "Olist"}.get(one.export, one.export[:1].upper() + one.export[1:])
    title += "" if "leads" in title else f", {one.leads:,} leads"
    return f"### {title}\n\n" + "\n\n".join(_asked(target) for target in one.targets)


def _asked(one: Asked) -> str:
    what = f"**{one.target} within {one.horizon_days} days**"
    if one.refused:
        return f"{what}: nothing could be trained. {one.refused[:1].upper()}{one.refused[1:]}."
    step = {
        "points": "the points alone",
        "blend": "trees from the points beside a ridge",
        "model": "trees without the points",
    }
    who = {"model": "the model", "points": "the calibrated points"}[one.answers]
    about = (
        f"{what}, test from {one.test_from}; learnt from {one.train_snapshots:,} snapshots with "
        f"{one.train_converted:,} converted leads: {step[one.step]}. In the bundle, {who} answer"
        f"{'s' if one.answers == 'model' else ''}."
    )
    names = ("model", "rules", "plain", "model − rules", "model − plain")
    ranks = _table(
        ("AUC, age", "snapshots", "converted leads", *names),
        [
            (line.age, f"{line.snapshots:,}", f"{line.converted_leads:,}", *_figures(line, "auc", ".3f"))
            for line in one.lines
        ],
    )
    losses = _table(
        ("log loss, age", *names, "P/O model"),
        [
            (line.age, *_figures(line, "log_loss", ".4f"), _span(line.figures, MODEL, "predicted_over_observed", ".2f"))
            for line in one.lines
        ],
    )
    return f"{about}\n\n{ranks}\n\n{losses}"


def _figures(one: Line, measure: str, form: str) -> list[str]:
    """Return a measure of model, rules and the plain reference, and the model's differences to the others."""
    scores = [_span(one.figures, name, measure, form) for name in (MODEL, RULES, PLAIN)]
    return scores + [_span(one.differences, name, measure, f"+{form}") for name in (RULES, PLAIN)]


def _span(found: Mapping[str, Mapping[str, Sequence[float]]], name: str, measure: str, form: str) -> str:
    if name not in found or not np.isfinite(found[name][measure][0]):
        return _NONE
    value, low, high = found[name][measure]
    return f"{value:{form}} ({low:{form}} to {high:{form}})"


def _truths(found: Sequence[BesideTruth]) -> str:
    if not found:
        return ""
    header = (
        "leads", "seed", "step", "converted leads in training", "test rows", "paths", "AUC truth", "model", "rules",
        "log loss truth", "model", "rules", "predicted / true", "AUC by what came: truth", "model",
        "log loss by what came: truth", "model",
    )  # fmt: skip
    return f"""## Beside the truth

The sample with recorded hazards alone (`lead-scoring sample DIR --recorded-only`, [sample.md](sample.md)): its true probabilities are the best that any model could say. Customer within 90 days, on test snapshots drawn at random. The first figures are what the truth expects of each score, without the luck of what came; the last are by what came.

{_table(header, [_truth(one) for one in found])}"""


def _truth(one: BesideTruth) -> tuple[str, ...]:
    aucs = (one.auc_truth, one.auc, one.auc_rules)
    losses = (one.log_loss_truth, one.log_loss, one.log_loss_rules)
    return (
        f"{one.leads:,}",
        str(one.seed),
        one.step,
        str(one.train_converted),
        f"{one.rows:,} of {one.snapshots:,}, {one.converted} converted",
        str(one.draws),
        *(f"{value:.4f}" for value in aucs),
        *(f"{value:.5f}" for value in losses),
        f"{one.predicted_over_true:.3f}",
        f"{one.came_auc_truth:.4f}",
        f"{one.came_auc:.4f}",
        f"{one.came_log_loss_truth:.5f}",
        f"{one.came_log_loss:.5f}",
    )


def _censored(found: Sequence[ThreeWays]) -> str:
    if not found:
        return ""
    header = ("leads", "seed", "way", "snapshots", "converted leads", "log loss", "AUC", "predicted / true")
    rows = [
        (f"{one.leads:,}", str(one.seed), _WAYS[name], f"{way.snapshots:,}", str(way.converted_leads),
         f"{way.log_loss:.5f}", f"{way.auc:.4f}", f"{way.predicted_over_true:.3f}")
        for one in found for name, way in one.ways.items()
    ]  # fmt: skip
    perfect = ", ".join(f"{one.log_loss_truth:.5f} (seed {one.seed})" for one in found)
    rows_asked = " or ".join(sorted({f"{one.rows:,}" for one in found}))
    draws = " or ".join(sorted({str(one.draws) for one in found}))
    return f"""## When half of the horizons still run

The same kind of sample, learnt from at the middle of its time: half of the snapshots before the border have a horizon that ends after it. Three ways to learn from them, with the same trees, settings and {ROUNDS} rounds, no calibrator; figures are what the truth expects on {rows_asked} snapshots of later leads of other accounts, {draws} paths each. The truth's own log loss: {perfect}.

{_table(header, rows)}"""


def _coverage(found: Sequence[Coverage]) -> str:
    sections = []
    for one in found:
        header = ("difference, model minus rules", "true", "interval holds it", "lies above it", "lies below it")
        rows = [
            (name.replace("_", " "), f"{held.true:+.4f}", f"{held.held} of {one.repetitions}", str(held.above), str(held.below))
            for name, held in one.measures.items()
        ]  # fmt: skip
        sections.append(
            f"""## How often an interval holds the truth

Model and rules of one sample ({LEARNT_FROM:,} leads), held fixed. Their true differences are those on {one.fresh:,} fresh leads; {one.repetitions} tests of about {one.leads:,} other fresh leads each ({one.snapshots:,.0f} snapshots, {one.conversions:,.0f} conversions in the mean), {one.draws:,} draws a test.

{_table(header, rows)}"""
        )
    return "\n\n".join(sections)


def _how() -> str:
    return """## How it was made

- **Model**: what `lead-scoring train` learns with the recipe of the example or sample, all steps of it. **Rules**: the example's `rulebook.toml`, written by hand without a look at how leads ended.
- **Plain reference** (`benchmarks/results/plain.py`): counts and recencies by kind, the fields that came with the lead, hour and weekday of its creation, its age; one LightGBM (200 rounds, learning rate .03, 15 leaves, 20 rows a leaf) on the training snapshots whose horizon had ended. On BPIC 2012 one for each age, as in the reference that is published there ([record 0005](decisions/0005-default-fit-settings.md)): its AUCs of customer by age are .675, .670, .678 and .716.
- **Truth**: each row's account is simulated again up to its cutoff and then onward, once for each of the table's paths; a truth known with that much noise is surer of itself than it should be, which is added to its log loss (`benchmarks/results/expected.py`). In AUC the noise favours the truth a little.
- **Half immature**: of the snapshots before the border the newest, so many that half of them are immature. Weighted: the answers known at the border by the inverse probability of having been followed for as long ([record 0016](decisions/0016-answers-ages-and-borders.md)). Mature alone: those whose horizon had ended. Open is no: all of them, where no answer is known a no.
- **Coverage**: fresh leads are other samples; each test has its own accounts. The repetitions share two fixed scores, and the true difference is known but for what that many fresh leads leave open."""


def _parts(found: Sequence[Kept[object]]) -> str:
    rows = [
        (f"`{one.name}`", clock.iso(one.began)[:16] + "Z", f"`{one.commit}`", f"{one.seconds:,.0f}") for one in found
    ]
    note = (
        "The commit is the one that was checked out when the part was begun; a + says that files were changed since. Seconds "
        "are by the clock, whatever else the machine did."
    )
    return f"## Parts\n\n{note}\n\n{_table(('part', 'begun', 'commit', 'seconds'), rows)}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
