"""All leads that are open at a moment, and what rules and record say of them, before the models are asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np

from histories.contract import Histories, Stage
from scoring import judge
from scoring.caveats import Caveat, caveats
from scoring.evidence import SlotSets
from scoring.evidence_tables import Known, Named, of_tables
from scoring.judge import LATE, LATER
from scoring.program import Ints, Rules
from scoring.standings import STAGE, standings

Names = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Board:
    """The open leads, in the order of `histories.leads`: their `places` there, ascending, and one entry each.

    `learnt_points`: hundredths under the rulebook that the models have learnt from.
    """

    places: Ints
    lead_ids: Sequence[str]
    judged: Ints
    learnt_points: Ints
    standings: Ints
    unseen_kinds: dict[int, Names]
    unasked: dict[int, Names]

    def warnings(self, part: slice, missing: Sequence[Names]) -> list[tuple[Caveat, ...]]:
        """Return what to know of the leads of a part; `missing`: the attributes that each has no value of."""
        places, counts = self.places[part].tolist(), self.judged[part][:, [LATER, LATE]]
        found = [_warned(absent) for absent in missing]
        named = [row for row, one in enumerate(places) if one in self.unseen_kinds or one in self.unasked]
        for row in {*named, *np.flatnonzero(counts.any(axis=1)).tolist()}:
            later, late = counts[row].tolist()
            kinds, attributes = self.unseen_kinds.get(places[row], ()), self.unasked.get(places[row], ())
            found[row] = _warned(missing[row], kinds, later, late, attributes)
        return found


@lru_cache(maxsize=1024)
def _warned(
    missing: Names, kinds: Names = (), later: int = 0, late: int = 0, attributes: Names = ()
) -> tuple[Caveat, ...]:
    return caveats(
        unknown_kinds=kinds, later=later, late=late, unknown_attributes=attributes, missing_attributes=missing
    )


class Boards:
    """Finds open leads and holds them against a rulebook. `learnt`: the one that the models go by; None: by none."""

    def __init__(self, force: tuple[Rules, SlotSets], learnt: tuple[Rules, SlotSets] | None, known: Known) -> None:
        self._force, self._learnt, self._known = force, learnt, known

    def of(self, histories: Histories, as_of: int, threads: int) -> Board:
        """Return the leads created by `as_of` (UTC microseconds) that are neither customers nor lost."""
        standing = standings(histories, as_of)
        created = np.asarray(histories.leads["created_at"].combine_chunks()).astype(np.int64)
        places = np.flatnonzero((created <= as_of) & (standing[:, STAGE] < Stage.CUSTOMER.rank))
        tables = of_tables(*self._force, histories, as_of, self._known, threads)
        evidence = tables.evidence._replace(leads=np.ascontiguousarray(tables.evidence.leads[places]))
        judged = judge.judged(self._force[0].program, evidence, as_of, threads)
        return Board(
            places,
            histories.leads["lead_id"].take(places).to_pylist(),
            judged,
            self._learnt_points(judged, histories, places, as_of, threads),
            standing[places],
            _by_lead(tables.unseen_kinds),
            _by_lead(tables.unasked),
        )

    def _learnt_points(self, judged: Ints, histories: Histories, places: Ints, as_of: int, threads: int) -> Ints:
        if self._learnt is None:
            return np.zeros(len(places), dtype=np.int64)
        if self._learnt is self._force:
            return judged[:, judge.TOTAL].copy()
        evidence = of_tables(*self._learnt, histories, as_of, self._known, threads).evidence
        evidence = evidence._replace(leads=np.ascontiguousarray(evidence.leads[places]))
        return judge.totals(self._learnt[0].program, evidence, as_of, threads)


def _by_lead(named: Named) -> dict[int, Names]:
    pairs = zip(named.leads.tolist(), named.names, strict=True)
    return {lead: tuple(name for _, name in group) for lead, group in groupby(pairs, key=lambda pair: pair[0])}
