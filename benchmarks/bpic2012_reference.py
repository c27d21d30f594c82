"""The customer model on BPIC 2012 beside a plain reference on the same test leads, age by age.

    uv run python benchmarks/bpic2012_reference.py [--data FOLDER]

The reference is what an analyst writes in an afternoon: for each age one LightGBM with fixed settings on the amount
asked for, the hour and weekday of the application, and the count and recency of each activity. It is trained
on applications whose 30 days had ended when the test begins, as the model is. Differences come with 95% intervals
from 2,000 paired bootstrap draws over applications. Settings were chosen with benchmarks/window_settings.py,
which never looks at the test.
"""

import argparse
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from histories import clock, export  # noqa: E402
from histories.contract import Target  # noqa: E402
from scoring import rulebook  # noqa: E402
from training import recipe  # noqa: E402
from training.bootstrap import DRAWS, Difference, cluster_weights  # noqa: E402
from training.evaluate import Ranking  # noqa: E402
from training.fit import fit_bundle  # noqa: E402
from training.fitted import Fitted  # noqa: E402

EXAMPLE = ROOT / "examples" / "bpic2012"
SPLIT, HORIZON = pd.Timestamp("2012-01-27"), pd.Timedelta(days=30)
WON, LOST = {"A_ACTIVATED", "A_APPROVED", "A_REGISTERED"}, {"A_DECLINED", "A_CANCELLED"}
FloatArray = NDArray[np.float64]


def event_log(folder: Path) -> pd.DataFrame:
    """Return one row an event: lead, time (UTC, naive), state, kind, amount."""
    raw = pd.read_csv(folder / "events.csv.gz", dtype=str)
    return pd.DataFrame(
        {
            "lead": raw["case:concept:name"],
            "time": pd.to_datetime(raw["time:timestamp"], utc=True, format="ISO8601").dt.tz_localize(None),
            "state": raw["concept:name"],
            "kind": raw["concept:name"] + "-" + raw["lifecycle:transition"],
            "amount": raw["case:AMOUNT_REQ"].astype(float),
        }
    )


def reference(log: pd.DataFrame, hours: int) -> pd.Series:
    """Return the reference's probability for each test lead at an age, indexed by lead."""
    by_lead = log.groupby("lead")
    leads = pd.DataFrame({"created": by_lead["time"].min(), "amount": by_lead["amount"].first()})
    leads["cutoff"] = leads["created"] + pd.Timedelta(hours=hours)
    leads["ended"] = log[log["state"].isin(WON | LOST)].groupby("lead")["time"].min()
    leads["won"] = log[log["state"].isin(WON)].groupby("lead")["time"].min()
    open_then = ~(leads["ended"] < leads["cutoff"])
    leads = leads.loc[open_then & (leads["cutoff"] + HORIZON <= log["time"].max())]
    inputs = plain_inputs(log, leads)
    label = (leads["won"] < leads["cutoff"] + HORIZON).to_numpy(dtype=int)
    train = (leads["cutoff"] + HORIZON <= SPLIT).to_numpy()
    test = (leads["cutoff"] >= SPLIT).to_numpy()
    booster = lightgbm.LGBMClassifier(
        n_estimators=200, learning_rate=0.03, num_leaves=15, min_child_samples=20, n_jobs=2, verbose=-1
    )
    booster.fit(inputs[train], label[train])
    return pd.Series(np.asarray(booster.predict_proba(inputs[test]))[:, 1], index=leads.index.to_numpy()[test])


def plain_inputs(log: pd.DataFrame, leads: pd.DataFrame) -> FloatArray:
    """Return [leads, inputs]: amount, events so far, age of the latest, hour, weekday; then counts, then ages by kind."""
    seen = log[log["lead"].isin(leads.index)]
    seen = seen.assign(age=(seen["lead"].map(leads["cutoff"]) - seen["time"]).dt.total_seconds())
    seen = seen[seen["age"] > 0]
    counts = pd.crosstab(seen["lead"], seen["kind"]).reindex(leads.index, fill_value=0)
    ages = seen.pivot_table(index="lead", columns="kind", values="age", aggfunc="min").reindex(leads.index)
    latest = seen.groupby("lead")["age"].min().reindex(leads.index)
    created = leads["created"].dt
    own = np.column_stack([leads["amount"], counts.sum(axis=1), latest, created.hour, created.day_of_week])
    return np.hstack([own, counts.to_numpy(), ages.to_numpy()])


