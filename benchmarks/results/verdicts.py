"""What was measured held against what was to be reached."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.results.censored import MATURE, OPEN_IS_NO, WEIGHTED, ThreeWays
from benchmarks.results.coverage import Coverage
from benchmarks.results.known_truth import BesideTruth
from benchmarks.results.plan import CENSORED, SEEDS, Results

COMMAND = "python -m benchmarks.results"
# Leads of the sample: AUC that may be missing to the truth's, and share of the truth's log loss that may come on top.
NEAR = {20_000: (0.02, 0.03), 100_000: (0.01, 0.015)}
REPETITIONS, FRESH = 100, 200_000
LEAST_HELD, MOST_HELD = 0.90, 0.99
NAMED = ("auc", "log_loss")
SAME_FOR_BOTH = "uncertainty"  # of the answers alone: its difference is 0, and so is each end of its interval


@dataclass(frozen=True, slots=True)
class Verdict:
    """One claim, what was asked, what was measured (on how much), and whether that will do; None: not measured."""

    claim: str
    asked: str
    measured: str
    met: bool | None
    command: str

    @property
    def said(self) -> str:
        """`met`, `**not met**`, or how to measure it."""
        if self.met is None:
            return f"not measured: `{self.command}`"
        return "met" if self.met else "**not met**"


def verdicts(results: Results) -> list[Verdict]:
    """Return a verdict for each target, those that were not measured among them."""
    truths = [one.found for one in results.truths]
    found = [one for leads in NEAR for one in _near(leads, [each for each in truths if each.leads == leads])]
    found += _weighted([one.found for one in results.censored if one.found.leads in CENSORED])
    return found + _held([one.found for one in results.coverage])


def _near(leads: int, found: Sequence[BesideTruth]) -> list[Verdict]:
    auc, share = NEAR[leads]
    command = f"{COMMAND} --part truth --leads {leads} --seeds {SEEDS}"
    behind = [one.auc_truth - one.auc for one in found]
    more = [one.log_loss / one.log_loss_truth - 1 for one in found]
    ratio = [one.predicted_over_true for one in found]
    where = f"customer, {leads:,} simulated leads"
    return [
        _mean(f"{where}: AUC behind the truth's", f"≤ {auc:g}", behind, "+.4f", (None, auc), command),
        _mean(f"{where}: log loss above the truth's", f"≤ {share:.1%}", more, "+.2%", (None, share), command),
        _mean(f"{where}: predicted over true", "0.95 to 1.05", ratio, ".3f", (0.95, 1.05), command),
    ]


def _weighted(found: Sequence[ThreeWays]) -> list[Verdict]:
    command = f"{COMMAND} --part censored --seeds {SEEDS}"
    verdicts = []
    for other, name in ((MATURE, "mature snapshots alone"), (OPEN_IS_NO, "open leads as negatives")):
        apart = [one.ways[WEIGHTED].log_loss - one.ways[other].log_loss for one in found]
        claim = f"half of the snapshots immature: log loss of the weighted answers minus that of {name}"
        verdicts.append(_mean(claim, "below 0", apart, "+.5f", (None, -1e-12), command))
    return verdicts


def _held(found: Sequence[Coverage]) -> list[Verdict]:
    best = max(found, key=lambda one: (one.repetitions, one.fresh), default=None)
    return [*(_held_named(best, measure) for measure in NAMED), _held_others(best)]


def _held_named(best: Coverage | None, measure: str) -> Verdict:
    claim = f"95% interval of the difference in {measure.replace('_', ' ').replace('auc', 'AUC')} holds the true one"
    if best is None:
        return _not_held(claim)
    held = best.measures[measure].held
    measured = f"{held} of {best.repetitions} (true one from {best.fresh:,} fresh leads)"
    return replace(_not_held(claim), measured=measured + _short_of(best), met=_enough(held, best))


def _held_others(best: Coverage | None) -> Verdict:
    """Judge the measures that are not named, all at once: with so many, one may lie outside by luck."""
    claim = "95% intervals of the differences in the other measures hold the true ones, each"
    if best is None:
        return _not_held(claim)
    others = {name: one.held for name, one in best.measures.items() if name not in (*NAMED, SAME_FOR_BOTH)}
    outside = [f"{name.replace('_', ' ')} {held}" for name, held in others.items() if not _enough(held, best)]
    measured = f"{len(others) - len(outside)} of {len(others)} measures"
    if outside:
        measured += f"; outside: {', '.join(outside)} of {best.repetitions}"
    return replace(_not_held(claim), measured=measured + _short_of(best), met=not outside)


def _not_held(claim: str) -> Verdict:
    asked = f"{LEAST_HELD:.0%} to {MOST_HELD:.0%} of {REPETITIONS} repetitions"
    return Verdict(claim, asked, "", None, f"{COMMAND} --part coverage")


def _enough(held: int, best: Coverage) -> bool:
    return LEAST_HELD <= held / best.repetitions <= MOST_HELD


def _short_of(best: Coverage) -> str:
    if best.repetitions < REPETITIONS or best.fresh < FRESH:
        return f"; asked were {REPETITIONS} and {FRESH:,}"
    return ""


def _mean(
    claim: str,
    asked: str,
    values: Sequence[float],
    form: str,
    bounds: tuple[float | None, float],
    command: str,
) -> Verdict:
    """Judge the mean over seeds by `bounds` (least, most); least None: as little as it likes."""
    if not values:
        return Verdict(claim, asked, "", None, command)
    mean = float(np.mean(values))
    measured = f"{mean:{form}} (mean of {len(values)} seeds)" if len(values) > 1 else f"{mean:{form}} (1 seed)"
    if len(values) < SEEDS:
        measured += f"; asked were {SEEDS}"
    least, most = bounds
    return Verdict(claim, asked, measured, (least is None or mean >= least) and mean <= most, command)
