"""Answers as columns: what models and rules say of leads, and what follows from both, for one lead as for a board."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from histories.contract import FUNNEL, Stage
from scoring import action
from scoring.action import follow_up_by
from scoring.answer import Agreement, Answer, NextAction, Reason, RuleReason, Status
from scoring.calibration import Floats
from scoring.caveats import Caveat
from scoring.judge import GRADE, OBJECTED, TOTAL, VALID_UNTIL
from scoring.judge import STAGE as RULE_STAGE
from scoring.moments import NEVER
from scoring.policy import Policy
from scoring.program import Ints
from scoring.rulebook import Rulebook
from scoring.rules import HUNDREDTHS
from scoring.standings import STAGE

STAGES = (*FUNNEL, Stage.LOST)
RULE_GRADES = tuple(fit + engagement for fit in "ABCD" for engagement in "1234")
_ACTIONS, _AGREEMENTS = tuple(NextAction), tuple(Agreement)
_HIGH = (None, False, True)


@dataclass(frozen=True, eq=False, slots=True)
class Scores:
    """One entry a lead in each; NaN, NEVER and None where an Answer has None. Times in UTC microseconds."""

    lead_ids: Sequence[str]
    sql: Floats
    customer: Floats
    percentiles: Floats
    grades: Sequence[str | None]
    judged: Ints  # as judge.judged returns it
    standings: Ints  # as standings.standings
    agreements: Sequence[Agreement | None]
    actions: Sequence[NextAction]
    follow_up_by: Ints
    warnings: Sequence[tuple[Caveat, ...]]
    reasons: Sequence[tuple[Reason, ...]]
    rule_reasons: Sequence[tuple[RuleReason, ...]]

    @property
    def rule_points(self) -> Floats:
        """Whole points."""
        return self.judged[:, TOTAL] / HUNDREDTHS

    @property
    def rule_grades(self) -> list[str | None]:
        """The rulebook's grades."""
        return [None if one < 0 else RULE_GRADES[one] for one in self.judged[:, GRADE].tolist()]

    @property
    def rule_stages(self) -> list[Stage]:
        """The rulebook's stages."""
        return [FUNNEL[one] for one in self.judged[:, RULE_STAGE].tolist()]

    @property
    def stages(self) -> list[Stage]:
        """The stages on record."""
        return [STAGES[one] for one in self.standings[:, STAGE].tolist()]

    def answers(self) -> list[Answer]:
        """Return the rows."""
        columns = zip(
            self.lead_ids,
            _or_none(self.sql),
            _or_none(self.customer),
            _or_none(self.percentiles),
            self.grades,
            self.rule_points.tolist(),
            self.rule_grades,
            self.rule_stages,
            self.stages,
            self.agreements,
            self.actions,
            [None if one == NEVER else one for one in self.follow_up_by.tolist()],
            self.reasons,
            self.rule_reasons,
            self.judged[:, VALID_UNTIL].tolist(),
            self.warnings,
            strict=True,
        )
        return [Answer(lead_id, Status.SCORED, None, None, *rest) for lead_id, *rest in columns]


@dataclass(frozen=True, eq=False, slots=True)
class Said:
    """What models, rules and record say of leads, one entry each."""

    lead_ids: Sequence[str]
    sql: Floats
    customer: Floats
    judged: Ints
    standings: Ints
    warnings: Sequence[tuple[Caveat, ...]]
    reasons: Sequence[tuple[Reason, ...]]
    rule_reasons: Sequence[tuple[RuleReason, ...]]


class Verdicts:
    """Draws from scores what follows from them; what reference and policy alone decide is made once."""

    def __init__(self, rulebook: Rulebook, policy: Policy, reference: Floats) -> None:
        self._rulebook, self._policy, self._reference = rulebook, policy, reference
        # One for each sum of the ranks below and up to a probability, which `percentile` halves.
        scores = [round(50.0 * ranks / len(reference), 1) for ranks in range(2 * len(reference) + 1)]
        self._percentiles = np.array(scores)
        self._grades = [policy.grade(score) for score in scores]

    def of(self, said: Said) -> Scores:
        """Return the scores."""
        known = ~np.isnan(said.customer)
        below = np.searchsorted(self._reference, said.customer, side="left")
        upto = np.searchsorted(self._reference, said.customer, side="right")
        ranks = below + upto
        high = np.where(known, 1 + (said.customer >= self._policy.high_probability), 0)
        rules_high = said.judged[:, RULE_STAGE] == Stage.SQL.rank
        agreements = _agreements()[high, rules_high.astype(int)].tolist()
        actions = _actions()[said.standings[:, STAGE], said.judged[:, OBJECTED], high, rules_high.astype(int)].tolist()
        return Scores(
            said.lead_ids,
            said.sql,
            said.customer,
            np.where(known, self._percentiles[np.where(known, ranks, 0)], np.nan),
            [self._grades[rank] if there else None for rank, there in zip(ranks.tolist(), known.tolist(), strict=True)],
            said.judged,
            said.standings,
            agreements,
            actions,
            follow_up_by(self._rulebook, said.standings, said.judged, actions),
            said.warnings,
            said.reasons,
            said.rule_reasons,
        )


@cache
def _agreements() -> npt.NDArray[np.object_]:
    """`action.agreement` for whether the model is high (None, no, yes), and whether the rules are."""
    return np.array([[action.agreement(high, rules) for rules in (False, True)] for high in _HIGH], dtype=object)


@cache
def _actions() -> npt.NDArray[np.object_]:
    """`action.next_action` for the stage, whether the lead objected, and as `_agreements`."""
    return np.array(
        [
            [
                [[action.next_action(stage, objected, high, rules) for rules in (False, True)] for high in _HIGH]
                for objected in (False, True)
            ]
            for stage in STAGES
        ],
        dtype=object,
    )


def _or_none(values: Floats) -> list[float | None]:
    return [None if one != one else one for one in values.tolist()]  # noqa: PLR0124 - NaN alone differs from itself