@dataclass(frozen=True, eq=False)
class Pair:
    """Model and reference on the test leads of one age, in one order."""

    age: str
    leads: list[str]
    labels: NDArray[np.int8]
    model: FloatArray
    plain: FloatArray


def pairs(fitted: Fitted, log: pd.DataFrame) -> list[Pair]:
    """Match the customer model's test snapshots with the reference's, and insist that they are the same leads."""
    lineup = fitted.results[Target.CUSTOMER].lineup
    test = lineup.rows.to_pandas().assign(model=lineup.contenders["model"].probability)
    found = []
    for age in fitted.recipe.ages:
        plain = reference(log, round(age.micros / clock.HOUR)).sort_index()
        of_age = test[test["age"] == age.text].sort_values("lead_id")
        leads = of_age["lead_id"].tolist()
        if leads != plain.index.tolist():
            raise SystemExit(f"{age.text}: {len(leads)} test leads here, {len(plain)} in the reference; not the same")
        labels = of_age["label"].to_numpy(dtype=np.int8)
        found.append(Pair(age.text, leads, labels, of_age["model"].to_numpy(float), plain.to_numpy()))
    return found


def draws(found: list[Pair]) -> Mapping[str, FloatArray]:
    """Return AUCs in each draw of leads, the same draw for all ages: `model` and `plain`, [ages, draws]."""
    names = sorted({lead for pair in found for lead in pair.leads})
    number = {lead: row for row, lead in enumerate(names)}
    collected: dict[str, list[FloatArray]] = {"model": [], "plain": []}
    for weights in cluster_weights(np.arange(len(names)), seed=1, draws=DRAWS):
        for name, scores in (("model", [p.model for p in found]), ("plain", [p.plain for p in found])):
            collected[name].append(
                np.stack(
                    [
                        Ranking(pair.labels, score, score).measures(weights[:, [number[lead] for lead in pair.leads]])[
                            "auc"
                        ]
                        for pair, score in zip(found, scores, strict=True)
                    ]
                )
            )
    return {name: np.concatenate(parts, axis=1) for name, parts in collected.items()}


def auc(labels: NDArray[np.int8], scores: FloatArray) -> float:
    """Return the AUC of scores."""
    return float(Ranking(labels, scores, scores).measures(np.ones((1, len(labels))))["auc"][0])


def interval(value: float, samples: FloatArray) -> Difference:
    """Return a value with its 95% percentile interval."""
    low, high = np.quantile(samples, [0.025, 0.975])
    return Difference(value, float(low), float(high))


def table(found: list[Pair]) -> list[str]:
    """Return the table as lines of Markdown."""
    drawn = draws(found)
    lines = [
        "| age | test leads | AUC (95%) | reference AUC | difference (95%) |",
        "|---|---|---|---|---|",
    ]
    at = np.array([[auc(pair.labels, pair.model), auc(pair.labels, pair.plain)] for pair in found])
    rows = [
        (pair.age, len(pair.leads), *at[row], drawn["model"][row], drawn["plain"][row])
        for row, pair in enumerate(found)
    ]
    rows.append(("mean", "", *at.mean(axis=0), drawn["model"].mean(axis=0), drawn["plain"].mean(axis=0)))
    for age, leads, model, plain, models, plains in rows:
        own, apart = interval(model, models), interval(model - plain, models - plains)
        lines.append(
            f"| {age} | {leads} | {own.value:.3f} ({own.low:.3f} to {own.high:.3f}) | {plain:.3f} | "
            f"{apart.value:+.3f} ({apart.low:+.3f} to {apart.high:+.3f}) |"
        )
    return lines


def main() -> None:
    """Train on the example and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("LEAD_SCORING_REAL_DATA", ROOT.parent / "shared" / "data")
    )
    folder = Path(parser.parse_args().data) / "bpic2012"
    histories = export.read(EXAMPLE / "crm.toml", clock.parse("2012-03-15")).histories
    plan = recipe.read(EXAMPLE / "recipe.toml", histories.timezone)
    rules = rulebook.read(EXAMPLE / "rulebook.toml")
    fitted = fit_bundle(histories, plan, rules, now=histories.exported_at, source="BPIC 2012")
    print("\n".join(table(pairs(fitted, event_log(folder)))))  # noqa: T201 -- the command's answer


if __name__ == "__main__":
    main()
