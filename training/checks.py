"""The questions that the gate asks of one target's model, each answered by a figure and a sentence."""

import math
from dataclasses import dataclass

from histories.contract import Target
from training.bootstrap import Difference

ENOUGH_CONVERSIONS = 50
LEAST_RATIO, MOST_RATIO = 0.8, 1.25
LARGE_SHARE = 0.1
LARGE_CONVERSIONS = 20


@dataclass(frozen=True, slots=True)
class Check:
    """One question that the gate asked. `figure` was held against `threshold`; None: nothing was measured.

    `asked`: what the figure had to be, in few words.
    """

    name: str
    figure: float | None
    threshold: float | None
    passed: bool
    sentence: str
    asked: str


@dataclass(frozen=True, slots=True)
class Part:
    """A segment of the test: how many snapshots and converted leads it holds, and the difference in log loss there."""

    name: str
    value: str | None
    snapshots: int
    converted_leads: int
    log_loss: Difference


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a test says of one target's model beside the rules. Differences are model minus rules.

    `precision`: of the calls of a week; None where the export saw the end of no weekly board.
    `predicted_over_observed`: the model's own; `points_over_observed`: that of the calibrated points. `parts`: the
    segments that the recipe names.
    """

    target: Target
    snapshots: int
    converted_leads: int
    log_loss: Difference
    precision: Difference | None
    predicted_over_observed: Difference
    points_over_observed: Difference
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: whether a lead reaches `target` within `days`."""

    target: Target
    days: int


@dataclass(frozen=True, slots=True)
class Rivalry:
    """What a test says of one target's new model beside the champion's. Differences are new minus champion.

    `days`: the horizon of the new bundle; `champion_days`: the champion's, None where it does not answer for the target.
    `log_loss` None: there was nothing to compare by. `converted_leads`: in the `snapshots` that they were compared on;
    `left_out`: snapshots of the test whose lead or account the champion's training knew.
    """

    target: Target
    days: int
    champion_days: int | None
    snapshots: int
    converted_leads: int
    left_out: int
    log_loss: Difference | None
    parts: tuple[Part, ...]

    @property
    def same_question(self) -> bool:
        """Tell whether both answer within the same days."""
        return self.days == self.champion_days


def beside_rules(evidence: Evidence) -> tuple[Check, ...]:
    """Ask whether a model may answer in place of the calibrated points: every check must pass."""
    return (
        enough(evidence.target, evidence.converted_leads),
        _better_than_rules(evidence),
        _no_worse_calls(evidence),
        _keeps_its_word(model_ratio(evidence.target), "It predicts", evidence.predicted_over_observed),
        _segments(evidence.target, evidence.snapshots, evidence.parts, "the rules"),
    )


def points_keep_their_word(target: Target, ratio: Difference) -> Check:
    """Ask whether the calibrated points, where they answer, promise what comes. `ratio`: predicted over observed."""
    return _keeps_its_word(points_ratio(target), "The points predict", ratio)


def model_ratio(target: Target) -> str:
    """Return the name of the check of a model's predicted over observed."""
    return f"{target.value}/predicted_over_observed"


def points_ratio(target: Target) -> str:
    """Return the name of the check of the calibrated points' predicted over observed."""
    return f"{target.value}/points_predicted_over_observed"


def beside_champion(rivalry: Rivalry, margin: float) -> tuple[Check, ...]:
    """Ask whether what a new bundle answers for a target may take the champion's place. `margin`: log loss.

    Where the two answer other questions, the one check says so, and passes.
    """
    if not rivalry.same_question:
        return (_another_question(rivalry, margin),)
    segments = _segments(rivalry.target, rivalry.snapshots, rivalry.parts, "the champion")
    return (_within_margin(rivalry, margin), segments)


def enough_unseen(rivalry: Rivalry) -> Check:
    """Ask whether the snapshots that the champion's training did not know hold enough conversions to compare by."""
    leads = 0 if rivalry.log_loss is None else rivalry.converted_leads
    passed = leads >= ENOUGH_CONVERSIONS
    sentence = (
        f"For {rivalry.target.value}, the part of the test whose leads and accounts the champion's training did not know "
        f"holds {in_words(leads)}"
    )
    if not passed:
        sentence += f", and it takes {ENOUGH_CONVERSIONS} to tell two bundles apart"
    name = f"{rivalry.target.value}/converted_leads_unseen_by_champion"
    return Check(name, leads, ENOUGH_CONVERSIONS, passed, f"{sentence}.", f"at least {ENOUGH_CONVERSIONS}")


