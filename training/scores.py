"""What a contender answers: how it is asked, and its scores of many snapshots, of which only the scores are kept."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features import snapshots as feature_snapshots
from features import table as features
from features.catalogue import Catalogue
from histories.contract import Histories, Target
from scoring import coherence
from scoring import points as rule_points
from scoring.bundle import Bundle
from scoring.coherence import Models
from scoring.model import Model
from scoring.rulebook import Rulebook
from training.points_model import whole_points
from training.settings import THREADS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_AT_ONCE = 20_000


@dataclass(frozen=True, eq=False)
class Scores:
    """One score of snapshots: `score` ranks (points, say), `probability` is the same calibrated; both [n]."""

    probability: FloatArray
    score: FloatArray


Answer = Callable[[FloatArray, IntArray], Scores]


@dataclass(frozen=True, eq=False)
class Source:
    """A contender as it is asked.

    `answer` takes the features [n, columns of `catalogue`] and the points [n], in hundredths, under `rulebook`. None: it
    looks at no features (the matrix has no columns), or at no points (all 0).
    """

    catalogue: Catalogue | None
    rulebook: Rulebook | None
    answer: Answer


def of_models(models: Models, target: Target, catalogue: Catalogue, rulebook: Rulebook | None) -> Source:
    """Return what `models` say of `target`, each bounded by the others as in an answer: probabilities rank."""

    def answer(matrix: FloatArray, hundredths: IntArray) -> Scores:
        probability = coherence.of_target(models, target, catalogue, matrix, hundredths, THREADS)
        return Scores(probability, probability)

    return Source(catalogue, rulebook if any(one.uses_points for one in models.values()) else None, answer)


def of_bundle(bundle: Bundle, target: Target) -> Source:
    """Return what a bundle says of `target`."""
    return of_models(bundle.models, target, bundle.catalogue, bundle.rulebook)


def of_points(calibrated: Model, rulebook: Rulebook) -> Source:
    """Return what the rules say: whole points rank, and `calibrated` brings them to probabilities."""

    def answer(matrix: FloatArray, hundredths: IntArray) -> Scores:
        return Scores(calibrated.probabilities(matrix, hundredths), whole_points(hundredths))

    return Source(None, rulebook, answer)


def ask(histories: Histories, rows: pa.Table, sources: Mapping[str, Source]) -> Mapping[str, Scores]:
    """Return the scores of `rows` (lead_id, cutoff in UTC microseconds), in their order, by source.

    The features of some rows are in memory at a time, once for all sources that share a catalogue.
    """
    hundredths = _hundredths(histories, rows, sources)
    parts: dict[str, list[Scores]] = {name: [] for name in sources}
    for catalogue in dict.fromkeys(one.catalogue for one in sources.values()):
        asked = {name: one for name, one in sources.items() if one.catalogue == catalogue}
        begin = 0
        for matrix in _matrices(histories, rows, catalogue):
            part = slice(begin, begin := begin + len(matrix))
            for name, source in asked.items():
                parts[name].append(source.answer(matrix, hundredths[name][part]))
    return {name: _joined(found) for name, found in parts.items()}


def _hundredths(histories: Histories, rows: pa.Table, sources: Mapping[str, Source]) -> Mapping[str, IntArray]:
    found: dict[str, IntArray] = {}
    for rulebook in {one.rulebook.version: one.rulebook for one in sources.values() if one.rulebook}.values():
        found[rulebook.version] = rule_points.table(rulebook, histories, rows)
    nothing = np.zeros(rows.num_rows, dtype=np.int64)
    return {name: found[one.rulebook.version] if one.rulebook else nothing for name, one in sources.items()}


def _matrices(histories: Histories, rows: pa.Table, catalogue: Catalogue | None) -> Iterator[FloatArray]:
    if catalogue is None:
        yield np.zeros((rows.num_rows, 0))
        return
    snapshots = feature_snapshots.checked(rows.select(["lead_id", "cutoff"]), "snapshots")
    yield from features.computed(histories, snapshots, catalogue, _AT_ONCE)


def _joined(parts: list[Scores]) -> Scores:
    if not parts:
        return Scores(np.zeros(0), np.zeros(0))
    return Scores(np.concatenate([one.probability for one in parts]), np.concatenate([one.score for one in parts]))
