"""From histories to answers: the one path that requests and whole boards take."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.one import Rows
from features.table import compute
from histories import clock, funnel, select
from histories.contract import Histories, LeadHistory, Stage, Target
from histories.errors import LeadScoringError
from histories.funnel import Standing
from scoring import action, caveats, coherence, ledger, rule_reasons
from scoring.answer import Answer, Reason, Status
from scoring.bundle import Bundle
from scoring.calibration import Floats
from scoring.ledger import Ledger
from scoring.model import Points
from scoring.moments import valid_until
from scoring.policy import percentile
from scoring.reasons import Explainer
from scoring.rulebook import Rulebook
from scoring.rules import HUNDREDTHS
from scoring.tally import Tally, tally

MOST_REASONS = 10


@dataclass(frozen=True, eq=False, slots=True)
class _Lead:
    """What is known of a lead before the model is asked. `learnt_points`: those that the models go by."""

    history: LeadHistory
    standing: Standing
    tally: Tally
    ledger: Ledger
    learnt_points: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Prediction:
    """What the model says of a lead; None: the question is closed, or there is no model for it."""

    sql: float | None
    customer: float | None
    reasons: tuple[Reason, ...]


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
        self._learnt_is_in_force = bundle.rulebook == rulebook
        self._families = bundle.catalogue.families
        self._explainer = Explainer(bundle.catalogue)
        self._rows = Rows(bundle.catalogue)

    def warm_up(self) -> None:
        """Compile and load what the first answer would otherwise wait for."""
        self._rows.warm_up()
        self.score([LeadHistory("warm-up", 0)], 1)

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
        leads: list[_Lead] = []
        rows: list[Floats] = []
        places: list[int] = []
        for place, history in enumerate(histories):
            try:
                lead = self._lead(history, as_of)
                rows.append(self._rows.row(history, as_of))
            except (LeadScoringError, ValueError, TypeError, ArithmeticError) as error:
                answers[place] = _failed(history.lead_id, error)
            else:
                leads.append(lead)
                places.append(place)
        matrix = np.array(rows, dtype=np.float64).reshape(len(rows), len(self.bundle.catalogue.features))
        answers.update(zip(places, self._answers(leads, matrix, as_of, reasons), strict=True))
        ordered = tuple(answers[place] for place in range(len(histories)))
        return Scored(ordered, tuple(lead.history.lead_id for lead in leads), matrix)

    def score_board(self, histories: Histories, as_of: int, reasons: int = 0) -> list[Answer]:
        """Return an answer for each lead that is open at `as_of`: created by then, no customer and not lost.

        In the order of `histories.leads`, with the same numbers as `score`, bit for bit.
        """
        _check(reasons)
        leads = [
            self._lead(history, as_of)
            for history in select.each(histories)
            if history.created_at <= as_of and _standing(history, as_of).at_risk(Target.CUSTOMER)
        ]
        ids = pa.array([lead.history.lead_id for lead in leads], type=pa.string())
        snapshots = pa.table({"lead_id": ids, "cutoff": pa.array([as_of] * len(leads), type=pa.int64())})
        return self._answers(leads, compute(histories, snapshots, self.bundle.catalogue).matrix, as_of, reasons)

    def _lead(self, history: LeadHistory, as_of: int) -> _Lead:
        if history.created_at > as_of:
            raise _CreatedLaterError(history.created_at, as_of)
        counted = tally(self.rulebook, self._families, history)
        made = ledger.of(counted, as_of)
        return _Lead(
            history=history,
            standing=_standing(history, as_of),
            tally=counted,
            ledger=made,
            learnt_points=self._learnt_points(history, made),
            warnings=caveats.warnings(history, self.bundle.catalogue, counted, as_of),
        )

    def _learnt_points(self, history: LeadHistory, made: Ledger) -> int:
        """Points under the rulebook that the models have learnt from; 0 where they go by none."""
        learnt = self.bundle.rulebook
        if learnt is None:
            return 0
        if self._learnt_is_in_force:
            return made.total
        return tally(learnt, self._families, history).figures(made.cutoff).total

    def _answers(self, leads: list[_Lead], matrix: Floats, as_of: int, reasons: int) -> list[Answer]:
        predictions = self._predictions(leads, matrix, reasons)
        return [
            self._answer(lead, prediction, as_of, reasons) for lead, prediction in zip(leads, predictions, strict=True)
        ]

    def _predictions(self, leads: list[_Lead], matrix: Floats, reasons: int) -> list[_Prediction]:
        points = np.array([lead.learnt_points for lead in leads], dtype=np.int64)
        sql, customer = self._chances(leads, matrix, points)
        why = self._reasons(customer.keys(), Target.CUSTOMER, matrix, points, reasons)
        why.update(self._reasons(sql.keys() - customer.keys(), Target.SQL, matrix, points, reasons))
        return [_Prediction(sql.get(place), customer.get(place), why.get(place, ())) for place in range(len(leads))]

    def _chances(self, leads: list[_Lead], matrix: Floats, points: Points) -> tuple[dict[int, float], dict[int, float]]:
        """Return P(sql) and P(customer) by the place of each lead for which that is an open question."""
        places = [place for place, lead in enumerate(leads) if lead.standing.at_risk(Target.CUSTOMER)]
        found = coherence.probabilities(
            self.bundle.models, self.bundle.catalogue, matrix[places], points[places], self._threads
        )
        sql, customer = (dict(zip(places, found[one].tolist(), strict=True)) if one in found else {} for one in Target)
        return {place: chance for place, chance in sql.items() if leads[place].standing.at_risk(Target.SQL)}, customer

    def _reasons(
        self, asked: Iterable[int], target: Target, matrix: Floats, points: Points, reasons: int
    ) -> dict[int, tuple[Reason, ...]]:
        places = sorted(asked)
        if not reasons or not places:
            return {}
        rows = matrix[places]
        values = self.bundle.models[target].contributions(rows, points[places], self._threads)
        return {
            place: self._explainer.reasons(rows[row], values[row], int(points[place]), reasons)
            for row, place in enumerate(places)
        }

    def _answer(self, lead: _Lead, prediction: _Prediction, as_of: int, reasons: int) -> Answer:
        policy, customer = self.bundle.policy, prediction.customer
        model_high = None if customer is None else customer >= policy.high_probability
        rules_high = lead.ledger.stage is Stage.SQL
        objected = action.objected(lead.tally, as_of)
        do = action.next_action(lead.standing.stage, objected, model_high, rules_high)
        score = None if customer is None else percentile(customer, self.bundle.reference)
        return Answer(
            lead_id=lead.history.lead_id,
            status=Status.SCORED,
            probability_sql=prediction.sql,
            probability_customer=customer,
            score=score,
            grade=None if score is None else policy.grade(score),
            rule_points=lead.ledger.total / HUNDREDTHS,
            rule_grade=lead.ledger.grade,
            rule_stage=lead.ledger.stage,
            stage=lead.standing.stage,
            agreement=action.agreement(model_high, rules_high),
            next_action=do,
            follow_up_by=action.follow_up_by(lead.tally, lead.standing, lead.ledger, do),
            reasons=prediction.reasons,
            rule_reasons=rule_reasons.of(self.rulebook, lead.ledger, reasons),
            valid_until=valid_until(lead.tally, as_of),
            warnings=lead.warnings,
        )


class _CreatedLaterError(ValueError):
    """The lead did not exist yet."""

    def __init__(self, created_at: int, as_of: int) -> None:
        super().__init__(f"the lead was created at {clock.iso(created_at)}, which is after as_of, {clock.iso(as_of)}")


def _check(reasons: int) -> None:
    if not 0 <= reasons <= MOST_REASONS:
        raise ValueError(f"reasons: {reasons!r} is out of bounds; it must be 0 to {MOST_REASONS}")


def _standing(history: LeadHistory, as_of: int) -> Standing:
    return funnel.standing(funnel.chronological(history.outcomes), as_of)


def _failed(lead_id: str, error: Exception) -> Answer:
    """A row of its own for a lead that cannot be scored. Whatever the error quotes may be personal: it stays here."""
    if isinstance(error, _CreatedLaterError):
        return Answer(lead_id, Status.FAILED, "created_after_as_of", str(error))
    message = f"the lead's history cannot be read ({type(error).__name__}); check the types and times of its fields"
    return Answer(lead_id, Status.FAILED, "unreadable_history", message)
