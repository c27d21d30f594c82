"""All measures of a lineup as a table: what each says, which way is better, every score's value, and how they differ."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from training.bootstrap import Difference
from training.capacity import CAPACITY_MEASURES
from training.evaluate import BEST, LOWER_IS_BETTER, MEASURES
from training.html_table import Table, apart, number, table
from training.lineup import CHAMPION, MODEL, RULES, Lineup
from training.logbook import UNDIRECTED

HEADINGS = {MODEL: "model", RULES: "rules", CHAMPION: "champion"}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a measure is called, what it says in plain words, and the `form` (Python's) in which it is shown."""

    name: str
    says: str
    form: str


ON_TEST: Mapping[str, Meaning] = {
    "auc": Meaning("AUC", "how often the right one of two leads is ranked first; 0.5 is chance", ".3f"),
    "average_precision": Meaning("average precision", "the share that converts, over all lengths of the list", ".3f"),
    "log_loss": Meaning("log loss", "how surprised the percentages were by what happened", ".4f"),
    "brier": Meaning("Brier score", "mean squared distance between percentage and outcome", ".4f"),
    "miscalibration": Meaning("miscalibration", "the part of the Brier score that wrong percentages cost", ".4f"),
    "discrimination": Meaning("discrimination", "the part that telling leads apart gains", ".4f"),
    "uncertainty": Meaning("uncertainty", "what giving every lead the same percentage would come to", ".4f"),
    "calibration_slope": Meaning("calibration slope", "below 1: percentages lie too far apart", ".2f"),
    "calibration_intercept": Meaning("calibration intercept", "what a lead of even chances is off by", "+.2f"),
    "precision_top_tenth": Meaning("precision, top tenth", "share of the best tenth that converted", ".1%"),
    "lift_top_tenth": Meaning("lift, top tenth", "how many times better than calling at random", ".2f"),
    "predicted_over_observed": Meaning("predicted / observed", "conversions promised for each that came", ".2f"),
}
AT_CAPACITY: Mapping[str, Meaning] = {
    "calls": Meaning("calls", "leads called, on all boards together", ",.0f"),
    "conversions": Meaning("conversions", "those of them that converted", ",.1f"),
    "precision": Meaning("precision", "share of the called that converted", ".1%"),
    "lift": Meaning("lift", "that share over the share of everybody on the boards", ".2f"),
    "expected_value": Meaning("expected value", "what the score promised that the calls would come to", ",.0f"),
    "realised_value": Meaning("realised value", "what the calls came to: deals less calls", ",.0f"),
    "net_benefit": Meaning("net benefit", "the same for each lead, in deals less a call", ".4f"),
}


def measures(lineup: Lineup) -> Table:
    """Return one row a measure: on the test's snapshots, then at the team's capacity where there are boards."""
    names = list(lineup.contenders)
    others = [(f"{HEADINGS[first]} − {HEADINGS[other]}", other) for first, other in _pairs(lineup)]
    head = ["Measure", "What it says", "Better", *(HEADINGS[name] for name in names)]
    head += [f"{title} (95% interval)" for title, _ in others]
    rows = [*_on_test(lineup, [other for _, other in others]), *_at_capacity(lineup, [other for _, other in others])]
    return table(head, rows, (0, 1, 2))


def _pairs(lineup: Lineup) -> Iterator[tuple[str, str]]:
    for pair in ((MODEL, RULES), (lineup.chosen, CHAMPION)):
        if pair[1] in lineup.differences:
            yield pair


def _on_test(lineup: Lineup, others: list[str]) -> Iterator[list[str]]:
    for key in MEASURES:
        values = [float(getattr(one.figures.measures, key)) for one in lineup.contenders.values()]
        differences = [lineup.differences[other].get(key) for other in others]
        yield _row(ON_TEST[key], _better(key), values, differences)


def _at_capacity(lineup: Lineup, others: list[str]) -> Iterator[list[str]]:
    for key in CAPACITY_MEASURES:
        values = [float(getattr(one.measures, key)) for one in lineup.capacity.values()]
        if values and not all(math.isnan(value) for value in values):
            meaning = AT_CAPACITY[key]
            named = Meaning(f"{meaning.name}, at capacity", meaning.says, meaning.form)
            differences = [lineup.capacity_differences.get(other, {}).get(key) for other in others]
            yield _row(named, _better(key), values, differences)


def _row(meaning: Meaning, better: str, values: list[float], differences: list[Difference | None]) -> list[str]:
    shown = [number(value, meaning.form) for value in values]
    shown += ["" if one is None else apart(one, meaning.form.removeprefix("+")) for one in differences]
    return [meaning.name, meaning.says, better, *shown]


def _better(key: str) -> str:
    if key in BEST:
        return f"{BEST[key]:g}"
    if key in UNDIRECTED:
        return ""
    return "lower" if key in LOWER_IS_BETTER else "higher"
