"""Part four: how often the 95% interval of a difference holds the true one.

Two fixed scores of customer, the model and the rules of one sample, are asked about fresh leads of other samples. What
they differ by on very many leads is taken for the true difference; then they are measured again and again on a few
leads, as a run would, and the intervals counted that hold it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.results.exports import sampled
from histories.contract import Target
from histories.whole_file import whole_file
from training import bootstrap
from training.bootstrap import DRAWS, Difference
from training.evaluate import MEASURES, Ranking
from training.fit import fit_bundle
from training.scores import Source, ask, of_models, of_points
from training.snapshots import draw, subset

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
FIRST, SECOND = "model", "rules"
LEARNT_FROM = 20_000
AT_ONCE = 20_000  # leads of a fresh sample
_TRUE, _TRIED = 1_000, 2_000  # seeds of fresh samples: for the true difference, and for the repetitions


@dataclass(frozen=True, eq=False)
class Answers:
    """Two scores' answers to fresh snapshots, [n] each: what ranks, and the same as a probability."""

    label: NDArray[np.int8]
    group: IntArray
    scores: Mapping[str, FloatArray]
    probabilities: Mapping[str, FloatArray]

    def of(self, rows: NDArray[np.bool_]) -> "Answers":
        """Return some of the rows."""
        scores = {name: one[rows] for name, one in self.scores.items()}
        return Answers(
            self.label[rows], self.group[rows], scores, {name: one[rows] for name, one in self.probabilities.items()}
        )


@dataclass(frozen=True, slots=True)
class Held:
    """How many intervals of a measure's difference held the true one, lay above it (`above`), or below (`below`)."""

    true: float
    held: int
    above: int
    below: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """`fresh` leads for the true difference; `repetitions` tests of about `leads` leads each, `draws` draws a test."""

    fresh: int
    repetitions: int
    leads: int
    draws: int
    snapshots: float
    conversions: float
    measures: Mapping[str, Held]

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Coverage":
        """Make it again from its JSON."""
        return cls(**(dict(told) | {"measures": {name: Held(**one) for name, one in told["measures"].items()}}))


def coverage(folder: Path, fresh: int, repetitions: int, leads: int) -> Coverage:
    """Measure it; the answers to each fresh sample are kept in `folder`. `leads` must divide AT_ONCE evenly."""
    samples = -(-fresh // AT_ONCE), -(-repetitions * leads // AT_ONCE)
    seeds = [first + one for first, count in zip((_TRUE, _TRIED), samples, strict=True) for one in range(1, count + 1)]
    sources: dict[str, Source] = {}
    for seed in seeds:
        if not _place(folder, seed).exists():
            sources = sources or _fixed()
            _keep(_place(folder, seed), _answers(seed, sources))
    true = true_difference([_kept(_place(folder, seed)) for seed in seeds if seed < _TRIED])
    found, sizes = [], []
    for test in _tests([_place(folder, seed) for seed in seeds if seed > _TRIED], leads, repetitions):
        found.append(intervals(test, len(found) + 1))
        sizes.append((len(test.label), int(test.label.sum())))
    snapshots, conversions = np.mean(sizes, axis=0)
    held = {name: hold(true[name], [one[name] for one in found]) for name in MEASURES}
    return Coverage(samples[0] * AT_ONCE, len(found), leads, DRAWS, snapshots, conversions, held)


def hold(true: float, found: Sequence[Difference]) -> Held:
    """Count the intervals that hold the true difference, and those that lie above or below it."""
    above, below = sum(one.low > true for one in found), sum(one.high < true for one in found)
    return Held(true, sum(one.low <= true <= one.high for one in found), above, below)


def true_difference(parts: Sequence[Answers]) -> dict[str, float]:
    """Return first minus second score by measure, on all snapshots of all parts."""
    label = np.concatenate([one.label for one in parts])
    found = {}
    for name in (FIRST, SECOND):
        probability = np.concatenate([one.probabilities[name] for one in parts])
        score = np.concatenate([one.scores[name] for one in parts])
        found[name] = Ranking(label, probability, score).measures(np.ones((1, len(label))))
    return {name: float(found[FIRST][name][0] - found[SECOND][name][0]) for name in MEASURES}


def intervals(test: Answers, seed: int) -> Mapping[str, Difference]:
    """Return first minus second score by measure, with the interval that a run would give."""
    clusters = bootstrap.numbered(test.group)
    values, samples = [], []
    for name in (FIRST, SECOND):
        ranked = Ranking(test.label, test.probabilities[name], test.scores[name], clusters)
        count = int(clusters.max()) + 1
        values.append(bootstrap.whole(ranked, count))
        samples.append(bootstrap.sampled(ranked, count, seed))
    return bootstrap.differences((values[0], values[1]), (samples[0], samples[1]))


def dealt(group: IntArray, parts: int, seed: int) -> IntArray:
    """Deal the groups of rows [n] at random, as evenly as can be; return each row's part, [n]."""
    number = bootstrap.numbered(group)
    count = int(number.max()) + 1
    return np.asarray((np.random.default_rng(seed).permutation(count) % parts)[number], dtype=np.int64)


def _tests(places: Sequence[Path], leads: int, repetitions: int) -> Iterator[Answers]:
    parts, done = AT_ONCE // leads, 0
    for seed, place in enumerate(places):
        whole = _kept(place)
        of = dealt(whole.group, parts, seed)
        for part in range(parts):
            if done < repetitions:
                done += 1
                yield whole.of(of == part)


def _fixed() -> dict[str, Source]:
    export, _ = sampled(LEARNT_FROM, 1)
    histories = export.histories
    fitted = fit_bundle(histories, export.recipe, export.rules, now=histories.exported_at, source="sample")
    result = fitted.results[Target.CUSTOMER]
    if result.model is None:
        raise SystemExit(f"{LEARNT_FROM} leads gave no model: {result.why}")
    models = {Target.CUSTOMER: result.model}
    learnt = of_models(models, Target.CUSTOMER, fitted.bundle.catalogue, export.rules)
    return {FIRST: learnt, SECOND: of_points(result.points, export.rules)}


def _answers(seed: int, sources: Mapping[str, Source]) -> Answers:
    """Ask both scores about all mature snapshots of a fresh sample."""
    export, _ = sampled(AT_ONCE, seed)
    days = export.recipe.horizons[Target.CUSTOMER]
    snapshots = draw(export.histories, Target.CUSTOMER, days, export.recipe.ages)
    rows = np.flatnonzero(snapshots.mature)
    told = ask(export.histories, subset(snapshots.table, rows), sources)
    scores = {name: one.score for name, one in told.items()}
    return Answers(
        snapshots.label[rows], snapshots.group[rows], scores, {name: one.probability for name, one in told.items()}
    )


def _place(folder: Path, seed: int) -> Path:
    return folder / f"fresh-{seed}.npz"


def _keep(path: Path, one: Answers) -> None:
    arrays = {f"score {name}": value for name, value in one.scores.items()}
    arrays |= {f"probability {name}": value for name, value in one.probabilities.items()}
    with whole_file(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, label=one.label, group=one.group, **arrays)


def _kept(path: Path) -> Answers:
    with np.load(path) as told:
        scores = {name: told[f"score {name}"] for name in (FIRST, SECOND)}
        probabilities = {name: told[f"probability {name}"] for name in (FIRST, SECOND)}
        return Answers(told["label"], told["group"], scores, probabilities)
