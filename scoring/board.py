"""All leads that are open at a moment, and what rules and record say of them, before the models are asked."""

from collections.abc import Sequence
from dataclasses import dataclass
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
        made: dict[tuple[Names, int, int, Names, Names], tuple[Caveat, ...]] = {}
        found = []
        places, counts = self.places[part].tolist(), self.judged[part][:, [LATER, LATE]].tolist()
        for place, (later, late), absent in zip(places, counts, missing, strict=True):
            key = self.unseen_kinds.get(place, ()), later, late, self.unasked.get(place, ()), absent
            if key not in made:
                made[key] = caveats(
                    unknown_kinds=key[0],
                    later=later,
                    late=late,
                    unknown_attributes=key[3],
                    missing_attributes=absent,
                )
            found.append(made[key])
        return found


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
