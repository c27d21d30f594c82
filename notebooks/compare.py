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
# # Compare: from MLflow's runs to the question "should we switch?"
#
# A training writes its contenders into MLflow under equal metric names, measured on the same snapshots. This notebook
# reads them back as any analyst would and asks in turn: is the new score better, by how much and how surely, at our
# capacity, for whom, and on which leads do the two disagree? Nothing here needs the model itself.
#
# Everything is imported from the project. To read your own runs, leave the training out and set `RUN` to the id of a
# parent run (`train` or `compare`) in your MLflow.

# %%
# %matplotlib inline
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from histories import clock, sample
from training import canvas, figures, tracking
from training.disagreement import ranks
from training.run import train

folder = Path(tempfile.mkdtemp())
sample.write(folder / "sample", leads=3_800, months=24, seed=1)
recipe = folder / "recipe.toml"
recipe.write_text("""
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
[report]
segments = ["source", "region"]
""")
os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
result = train(folder / "sample" / "crm.toml", recipe, folder / "sample" / "rulebook.toml", clock.parse("2027-01-01"))
RUN = result.run_id

# %% [markdown]
# ## What the gate said

# %%
import mlflow  # after the project, which tells it not to report over the network

mlflow.set_experiment(tracking.EXPERIMENT)
client = mlflow.MlflowClient()
verdict = json.loads(mlflow.artifacts.load_text(f"runs:/{RUN}/verdict.json"))
print(verdict["sentence"])
pd.DataFrame(verdict["checks"]).set_index("name")[["passed", "figure", "threshold", "sentence"]]

# %% [markdown]
# ## The contenders, side by side

# %%
parent = client.get_run(RUN)
children = client.search_runs([parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{RUN}'")
metrics = pd.DataFrame({child.info.run_name: child.data.metrics for child in children})
metrics.index = pd.MultiIndex.from_tuples(
    [tuple(name.split("/")) for name in metrics.index], names=["target", "measure"]
)
metrics.loc[
    (slice(None), ["auc", "log_loss", "predicted_over_observed", "precision_at_capacity", "converted_leads"]), :
].round(4)

# %% [markdown]
# ## By how much, and how surely
# Each difference in units of its own interval's half, so that all fit one picture: a bar that crosses 0 is no difference
# to act on. Where less is better the sign is turned: to the right the new score is better.

# %%
differences = parent.data.metrics
lower = {"log_loss", "brier", "miscalibration"}
asked = [
    "auc",
    "average_precision",
    "log_loss",
    "brier",
    "discrimination",
    "precision_top_tenth",
    "precision_at_capacity",
]
rows = [
    (f"{target}: {measure.replace('_', ' ')}", -1 if measure in lower else 1, f"{target}/{measure}_difference")
    for target in ("customer", "sql")
    for measure in asked
    if f"{target}/{measure}_difference_low" in differences
]
figure, (axes,) = canvas.blank("New score minus rules")
for place, (_, sign, name) in enumerate(reversed(rows)):
    value, low, high = (sign * differences[name + end] for end in ("", "_low", "_high"))
    half = max(abs(high - low) / 2, 1e-12)
    clear = min(low, high) > 0 or max(low, high) < 0
    colour = canvas.COLOURS["model"] if clear else canvas.GREY
    axes.plot([low / half, high / half], [place, place], color=colour, lw=2)
    axes.plot([value / half], [place], "o", color=colour, ms=7)
    axes.text(max(low, high) / half, place, f"  {sign * value:+.4f}", va="center", fontsize=9)
axes.axvline(0, color=canvas.INK, lw=1)
axes.set_yticks(range(len(rows)), [title for title, _, _ in reversed(rows)])
axes.set(xlabel="half-widths of the 95% interval; to the right the new score is better")
axes.margins(x=0.15)
figure

# %% [markdown]
# ## At which capacity
# The share of a week's calls that convert, for smaller and larger teams.

# %%
capacity = mlflow.load_table("tables/precision_at_capacity.json", run_ids=[RUN])
targets = list(dict.fromkeys(capacity["target"]))
figure, axes = canvas.blank("What a week's calls find", columns=len(targets))
for panel, target in zip(axes, targets, strict=True):
    for score, one in capacity[capacity["target"] == target].groupby("score"):
        panel.plot(one["calls_per_week"], one["precision"], "o-", color=canvas.COLOURS[score], label=score)
    panel.set_xscale("log")
    panel.yaxis.set_major_formatter("{x:.1%}")
    panel.set(title=target, xlabel="calls a week", ylabel="share of the called that converted")
    panel.legend(frameon=False)
figure

# %% [markdown]
# ## For whom
# Each segment's difference in log loss with its interval: to the left the new score is better there. A segment whose
# whole bar lies to the right is a reason not to switch for it.

# %%
segments = mlflow.load_table("segments.json", run_ids=[RUN])
compared = segments[(segments["score"] == "model") & segments["log_loss_difference"].notna()]
compared = compared[compared["target"] == compared["target"].iloc[0]] if len(compared) else compared
named = (compared["segment"] + ": " + compared["value"].fillna("missing")).tolist()
figure, (axes,) = canvas.blank("Model minus rules, segment by segment")
places = np.arange(len(compared))[::-1]
axes.hlines(
    places,
    compared["log_loss_difference_low"],
    compared["log_loss_difference_high"],
    color=canvas.COLOURS["model"],
    lw=2,
)
axes.plot(compared["log_loss_difference"], places, "o", color=canvas.COLOURS["model"])
axes.axvline(0, color=canvas.INK, lw=1)
axes.set_yticks(places, named)
axes.set(xlabel="log loss, model minus rules")
figure

# %%
segments.loc[segments["flags"].fillna("") != "", ["target", "segment", "value", "flags"]]

# %% [markdown]
# ## The leads over which they argue
# The snapshots are the same in every child, row by row: joined, they say where both stand on each lead.

# %%
tables = {
    child.info.run_name: mlflow.load_table("test_snapshots.json", run_ids=[child.info.run_id]).set_index(
        ["target", "lead_id", "cutoff"]
    )
    for child in children
}
rules = tables["rules"]
new = next((table for name, table in tables.items() if name != "rules"), rules)
both = rules[["age", "label", "score"]].join(new[["probability"]], how="inner").rename(columns={"score": "points"})
target = both.index[0][0] if len(both) else "customer"
both = both.loc[target]
gap = ranks(both["probability"].to_numpy()) - ranks(both["points"].to_numpy())
both = both.assign(gap=gap).sort_values("gap")
both.iloc[np.r_[:5, -5:0]]

# %%
figures.quadrants(
    f"{target}: new score against rules",
    *(both[name].to_numpy(dtype=float) for name in ("label", "points", "probability")),
)

# %% [markdown]
# ## So: should we switch?
# Switch where the gate lets the bundle pass: better than the rules by an interval that leaves no doubt, its promises
# kept, no large segment worse. Where it cannot tell, wait for more closed deals: a difference that the test cannot see
# may be luck. The run's `report.html` says the same in a page that can be sent on.

# %%
print(verdict["decision"], "·", parent.data.tags["bundle_version"])
