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
# # From a CRM export to the comparison of model and rules
#
# The whole path in one sitting, on a small simulated export: read it, look at the funnel, turn histories into
# features, learn from closed deals, and hold the model against the rulebook on leads that neither has seen.
# Everything is imported from the project; the notebook only calls and draws.
#
# Put your own `crm.toml` in place of the sample's to walk it on your own leads.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from features import catalogue as catalogues
from features import table
from histories import check, clock, export, sample
from histories.contract import Target
from scoring import rulebook
from training import figures, fit, lineup, recipe, requested

folder = Path(tempfile.mkdtemp()) / "sample"
sample.write(folder, leads=8_000, months=24, seed=1)
NOW = clock.parse("2026-01-02")

# %% [markdown]
# ## What is in the export
# Every row that cannot be read is counted and named, none is lost silently.

# %%
read = export.read(folder / "crm.toml", NOW)
report = check.check(read)
pd.DataFrame([{"stage": step.stage, "leads": step.leads, "median days": step.median_days} for step in report.funnel])

# %%
kinds = pd.DataFrame(
    [{"kind": kind.kind, "interactions": kind.interactions, "leads": kind.leads} for kind in report.kinds]
).set_index("kind")
axes = kinds["interactions"].head(15).sort_values().plot.barh(figsize=(8, 4.5), color="#4477aa")
axes.set(title="The commonest things that happen", xlabel="interactions", ylabel="")
axes.spines[["top", "right"]].set_visible(False)
plt.tight_layout()
plt.show()

# %% [markdown]
# ## From histories to features
# One row a (lead, cutoff). Nothing at or after the cutoff is seen: these are the numbers that serving would compute.

# %%
histories = read.histories
columns = catalogues.build(histories, histories.leads["lead_id"].to_pylist(), until=histories.exported_at)
board = requested.at(histories, histories.exported_at)
features = table.compute(histories, board, columns)
pd.DataFrame(features.matrix, columns=list(columns.names)).describe().T.iloc[::60, [1, 3, 5, 7]].round(2)

# %% [markdown]
# ## Learn, and compare on the newest leads
# Snapshots of leads that were still open, at several ages; the newest are kept for the test, no lead or account is on
# both sides, and what was not yet known when the test began is not learnt from.

# %%
rules = rulebook.read(folder / "rulebook.toml")
settings = recipe.read(folder / "recipe.toml")
fitted = fit.fit_bundle(histories, settings, rules, now=NOW, source="the sample")
lineups = {target: lineup.of_result(result) for target, result in fitted.results.items()}
pd.DataFrame(
    {
        (target.value, name): {
            "AUC": one.figures.measures.auc,
            "average precision": one.figures.measures.average_precision,
            "log loss": one.figures.measures.log_loss,
            "Brier": one.figures.measures.brier,
            "lift, top tenth": one.figures.measures.lift_top_tenth,
            "predicted / observed": one.figures.measures.predicted_over_observed,
        }
        for target, line in lineups.items()
        for name, one in line.contenders.items()
    }
).round(3)

# %% [markdown]
# How sure are these differences? A paired bootstrap over accounts draws the test leads again and again; a difference
# whose interval spans 0 is not one to act on.

# %%
pd.DataFrame(
    [
        {"target": target.value, "measure": measure, "model − rules": one.value, "from": one.low, "to": one.high}
        for target, line in lineups.items()
        for measure, one in line.differences.get("rules", {}).items()
    ]
).set_index(["target", "measure"]).round(4)

# %%
customers = lineups[Target.CUSTOMER]
scored = {name: figures.Scored(one.score, one.probability) for name, one in customers.contenders.items()}
figures.gains_and_lift(customers.title, customers.labels, scored)

# %%
figures.reliability(customers.title, customers.labels, scored)

# %% [markdown]
# ## Where the two disagree
# The leads in the upper left and lower right corners are those over which marketing and sales argue.

# %%
best = customers.contenders[customers.chosen]
figures.quadrants(customers.title, customers.labels, customers.points, best.probability)
