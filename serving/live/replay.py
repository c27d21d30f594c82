"""An answer made again from the store alone: its inputs, and the very bundle and rulebook that gave it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from histories.store import Store
from histories.store.database.score_row import ScoreRow
from histories.store.kept.artifacts import Kind, artifact
from scoring import archive, kept
from scoring.answer import Answer, Status
from scoring.kept import Value
from scoring.scorer import Scorer
from serving.live.inputs import inputs

_MOST_SCORERS = 4  # of so many versions in memory at once


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which an answer made again is not the answer that was given."""

    field: str
    given: Value
    again: Value


@dataclass(frozen=True, slots=True)
class Replayed:
    """An answer as it was given, and as it comes out when it is made again from the same inputs."""

    given: ScoreRow
    again: Answer

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The fields that are not equal to the last bit; none, as it should be."""
        return tuple(_differences(self.given, self.again))


def _differences(given: ScoreRow, again: Answer) -> Iterator[Difference]:
    if again.status is not Status.SCORED:
        yield Difference("status", Status.SCORED.value, again.status.value)
    for name, value in kept.said(again).items():
        before = getattr(given, name)
        if repr(before) != repr(value):  # 0.0 is not -0.0
            yield Difference(name, before, value)


class Replayer:
    """Makes answers again. It keeps a few scorers: answers mostly come from few versions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._scorer = lru_cache(maxsize=_MOST_SCORERS)(self._made)

    def replay(self, row: ScoreRow) -> Replayed:
        """Make one answer again. Raises DataError where its inputs, its bundle or its rulebook are gone."""
        (answer,) = self.scorer(row).score([inputs(self._store, row)], row.as_of, reasons=0)
        return Replayed(row, answer)

    def scorer(self, row: ScoreRow) -> Scorer:
        """Return the scorer of the bundle and the rulebook that gave an answer. Raises DataError where one is gone."""
        return self._scorer(row.bundle_version, row.rulebook_version)

    def _made(self, bundle_version: str, rulebook_version: str) -> Scorer:
        bundle = archive.bundle(artifact(self._store, bundle_version, Kind.BUNDLE), bundle_version)
        rulebook = archive.rulebook(artifact(self._store, rulebook_version, Kind.RULEBOOK), rulebook_version)
        return Scorer(bundle, rulebook)
