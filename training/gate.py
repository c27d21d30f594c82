"""Who may serve: the gate between a challenger and the champion, with every check that led to the verdict.

A model answers in a bundle only where it has passed every check beside the rules (`answers`); else the calibrated
points do. So the first bundle can always serve. Between bundles `judge` decides.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from histories.clock import date
from histories.contract import Target
from training.bootstrap import Difference
from training.checks import (
    ENOUGH_CONVERSIONS,
    Asked,
    Check,
    Evidence,
    Rivalry,
    beside_champion,
    beside_rules,
    enough,
    enough_unseen,
    in_words,
    model_ratio,
    points_keep_their_word,
    points_ratio,
)


class Decision(StrEnum):
    """What the gate says of a challenger."""

    PROMOTE = "promote"
    KEEP = "keep"  # the champion stays
    CANNOT_TELL = "cannot_tell"  # no fair comparison, or too few conversions: a champion stays
    SAME = "same"  # the challenger is the champion


@dataclass(frozen=True)
class Verdict:
    """What the gate decided and why. `sentence` says it for people; `champion` is the version compared with.

    `uncompared`: what the champion answers and could not be held to, a sentence each.
    """

    decision: Decision
    champion: int | None
    checks: tuple[Check, ...]
    sentence: str
    uncompared: tuple[str, ...] = ()

    @property
    def serves(self) -> bool:
        """Whether the bundle may become champion: where nobody serves, one that cannot be told from others may too."""
        return may_serve(self.decision, self.champion)

    def to_json(self) -> str:
        """Return the verdict as JSON."""
        return json.dumps(asdict(self), indent=2)


@dataclass(frozen=True)
class Answering:
    """Whether a target's model answers in the bundle, or the calibrated points in its place.

    `reason`: why, without a capital and a full stop.
    """

    model: bool
    checks: tuple[Check, ...]
    reason: str


@dataclass(frozen=True)
class Rival:
    """The champion at the time.

    `version` is its number in the registry, `trained_until` the latest time that its training saw (UTC
    microseconds), `rivalries` what both bundles did on the same test snapshots, for each target of the new one.
    `dropped`: what it answers and the new bundle does not.
    """

    version: int
    bundle_version: str
    trained_until: int
    rivalries: tuple[Rivalry, ...]
    dropped: tuple[Asked, ...] = ()

    @property
    def uncompared(self) -> tuple[Rivalry, ...]:
        """Targets for which the two answer other questions."""
        return tuple(one for one in self.rivalries if not one.same_question)


@dataclass(frozen=True, slots=True)
class Lost:
    """A champion, `version`, whose files can no longer be read: it can neither serve nor be compared."""

    version: int


def may_serve(decision: Decision, champion: int | None) -> bool:
    """Tell whether a verdict, given beside a champion or none, lets a bundle serve."""
    return decision is Decision.PROMOTE or (decision is Decision.CANNOT_TELL and champion is None)


def answers(evidence: Evidence) -> Answering:
    """Decide by the test whether the model answers for a target: only where it passes every check beside the rules.

    One is put off to `judge`: where predicted over observed may be right but is not sure to be, the points are no
    surer. Points that answer in its place are asked for theirs.
    """
    checks = beside_rules(evidence)
    failed = [check.sentence for check in checks if not check.passed and not _unsure(check, evidence)]
    if failed:
        points = points_keep_their_word(evidence.target, evidence.points_over_observed)
        return Answering(False, (*checks, points), f"the model may not answer. {' '.join(failed)}".removesuffix("."))
    return Answering(True, checks, f"the model beats the points. {checks[1].sentence}".removesuffix("."))


def _unsure(check: Check, evidence: Evidence) -> bool:
    ratio = evidence.predicted_over_observed
    return check.name == model_ratio(evidence.target) and ratio.low <= 1 <= ratio.high


def points_answer(target: Target, converted_leads: int, ratio: Difference, reason: str) -> Answering:
    """Return that the points answer for a target without a model of its own.

    `converted_leads`: in the test. `ratio`: the calibrated points' predicted over observed there.
    """
    return Answering(False, (enough(target, converted_leads), points_keep_their_word(target, ratio)), reason)


def judge(
    bundle_version: str,
    answering: Sequence[tuple[Target, Answering]],
    audit: Check,
    rival: Rival | Lost | None,
    test_from: int,
    margin: float,
) -> Verdict:
    """Judge a bundle by its checks beside the rules, the leakage audit, and the champion on the same test snapshots.

    `answering`: by target, what answers in it. `audit`: what the leakage audit came to.
    `test_from`: the first cutoff of the test, UTC microseconds: a champion whose training saw anything later than
    that knew some of the answers. `margin`: log loss that the bundle may be worse than the champion by. A lost
    champion counts as none: beside it nothing could ever be promoted.
    """
    champion = rival.version if isinstance(rival, Rival) else None
    checks = tuple(check for _, one in answering for check in one.checks)
    if isinstance(rival, Rival) and rival.bundle_version == bundle_version:
        sentence = f"The champion, version {rival.version}, is this very bundle: nothing changes."
        same = Check("new_bundle", None, None, passed=False, sentence=sentence, asked="a new one")
        return Verdict(Decision.SAME, champion, (*checks, same), sentence)
    checks = (*checks, audit)
    if not audit.passed:
        return Verdict(Decision.KEEP, champion, checks, f"{_stays(champion)} {audit.sentence}")
    untold = _untold(answering)
    if not isinstance(rival, Rival):
        first = f"{_nobody(rival)} {_who_answers(answering)}"
        sentence = f"Cannot tell. {untold} {first}" if untold else first
        return Verdict(Decision.CANNOT_TELL if untold else Decision.PROMOTE, champion, checks, sentence)
    grounds = (_fair(rival, test_from), *_grounds(rival, test_from))
    checks = (*checks, *grounds)
    unfair = " ".join(one.sentence for one in grounds if not one.passed)
    if untold or unfair:
        loud = _uncompared(rival, margin)
        said = " ".join(("Cannot tell.", unfair or untold, _stays(champion), *loud))
        return Verdict(Decision.CANNOT_TELL, champion, checks, said, loud)
    return _beside(rival, checks, margin)


def _grounds(rival: Rival, test_from: int) -> tuple[Check, ...]:
    """What is left to compare by where the champion's training knew a part of the test's leads or accounts."""
    if rival.trained_until > test_from:
        return ()
    unseen = (one for one in rival.rivalries if one.same_question and (one.left_out or one.log_loss is None))
    return tuple(enough_unseen(one) for one in unseen)


def _beside(rival: Rival, checks: tuple[Check, ...], margin: float) -> Verdict:
    against = tuple(check for one in rival.rivalries for check in beside_champion(one, margin))
    checks, loud = (*checks, *against), _uncompared(rival, margin)
    failed = [check.sentence for check in against if not check.passed]
    if failed:
        said = " ".join((_stays(rival.version), *failed, *loud))
        return Verdict(Decision.KEEP, rival.version, checks, said, loud)
    compared = [check.sentence for check in against if check.figure is not None][:1]
    said = " ".join((f"This bundle takes over from version {rival.version}.", *loud, *compared))
    return Verdict(Decision.PROMOTE, rival.version, checks, said, loud)


def _uncompared(rival: Rival, margin: float) -> tuple[str, ...]:
    """Say of what the champion answers that nothing was compared, and what nobody answers any more."""
    said = [beside_champion(one, margin)[0].sentence for one in rival.uncompared]
    lost = [f"Nobody answers for {one.target.value} within {one.days} days any more." for one in rival.dropped]
    return (*said, *lost)


def _untold(answering: Sequence[tuple[Target, Answering]]) -> str:
    """Say what the test is too small to tell, of the first target for which there is such a thing."""
    for target, one in answering:
        for check in one.checks:
            if check.name == f"{target.value}/converted_leads" and not check.passed:
                return (
                    f"For {target.value} the test holds {in_words(round(check.figure or 0))}, and it takes "
                    f"{ENOUGH_CONVERSIONS} to tell two scores apart."
                )
            asked = model_ratio(target) if one.model else points_ratio(target)
            if check.name == asked and not check.passed:
                return f"Its probabilities for {target.value} are not shown to hold. {check.sentence}"
    return ""


def _who_answers(answering: Sequence[tuple[Target, Answering]]) -> str:
    said = [f"with the {'model' if one.model else 'points'} for {target.value}" for target, one in answering]
    return f"It answers {' and '.join(said)}." if len(said) < 3 else f"It answers {', '.join(said)}."


def _nobody(lost: Lost | None) -> str:
    if lost is None:
        return "There was no champion: this bundle becomes the first."
    return (
        f"The champion, version {lost.version}, can no longer be read, and so it can neither serve nor be compared: this "
        "bundle takes its place."
    )


def _stays(champion: int | None) -> str:
    return "Nothing serves yet, and nothing will." if champion is None else f"Version {champion} stays champion."


def _fair(rival: Rival, test_from: int) -> Check:
    seen, test = date(rival.trained_until), date(test_from)
    passed = rival.trained_until <= test_from
    if passed:
        sentence = f"The champion's training saw nothing later than {seen}; the test begins {test}."
    else:
        sentence = (
            f"The champion, version {rival.version}, was trained on what happened until {seen}, so it knew answers "
            f"of the test, which begins {test}; a test that begins later (test_from in the recipe) would be fair."
        )
    return Check("fair_comparison", None, None, passed, sentence, "an unseen test")
