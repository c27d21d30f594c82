"""Who may serve: the gate between a challenger and the champion, with every check that led to the verdict."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from histories.clock import date
from histories.contract import Target


class Decision(StrEnum):
    """What the gate says of a challenger."""

    PROMOTE = "promote"
    KEEP = "keep"  # the champion stays
    CANNOT_TELL = "cannot_tell"  # no fair comparison: the champion stays
    SAME = "same"  # the challenger is the champion


@dataclass(frozen=True, slots=True)
class Check:
    """One question that the gate asked. `figure` passes where it is below `threshold`; None: nothing was measured."""

    name: str
    figure: float | None
    threshold: float | None
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """What the gate decided and why. `sentence` says it for people; `champion` is the version compared with."""

    decision: Decision
    champion: int | None
    checks: tuple[Check, ...]
    sentence: str

    def to_json(self) -> str:
        """Return the verdict as JSON."""
        return json.dumps(asdict(self), indent=2)


@dataclass(frozen=True)
class Rival:
    """The champion at the time.

    `version` is its number in the registry, `trained_until` the latest time that its training saw (UTC
    microseconds), `log_loss` its own on the test snapshots, for each target that it knows within the same horizon.
    """

    version: int
    bundle_version: str
    trained_until: int
    log_loss: Mapping[Target, float]


def judge(
    bundle_version: str, log_loss: Mapping[Target, float], rival: Rival | None, test_from: int, margin: float
) -> Verdict:
    """Judge a challenger by its log loss for each target on the test snapshots, beside the champion's on the same.

    The customer probability makes score and grade, so there the challenger must be better; for every other
    target it may be worse by at most `margin`. `test_from`: the first cutoff of the test, UTC microseconds: a
    champion whose training saw anything later than that knew some of the answers.
    """
    if rival is None:
        check = Check("champion", None, None, passed=True, sentence="There was no champion.")
        return Verdict(Decision.PROMOTE, None, (check,), "There was no champion: this bundle becomes the first.")
    if rival.bundle_version == bundle_version:
        sentence = f"The champion, version {rival.version}, is this very bundle: nothing changes."
        check = Check("new_bundle", None, None, passed=False, sentence=sentence)
        return Verdict(Decision.SAME, rival.version, (check,), sentence)
    fair = _fair(rival, test_from)
    if not fair.passed:
        sentence = f"Cannot tell. {fair.sentence} Version {rival.version} stays champion."
        return Verdict(Decision.CANNOT_TELL, rival.version, (fair,), sentence)
    checks = tuple(
        _better(target, mine, rival, 0.0 if target is Target.CUSTOMER else margin) for target, mine in log_loss.items()
    )
    failed = [check for check in checks if not check.passed]
    if failed:
        reasons = " ".join(check.sentence for check in failed)
        sentence = f"Version {rival.version} stays champion. {reasons}"
        return Verdict(Decision.KEEP, rival.version, (fair, *checks), sentence)
    sentence = f"This bundle takes over from version {rival.version}. {checks[0].sentence}"
    return Verdict(Decision.PROMOTE, rival.version, (fair, *checks), sentence)


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
    return Check("fair_comparison", None, None, passed, sentence)


def _better(target: Target, mine: float, rival: Rival, margin: float) -> Check:
    name = f"{target.value}/log_loss_against_champion"
    theirs = rival.log_loss.get(target)
    if theirs is None:
        sentence = f"The champion has no model for {target.value} within the same days."
        return Check(name, None, None, passed=True, sentence=sentence)
    difference = mine - theirs
    passed = difference < 0 if margin == 0 else difference <= margin
    figures = f"{mine:.4f} against the champion's {theirs:.4f}"
    if passed and difference < 0:
        sentence = f"For {target.value}, its log loss is lower: {figures}."
    elif passed:
        sentence = (
            f"For {target.value}, its log loss is higher by no more than the recipe's margin of {margin:g}: {figures}."
        )
    elif margin:
        sentence = (
            f"For {target.value}, its log loss is higher by more than the recipe's margin of {margin:g}: {figures}."
        )
    else:
        sentence = f"For {target.value}, its log loss is not lower: {figures}."
    return Check(name, difference, margin, passed, sentence)
