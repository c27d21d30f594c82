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
# # Explore: what leads did, and what became of them
#
# An export, before anything is learnt from it: how far leads come and how long it takes, one customer's history, what
# those who convert do in the weeks before, and which features of a lead's first week go with becoming a customer.
# What goes together here is no cause.
#
# Everything is imported from the project. Put your own `crm.toml` in place of the sample's.

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from features import catalogue as catalogues
from features import table
from histories import check, clock, export, sample
from histories.contract import Target
from training import bootstrap, canvas, recipe
from training.disagreement import ranks
from training.snapshots import draw, subset

folder = Path(tempfile.mkdtemp()) / "sample"
sample.write(folder, leads=3_000, months=24, seed=1)
NOW = clock.parse("2027-01-01")

# %% [markdown]
# ## What is in the export
# Every row that cannot be read is counted and named; none is lost silently.

# %%
read = export.read(folder / "crm.toml", NOW)
histories = read.histories
report = check.check(read)
pd.DataFrame([{"stage": step.stage, "leads": step.leads, "median days": step.median_days} for step in report.funnel])

# %%
figure, (axes,) = canvas.blank("The commonest things that happen")
commonest = sorted(report.kinds, key=lambda kind: kind.interactions)[-15:]
axes.barh([kind.kind for kind in commonest], [kind.interactions for kind in commonest], color=canvas.COLOURS["model"])
axes.set(xlabel="interactions")
axes.grid(visible=False, axis="y")
figure

# %% [markdown]
# ## How long it takes
# The share of leads that have become qualified or a customer so many days after they came in. A lead is followed up to
# the export and no further: the share is that of Kaplan and Meier, in which each day counts those who were still followed.

# %%
created = histories.leads.to_pandas().set_index("lead_id")["created_at"]
outcomes = histories.outcomes.to_pandas()
figure, (axes,) = canvas.blank("How long it takes from the first contact")
for stage, colour in (("sql", canvas.COLOURS["rules"]), ("customer", canvas.COLOURS["model"])):
    at = outcomes[outcomes["stage"] == stage].groupby("lead_id")["reached_at"].min()
    days = ((at - created).reindex(created.index) / clock.DAY).to_numpy()
    followed = np.minimum(np.nan_to_num(days, nan=np.inf), (histories.exported_at - created.to_numpy()) / clock.DAY)
    whole = np.arange(0, 366)
    still = (followed[None, :] >= whole[:, None]).sum(axis=1)
    reached = np.histogram(days[np.isfinite(days)], bins=np.r_[whole, 366])[0]
    axes.step(whole, 1 - np.cumprod(1 - reached / np.maximum(still, 1)), where="post", color=colour, lw=2, label=stage)
axes.yaxis.set_major_formatter("{x:.0%}")
axes.set(xlim=(0, 365), ylim=(0, None), xlabel="days since the lead came in", ylabel="share that has come so far")
axes.legend(frameon=False, loc="upper left")
figure

# %% [markdown]
# ## One customer's history
# A dot for each interaction; the line is the day on which the lead became a customer. A score at some moment sees what
# lies to the left of that moment, and nothing else.

# %%
interactions = histories.interactions.to_pandas()
won = outcomes[outcomes["stage"] == "customer"].set_index("lead_id")["reached_at"]
counts = interactions[interactions["lead_id"].isin(won.index)].groupby("lead_id").size()
lead = (counts - 40).abs().sort_index().idxmin()
mine = interactions[interactions["lead_id"] == lead].copy()
mine["day"] = (mine["occurred_at"] - created[lead]) / clock.DAY
figure, (axes,) = canvas.blank(f"{lead}: {len(mine)} interactions")
order = mine.groupby("kind")["day"].min().sort_values(ascending=False).index
colours = (
    mine["direction"].map({"inbound": canvas.COLOURS["model"], "outbound": canvas.COLOURS["rules"]}).fillna(canvas.GREY)
)
axes.scatter(
    mine["day"], mine["kind"].map({kind: place for place, kind in enumerate(order)}), c=colours, s=34, alpha=0.8, lw=0
)
axes.axvline((won[lead] - created[lead]) / clock.DAY, color=canvas.COLOURS["champion"], lw=2)
axes.set_yticks(range(len(order)), order)
axes.set(xlabel="days since the lead came in (blue: from the lead, orange: from us, grey: not said)")
figure

# %% [markdown]
# ## The weeks before
# How much more of each family there is in the weeks before a lead became a customer than in the same weeks of the lives
# of leads that did not. Each customer is held against leads that came in within the same month and never became one, at
# the same age.