def enough(target: Target, converted_leads: int) -> Check:
    """Ask whether the test holds enough conversions for anything to be said at all."""
    passed = converted_leads >= ENOUGH_CONVERSIONS
    sentence = f"The test holds {in_words(converted_leads)}"
    if not passed:
        sentence += f"; below {ENOUGH_CONVERSIONS}, two scores cannot be told apart"
    name = f"{target.value}/converted_leads"
    return Check(name, converted_leads, ENOUGH_CONVERSIONS, passed, f"{sentence}.", f"at least {ENOUGH_CONVERSIONS}")


def in_words(converted_leads: int) -> str:
    """Return `1 converted lead`, `49 converted leads`."""
    return f"{converted_leads} converted {'lead' if converted_leads == 1 else 'leads'}"


def _better_than_rules(evidence: Evidence) -> Check:
    """The whole interval of the difference must lie below 0: better, and not by luck."""
    one = evidence.log_loss
    passed = one.high < 0
    verb = "is below the rules'" if passed else "is not surely below the rules'"
    sentence = f"Its log loss {verb}: {_with_interval(one)}."
    return Check(f"{evidence.target.value}/log_loss_against_rules", one.high, 0.0, passed, sentence, "below 0")


def _no_worse_calls(evidence: Evidence) -> Check:
    name, one = f"{evidence.target.value}/precision_at_capacity_against_rules", evidence.precision
    if one is None:
        sentence = "No weekly board of the test is known to its end."
        return Check(name, None, 0.0, True, sentence, "0 or above")
    passed = not one.high < 0
    verb = "hold no fewer" if passed else "hold fewer"
    sentence = f"The calls of a week {verb} conversions than by the rules: {_with_interval(one)} of the calls."
    return Check(name, one.high, 0.0, passed, sentence, "0 or above")


def _keeps_its_word(name: str, promised: str, one: Difference) -> Check:
    """The whole interval of predicted over observed must lie within bounds, whichever end is the nearer to one."""
    bounds = f"{LEAST_RATIO:g} to {MOST_RATIO:g}"
    if math.isnan(one.value):
        sentence = "None of the test's leads converted: what it predicts cannot be held against anything."
        return Check(name, None, LEAST_RATIO, False, sentence, bounds)
    low, high = one.low >= LEAST_RATIO, one.high <= MOST_RATIO
    figure, threshold = (one.low, LEAST_RATIO) if not low else (one.high, MOST_RATIO)
    sentence = (
        f"{promised} {one.value:.2f} times what came (95% interval {one.low:.2f} to {one.high:.2f}); "
        f"allowed is {bounds}."
    )
    return Check(name, figure, threshold, low and high, sentence, bounds)


def _segments(target: Target, snapshots: int, parts: tuple[Part, ...], other: str) -> Check:
    """No segment that is large enough to judge may be surely worse."""
    name = f"{target.value}/segments_against_{other.removeprefix('the ')}"
    large = [
        one for one in parts if one.snapshots >= LARGE_SHARE * snapshots and one.converted_leads >= LARGE_CONVERSIONS
    ]
    worst = max(large, key=lambda one: one.log_loss.low, default=None)
    if worst is None:
        return Check(name, None, 0.0, True, "No segment is large enough to be judged alone.", "0 or below")
    passed = not worst.log_loss.low > 0
    if passed:
        sentence = f"In none of {len(large)} large segments is it surely worse than {other}."
    else:
        where = f"{worst.name} {'missing' if worst.value is None else worst.value}"
        sentence = f"Where {where}, its log loss is above that of {other}: {_with_interval(worst.log_loss)}."
    return Check(name, worst.log_loss.low, 0.0, passed, sentence, "0 or below")


def _another_question(rivalry: Rivalry, margin: float) -> Check:
    target, days = rivalry.target.value, rivalry.days
    if rivalry.champion_days is None:
        why = f"the champion does not answer for {target}"
    else:
        why = f"the champion answers within {rivalry.champion_days} days, this bundle within {days}"
    sentence = f"Not compared for {target}: {why}."
    return Check(f"{target}/log_loss_against_champion", None, margin, True, sentence, f"at most {margin:g}")


def _within_margin(rivalry: Rivalry, margin: float) -> Check:
    name, one = f"{rivalry.target.value}/log_loss_against_champion", rivalry.log_loss
    asked = f"at most {margin:g}"
    if one is None:
        sentence = f"For {rivalry.target.value}, no snapshot of the test is new to the champion's training."
        return Check(name, None, margin, False, sentence, asked)
    passed = one.value <= margin
    than = f"than the recipe's margin of {margin:g}"
    if one.value < 0:
        verb = "is lower"
    elif passed:
        verb = f"is higher by no more {than}"
    else:
        verb = f"is higher by more {than}"
    sentence = f"For {rivalry.target.value}, its log loss {verb}: {_with_interval(one)}."
    return Check(name, one.value, margin, passed, sentence, asked)


def _with_interval(one: Difference) -> str:
    return f"{one.value:+.4f} (95% interval {one.low:+.4f} to {one.high:+.4f})"
