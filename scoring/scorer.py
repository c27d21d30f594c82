"""From histories to answers: the one path that requests and whole boards take."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from features.one import Rows
from features.snapshots import SNAPSHOTS
from features.table import computed
from histories import funnel, select
from histories.contract import FUNNEL, Families, Histories, LeadHistory, Target
from histories.errors import LeadScoringError
from scoring import coherence, evidence, judge, ledger, rule_reasons
from scoring.answer import MOST_REASONS, Answer, Reason, RuleReason, Status
from scoring.board import Board, Boards
from scoring.bundle import Bundle
from scoring.calibration import Floats
from scoring.caveats import Caveat, caveats
from scoring.evidence import SlotSets
from scoring.evidence_tables import Known
from scoring.judge import LATE, LATER, Evidence
from scoring.matcher import Matcher
from scoring.model import Points
from scoring.moments import NEVER
from scoring.program import Ints, Rules
from scoring.reasons import IN_FORCE, LEARNT, Explainer
from scoring.rulebook import Rulebook
from scoring.scores import STAGES, Said, Scores, Verdicts
from scoring.standings import STAGE
from scoring.tally import tally

# So many leads' features are in memory at once, beside what is known of all leads.
_MANY = 8
_BOARD_ROWS = 1 << 14
_UNREADABLE = (LeadScoringError, ValueError, TypeError, ArithmeticError)


class _Read(NamedTuple):
    """What is known of a lead before rules and models are asked."""

    history: LeadHistory
    features: Floats
    standing: tuple[int, ...]
    unknown_kinds: tuple[str, ...]
    unknown_attributes: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Scored:
    """Answers in the order of the histories, and what they were made from.

    `matrix` has a row of features for each lead that could be scored, in the order of `lead_ids`.
    """

    answers: tuple[Answer, ...]
    lead_ids: tuple[str, ...]
    matrix: Floats


class Scorer:
    """Answers for leads, from a bundle and the rulebook in force.

    It holds no state that an answer changes: the same histories, moment, bundle and rulebook give the same answers
    to the last bit, alone or among others, on any number of `threads`.
    """

    def __init__(self, bundle: Bundle, rulebook: Rulebook, threads: int = 1) -> None:
        self.bundle, self.rulebook = bundle, rulebook
        self._threads = threads
        catalogue = bundle.catalogue
        self._families = catalogue.families
        self._force = _ready(rulebook, catalogue.families)
        learnt = bundle.rulebook
        self._learnt = (
            None if learnt is None else self._force if learnt == rulebook else _ready(learnt, catalogue.families)
        )
        self._known = Known(
            frozenset((*catalogue.kinds, *catalogue.rare_kinds)),
            frozenset((*(spec.name for spec in catalogue.attributes), *self._force[0].attributes)),
        )
        self._explainer = Explainer(catalogue, IN_FORCE if learnt in (None, rulebook) else LEARNT)
        self._rows = Rows(catalogue)
        self._verdicts = Verdicts(rulebook, bundle.policy, bundle.reference)
        self._attributes = tuple(spec.name for spec in catalogue.attributes)
        before = takewhile(lambda block: block != "attributes", catalogue.blocks)
        self._first_attribute = sum(len(catalogue.blocks[block]) for block in before)

    def warm_up(self) -> None:
        """Compile and load what the first answer would otherwise wait for."""
        self._rows.warm_up()
        self.score([LeadHistory("warm-up", 0)], 1)
        for count in (1, _MANY):  # one lead and many go through functions of their own
            nobody = np.zeros((count, len(self.bundle.catalogue.features)))
            for model in self.bundle.models.values():
                model.contributions(nobody, np.zeros(count, dtype=np.int64))

    def score(self, histories: Sequence[LeadHistory], as_of: int, reasons: int = 3) -> list[Answer]:
        """Return an answer for each history, in their order, as things stood at `as_of` (UTC microseconds).

        `reasons` (0 to 10) bounds the reasons, and the rule reasons, of a lead. A lead that cannot be scored has
        status `failed` in its own row; its message names no value of its own.
        """
        return list(self.scored(histories, as_of, reasons).answers)

    def scored(self, histories: Sequence[LeadHistory], as_of: int, reasons: int = 3) -> Scored:
        """Return what `score` does, and the feature rows beside it."""
        _check(reasons)
        answers: dict[int, Answer] = {}
        leads: dict[int, _Read] = {}
        for place, history in enumerate(histories):
            try:
                leads[place] = self._read(history, as_of)
            except _UNREADABLE as error:
                answers[place] = _failed(history.lead_id, error)
        try:
            seen = self._evidence(leads)
        except _UNREADABLE:
            answers |= self._without_evidence(leads)
            leads = {place: one for place, one in leads.items() if place not in answers}
            seen = self._evidence(leads)
        read = list(leads.values())
        width = len(self.bundle.catalogue.features)
        matrix = np.array([one.features for one in read], dtype=np.float64).reshape(len(read), width)
        scores = self._scores(read, matrix, seen, as_of, reasons)
        answers.update(zip(leads, scores.answers(), strict=True))
        ordered = tuple(answers[place] for place in range(len(histories)))
        return Scored(ordered, tuple(one.history.lead_id for one in read), matrix)

    def score_board(self, histories: Histories, as_of: int, reasons: int = 0) -> list[Answer]:
        """Return an answer for each lead that is open at `as_of`: created by then, no customer and not lost.

        In the order of `histories.leads`, with the same numbers as `score`, bit for bit.
        """
        return [one for scores in self.boards(histories, as_of, reasons) for one in scores.answers()]

    def boards(self, histories: Histories, as_of: int, reasons: int = 0) -> Iterator[Scores]:
        """Yield what `score_board` returns as columns, some thousands of leads at a time."""
        _check(reasons)
        board = Boards(self._force, self._learnt, self._known).of(histories, as_of, self._threads)
        leads = len(board.lead_ids)
        cutoffs = np.full(leads, as_of, dtype=np.int64)
        snapshots = pa.table([pa.array(board.lead_ids, pa.string()), cutoffs], schema=SNAPSHOTS)
        why = self._rule_reasons(_of_places(histories, board.places), as_of, reasons) if reasons else iter(())
        begin = 0
        for matrix in computed(histories, snapshots, self.bundle.catalogue, _BOARD_ROWS, threads=self._threads):
            part = slice(begin, begin + len(matrix))
            begin += len(matrix)
            yield self._of_part(board, part, matrix, list(islice(why, len(matrix))), reasons)

    def _of_part(
        self, board: Board, part: slice, matrix: Floats, why: list[tuple[RuleReason, ...]], reasons: int
    ) -> Scores:
        standings, points = board.standings[part], board.learnt_points[part]
        sql, customer = self._chances(standings, matrix, points)
        return self._verdicts.of(
            Said(
                board.lead_ids[part],
                sql,
                customer,
                board.judged[part],
                standings,
                board.warnings(part, self._missing(matrix)),
                self._reasons(sql, customer, matrix, points, reasons),
                why or [()] * len(matrix),
            )
        )

    def _read(self, history: LeadHistory, as_of: int) -> _Read:
        if history.created_at > as_of:
            raise _CreatedLaterError
        standing = funnel.standing(funnel.chronological(history.outcomes), as_of)
        return _Read(
            history,
            self._rows.row(history, as_of),
            (STAGES.index(standing.stage), *(NEVER if at is None else at for at in standing.reached)),
            self._rows.unknown_kinds(history, as_of),
            tuple(sorted({one.name for one in history.attributes} - self._known.attributes)),
        )

    def _evidence(self, leads: Mapping[int, _Read]) -> Evidence:
        return evidence.of_histories(*self._force, [one.history for one in leads.values()])

    def _without_evidence(self, leads: Mapping[int, _Read]) -> dict[int, Answer]:
        """Return the answers of leads that features could be made of, and that the rules cannot read."""
        failed = {}
        for place, one in leads.items():
            try:
                self._evidence({place: one})
            except _UNREADABLE as error:
                failed[place] = _failed(one.history.lead_id, error)
        return failed

    def _scores(self, leads: list[_Read], matrix: Floats, seen: Evidence, as_of: int, reasons: int) -> Scores:
        histories = [one.history for one in leads]
        standings = np.array([one.standing for one in leads], dtype=np.int64).reshape(-1, 1 + len(FUNNEL))
        judged = judge.judged(self._force[0].program, seen, as_of)
        points = self._learnt_points(histories, judged, as_of)
        sql, customer = self._chances(standings, matrix, points)
        why = self._rule_reasons(histories, as_of, reasons) if reasons else ((),) * len(leads)
        return self._verdicts.of(
            Said(
                [one.lead_id for one in histories],
                sql,
                customer,
                judged,
                standings,
                self._warnings(leads, judged, matrix),
                self._reasons(sql, customer, matrix, points, reasons),
                tuple(why),
            )
        )

    def _learnt_points(self, histories: list[LeadHistory], judged: Ints, as_of: int) -> Points:
        """Points under the rulebook that the models have learnt from; 0 where they go by none."""
        if self._learnt is None:
            return np.zeros(len(histories), dtype=np.int64)
        if self._learnt is self._force:
            return judged[:, judge.TOTAL].copy()
        return judge.totals(self._learnt[0].program, evidence.of_histories(*self._learnt, histories), as_of)

    def _warnings(self, leads: list[_Read], judged: Ints, matrix: Floats) -> list[tuple[Caveat, ...]]:
        counts = judged[:, [LATER, LATE]].tolist()
        return [
            caveats(
                unknown_kinds=one.unknown_kinds,
                later=later,
                late=late,
                unknown_attributes=one.unknown_attributes,
                missing_attributes=missing,
            )
            for one, (later, late), missing in zip(leads, counts, self._missing(matrix), strict=True)
        ]

    def _missing(self, matrix: Floats) -> list[tuple[str, ...]]:
        """Return the attributes that have no value, for each row: leads mostly lack the same."""
        columns = matrix[:, self._first_attribute : self._first_attribute + len(self._attributes)]
        lacking = np.isnan(columns)
        keys = [one.tobytes() for one in np.packbits(lacking, axis=1)]
        rows = {key: row for row, key in enumerate(keys)}
        names = {
            key: tuple(name for name, here in zip(self._attributes, lacking[row], strict=True) if here)
            for key, row in rows.items()
        }
        return [names[key] for key in keys]

    def _chances(self, standings: Ints, matrix: Floats, points: Points) -> tuple[Floats, Floats]:
        """Return P(sql) and P(customer) of each lead, NaN where that is no open question or has no model."""
        sql, customer = np.full(len(matrix), np.nan), np.full(len(matrix), np.nan)
        stage = standings[:, STAGE]
        rows = np.flatnonzero(stage < Target.CUSTOMER.stage.rank)
        asked, of = (matrix, points) if len(rows) == len(matrix) else (matrix[rows], points[rows])
        found = coherence.probabilities(self.bundle.models, self.bundle.catalogue, asked, of, self._threads)
        if Target.CUSTOMER in found:
            customer[rows] = found[Target.CUSTOMER]
        if Target.SQL in found:
            sql[rows] = np.where(stage[rows] < Target.SQL.stage.rank, found[Target.SQL], np.nan)
        return sql, customer

    def _reasons(
        self, sql: Floats, customer: Floats, matrix: Floats, points: Points, most: int
    ) -> Sequence[tuple[Reason, ...]]:
        """Return why a lead's customer probability is what it is, or where it has none, that of sql."""
        found: list[tuple[Reason, ...]] = [()] * len(matrix)
        for_customer = ~np.isnan(customer)
        asked = ((Target.CUSTOMER, for_customer), (Target.SQL, ~for_customer & ~np.isnan(sql)))
        for target, wanted in asked if most else ():
            places = np.flatnonzero(wanted)
            if not len(places):
                continue
            rows = matrix[places]
            values = self.bundle.models[target].contributions(rows, points[places], self._threads)
            why = self._explainer.reasons(rows, values, points[places], most)
            for place, one in zip(places.tolist(), why, strict=True):
                found[place] = one
        return found

    def _rule_reasons(
        self, histories: Iterable[LeadHistory], as_of: int, most: int
    ) -> Iterator[tuple[RuleReason, ...]]:
        for history in histories:
            made = ledger.of(tally(self.rulebook, self._families, history), as_of)
            yield rule_reasons.of(self.rulebook, made, most)


def _ready(rulebook: Rulebook, families: Families) -> tuple[Rules, SlotSets]:
    return Rules(rulebook), SlotSets(Matcher(rulebook, families))


def _of_places(histories: Histories, places: Ints) -> Iterator[LeadHistory]:
    """Yield the histories of leads by their places, which ascend."""
    wanted = set(places.tolist())
    return (history for place, history in enumerate(select.each(histories)) if place in wanted)


class _CreatedLaterError(ValueError):
    """The lead did not exist yet."""


def _check(reasons: int) -> None:
    if not 0 <= reasons <= MOST_REASONS:
        raise ValueError(f"reasons: {reasons!r} is out of bounds; it must be 0 to {MOST_REASONS}")


def _failed(lead_id: str, error: Exception) -> Answer:
    """A row of its own for a lead that cannot be scored. Whatever the error quotes may be personal: it stays here."""
    if isinstance(error, _CreatedLaterError):
        message = "the lead was created after as_of; score it as of a later moment, or correct created_at"
        return Answer(lead_id, Status.FAILED, "created_after_as_of", message)
    message = f"the lead's history cannot be read ({type(error).__name__}); check the types and times of its fields"
    return Answer(lead_id, Status.FAILED, "unreadable_history", message)