# %%
months = (created // (30 * clock.DAY)).rename("month")
lasted = ((won - created) / clock.DAY).rename("days").dropna()
never = created.index.difference(won.index)
others = pd.DataFrame({"lead_id": never, "month": months[never].to_numpy()})
ends = pd.concat([lasted, months], axis=1, join="inner").rename_axis("customer").reset_index()
ends = ends.merge(others.groupby("month").head(20), on="month")
ends = pd.concat(
    [
        pd.DataFrame({"lead_id": won.index, "end": won.to_numpy(), "won": True}),
        pd.DataFrame(
            {
                "lead_id": ends["lead_id"],
                "end": created[ends["lead_id"]].to_numpy() + ends["days"] * clock.DAY,
                "won": False,
            }
        ),
    ]
)
ends = ends[ends["end"] <= histories.exported_at]
near = ends.merge(interactions[["lead_id", "occurred_at", "kind"]], on="lead_id")
near["week"] = (near["end"] - near["occurred_at"]) // (7 * clock.DAY)
near = near[(near["week"] >= 0) & (near["week"] < 12)]
families = list(histories.families.patterns)
rates = np.array(
    [
        [
            np.log2(
                ((near["won"] & of & (near["week"] == week)).sum() / ends["won"].sum() + 0.01)
                / ((~near["won"] & of & (near["week"] == week)).sum() / (~ends["won"]).sum() + 0.01)
            )
            for week in range(11, -1, -1)
        ]
        for of in (
            [near["kind"].map(lambda kind, family=family: family in histories.families.of(kind)) for family in families]
        )
    ]
)
figure, (axes,) = canvas.blank("What customers do more than others, week by week before they sign")
shown = axes.imshow(rates, cmap="RdBu_r", vmin=-5, vmax=5, aspect="auto")
axes.set_yticks(range(len(families)), families)
axes.set_xticks(range(12), [str(week) for week in range(12, 0, -1)])
axes.set(xlabel="weeks before")
axes.grid(visible=False)
figure.colorbar(shown, label="times as often", format=lambda value, _: f"{2.0**value:g}×")
figure

# %% [markdown]
# ## Which features go with becoming a customer
# One row a lead, as it was seven days after it came in; the label is whether it became a customer within the recipe's
# days. Only leads whose days have passed are counted. The AUC says how often the one of two leads that converted has
# the higher value: 0.5 is chance, below it the lower value goes with converting.

# %%
settings = recipe.parse('[snapshots]\nages = ["7d"]', "recipe.toml")
snapshots = draw(histories, Target.CUSTOMER, settings.horizons[Target.CUSTOMER], settings.ages)
rows = np.flatnonzero(snapshots.mature)
columns = catalogues.build(histories, histories.leads["lead_id"].to_pylist(), until=histories.exported_at)
features = table.compute(histories, subset(snapshots.table, rows), columns)
label = snapshots.label[rows] == 1
f"{len(rows):,} leads, {label.sum()} of which became customers; {len(columns.names)} features"

# %%
values = np.nan_to_num(features.matrix, nan=-1.0)
aucs = pd.Series(
    {
        name: (ranks(column)[label].mean() - ranks(column)[~label].mean()) + 0.5
        for name, column in zip(columns.names, values.T, strict=True)
        if (column != column[0]).any()
    }
)
signals = pd.Series({feature.name: feature.signal for feature in columns.features})
amounts = [feature.name for feature in columns.features if not feature.categorical and feature.name in aucs]
strongest = (aucs[amounts] - 0.5).abs().sort_values(ascending=False).index
first = (
    pd.DataFrame({"auc": aucs[strongest], "signal": signals[strongest]})
    .groupby("signal")
    .head(1)
    .head(18)
    .sort_values("auc")
)
figure, (axes,) = canvas.blank("The best feature of each signal, by itself")
axes.barh(
    first.index,
    first["auc"] - 0.5,
    left=0.5,
    color=np.where(first["auc"] > 0.5, canvas.COLOURS["model"], canvas.COLOURS["rules"]),
)
axes.axvline(0.5, color=canvas.GREY)
axes.grid(visible=False, axis="y")
axes.set(xlabel="AUC for becoming a customer")
figure

# %% [markdown]
# ## By what they are
# The share that became customers by a lead's source, with the 95% interval of a bootstrap over leads.

# %%
attributes = histories.attributes.to_pandas()
source = attributes[attributes["name"] == "source"].groupby("lead_id")["text"].first()
named = source.reindex(snapshots.table["lead_id"].to_pandas().iloc[rows]).fillna("missing").to_numpy()
figure, (axes,) = canvas.blank("Who becomes a customer, by source")
draws = next(bootstrap.cluster_draws(len(rows), seed=1, draws=500))
for place, value in enumerate(sorted(set(named), key=lambda one: label[named == one].mean())):
    mine = named == value
    one = bootstrap.interval(
        label[mine].mean(), draws[:, mine] @ label[mine] / np.maximum(draws[:, mine].sum(axis=1), 1)
    )
    axes.plot([one.low, one.high], [place, place], color=canvas.COLOURS["model"], lw=2)
    axes.plot([one.value], [place], "o", color=canvas.COLOURS["model"], ms=8)
    axes.text(one.high, place, f"  {value}, {mine.sum():,} leads", va="center", fontsize=9)
axes.set_yticks([])
axes.xaxis.set_major_formatter("{x:.1%}")
axes.set(xlabel="share that became customers", xlim=(0, axes.get_xlim()[1] * 1.25))
figure
