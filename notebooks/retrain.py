# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---


# %% [markdown]
# # Retrain: from closed deals to the gate
#
# What `lead-scoring train` does, step by step: which snapshots are learnt from, whether something in the export tells
# the answer, what is learnt from so many deals, how it does beside the rules on leads that neither has seen, and what
# the gate says. Nothing is registered here; the command does that.
#
# Everything is imported from the project. Put your own `crm.toml`, `recipe.toml` and `rulebook.toml` in place of the
# sample's.

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from histories import clock, export, sample
from scoring import rulebook
from training import canvas, figures, fit, html_measures, leakage, lineup, recipe
from training.findings import finding
from training.leak_finding import BLOCK, LOOK
from training.lineup import MODEL, RULES

folder = Path(tempfile.mkdtemp()) / "sample"
sample.write(folder, leads=4_000, months=24, seed=1)
NOW = clock.parse("2027-01-01")
RECIPE = """
[targets.sql]
horizon_days = 60
[targets.customer]
horizon_days = 90
[snapshots]
ages = ["0h", "60d"]
[split]
test_share = 0.3
[business]
calls_per_week = 60
deal_value = 12000
call_cost = 40
[report]
segments = ["source", "region"]
"""

# %%
histories = export.read(folder / "crm.toml", NOW).histories
settings, rules = recipe.parse(RECIPE, "recipe.toml"), rulebook.read(folder / "rulebook.toml")
prepared = fit.prepare(histories, settings)
f"{histories.leads.num_rows:,} leads, exported {clock.date(histories.exported_at)}; the test begins {clock.date(prepared.border)}"

# %% [markdown]
# ## Which snapshots are learnt from
# Snapshots by the month in which they were taken. What was not known yet when the test began is not learnt from, and
# what is not known yet today is not tested on: those columns are pale. A lead or account stands on one side only.

# %%
for target, question in prepared.questions.items():
    snapshots, split = question.snapshots, question.split
    month = (snapshots.cutoff - snapshots.cutoff.min()) // (30 * clock.DAY)
    every = np.bincount(month)
    figure, (axes,) = canvas.blank(f"Snapshots for {target.value}, month by month")
    axes.bar(range(len(every)), every, color=canvas.PALE, width=0.85, label="on no side")
    below = np.zeros(len(every))
    for name, rows, colour in (("training", split.train, "model"), ("test", split.test, "rules")):
        counted = np.bincount(month[rows], minlength=len(every))
        axes.bar(range(len(every)), counted, bottom=below, color=canvas.COLOURS[colour], width=0.85, label=name)
        below += counted
    axes.axvline((split.test_start - snapshots.cutoff.min()) / (30 * clock.DAY) - 0.5, color=canvas.INK, lw=1)
    axes.set(xlabel="months since the first snapshot", ylabel="snapshots")
    axes.legend(frameon=False, loc="upper left")
    display(figure)  # noqa: F821 -- a notebook's own

# %% [markdown]
# ## Does something tell the answer?
# The audit asks each field by itself, by its value and by whether it is filled in. Beyond the first line a field asks
# for a look, beyond the second one it stops the training.

# %%
audit = leakage.audit(histories, prepared.questions, prepared.catalogue, settings.seed)
worst = {
    one.field: one
    for one in sorted(audit.findings, key=lambda one: one.figure)
    if one.probe.value in {"value", "filled", "end"}
}
shown = sorted(worst.values(), key=lambda one: one.figure)[-15:]
figure, (axes,) = canvas.blank("The fields that say most by themselves")
axes.barh([one.field for one in shown], [one.figure - 0.5 for one in shown], left=0.5, color=canvas.COLOURS["model"])
for bound in (LOOK, BLOCK):
    axes.axvline(bound, color=canvas.COLOURS["rules"], lw=1.5)
axes.set(xlabel="AUC of the field alone", xlim=(0.5, 1))
axes.grid(visible=False, axis="y")
figure

# %%
audit.why

# %% [markdown]
# ## Learn, and measure on the newest leads
# How much is learnt follows from how many deals there are: with few, the rules' points, brought to probabilities; with
# more, trees that start from the points beside a ridge; with many, trees without the points.

# %%
fitted = fit.fit_prepared(histories, settings, rules, prepared, now=NOW, source="the sample")
lineups = lineup.in_order(result.lineup for result in fitted.results.values())
pd.DataFrame(
    [
        {
            "target": target.value,
            "converted in training": result.counts.train_conversions,
            "step": result.step.value,
            "why": result.why,
        }
        for target, result in fitted.results.items()
    ]
).set_index("target")

# %%
best = max(lineups, key=lambda one: len(one.differences))  # the target for which there is most to compare
measures = html_measures.measures(best)
print(best.title, finding(best))
pd.DataFrame(measures.rows, columns=list(measures.head)).set_index("Measure").drop(columns="What it says")

# %%
scored = {name: figures.Scored(one.score, one.probability) for name, one in best.contenders.items()}
figures.gains_and_lift(f"{best.title}: what the top holds", best.labels.astype(float), scored)

# %%
figures.reliability(f"{best.title}: predicted and observed", best.labels.astype(float), scored)

# %% [markdown]
# How sure is it? In each of 2,000 draws of the test's accounts, model and rules are measured anew: this is how far apart
# they were. Where a good part of the hill lies on either side of 0, the test cannot tell the two apart.

# %%
if MODEL in best.contenders:
    model, points = (best.contenders[name].samples for name in (MODEL, RULES))
    figure, axes = canvas.blank(f"{best.title}: model minus rules in 2,000 draws", columns=2)
    for panel, (measure, better) in zip(axes, (("log_loss", "lower"), ("auc", "higher")), strict=True):
        panel.hist(model[measure] - points[measure], bins=50, color=canvas.COLOURS["model"], alpha=0.8)
        panel.axvline(0, color=canvas.INK, lw=1.5)
        panel.set(xlabel=f"{measure.replace('_', ' ')}: {better} is better", ylabel="draws")
    display(figure)  # noqa: F821

# %% [markdown]
# ## The gate
# A model answers in the bundle only where it passes every check beside the rules; else the calibrated points do.

# %%
pd.DataFrame(
    [
        {
            "target": target.value,
            "check": check.name,
            "passed": check.passed,
            "figure": check.figure,
            "sentence": check.sentence,
        }
        for target, result in fitted.results.items()
        for check in result.answering.checks
    ]
).set_index(["target", "check"])

# %%
{target.value: (result.champion.value, result.reason) for target, result in fitted.results.items()}
