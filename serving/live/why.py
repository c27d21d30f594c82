"""Answers `/v1/why`: two answers for a lead held against each other, in the wire's words and numbers."""

from collections.abc import Mapping
from decimal import Decimal

from pydantic import ValidationError

from histories import clock
from histories.errors import DataError
from histories.store import Store
from scoring.rules import HUNDREDTHS
from scoring.scorer import Scorer
from scoring.why import GRID, Cause, ChanceChange, Moved, PointChange, printed
from serving.live import unavailable
from serving.live.asking import too_large
from serving.live.comparing import (
    Compared,
    Comparing,
    NotYetError,
    Side,
    SuppressedError,
    TooLargeError,
    UnknownLeadError,
)
from serving.live.intake import parsed
from serving.wire import complaint
from serving.wire.errors import Problem, RequestError
from serving.wire.reply import Counts, Reply
from serving.wire.why import (
    CauseName,
    WhyRequest,
    WhyResponse,
    WireCause,
    WireMovedInteraction,
    WireMovedReason,
    WireMovedRule,
    WirePointChange,
    WirePointPart,
    WireProbabilityChange,
    WireProbabilityPart,
    WireSide,
    WireUnasked,
)

PERCENT_DECIMALS = 2
HEADINGS: Mapping[Cause, str] = {
    Cause.INTERACTIONS: "New interactions",
    Cause.AGEING: "Decay and ageing",
    Cause.ATTRIBUTES: "What is known of the lead",
    Cause.STAGES: "Stages reached",
    Cause.ACCOUNT: "The account's others",
    Cause.RULEBOOK: "Rulebook edit",
    Cause.MODEL: "Model swap",
    Cause.CALIBRATION: "Calibration",
}


class WhyAnswers:
    """Answers why scores changed, by what a service has in force."""

    def __init__(self, store: Store, scorer: Scorer, most: int) -> None:
        """`most`: interactions of a lead and its account that are read where no answer was given."""
        self._comparing = Comparing(store, lambda: (scorer.bundle, scorer.rulebook), most)
        self._version, self._most = scorer.bundle.version, most

    def why(self, body: bytes, request_id: str, now: int) -> Reply:
        """Answer `/v1/why`. Raises RequestError."""
        request = _read(body)
        until = now if request.to_time is None else request.to_time
        if until > now:
            raise RequestError(Problem.INVALID_REQUEST, "lies in the future; nothing is known of it yet", "to_time")
        if request.from_time >= until:
            raise RequestError(Problem.INVALID_REQUEST, "is not before to_time; name the earlier moment", "from_time")
        compared = self._compared(request, until)
        return Reply(response(compared, request_id).model_dump_json().encode(), self._version, Counts())

    def _compared(self, request: WhyRequest, until: int) -> Compared:
        """Errors below may quote the lead, so that the wire says its own."""
        try:
            with unavailable.told():
                return self._comparing.compare(request.lead_id, request.from_time, until, request.reasons)
        except UnknownLeadError:
            raise RequestError(Problem.UNKNOWN_LEAD, "is of no lead that the history store knows", "lead_id") from None
        except SuppressedError:
            message = "is of a lead that has objected to being scored, and one of the answers was never given"
            raise RequestError(Problem.SUPPRESSED, message, "lead_id") from None
        except TooLargeError:
            raise too_large(self._most) from None
        except NotYetError:
            message = "lies before the lead was created; name a later moment"
            raise RequestError(Problem.INVALID_REQUEST, message, "from_time") from None
        except DataError:
            message = "is of a lead whose answers cannot be made again: something that they were made from is gone"
            raise RequestError(Problem.INVALID_LEAD, message, "lead_id") from None


def _read(body: bytes) -> WhyRequest:
    raw = parsed(body)
    try:
        return WhyRequest.model_validate(raw)
    except ValidationError as error:
        raise complaint.of(error, Problem.INVALID_REQUEST, WhyRequest) from None


def response(compared: Compared, request_id: str) -> WhyResponse:
    """Return the body that tells a comparison."""
    found = compared.why
    return WhyResponse(
        request_id=request_id,
        lead_id=compared.lead_id,
        before=_side(compared.before),
        after=_side(compared.after),
        causes=tuple(WireCause(cause=_name(cause), facts=facts) for cause, facts in found.facts.items()),
        points=_points(found.points),
        probabilities=tuple(map(_probability, found.chances)),
        unasked=tuple(WireUnasked(target=one.target.value, text=one.text) for one in found.unasked),
    )


def _side(side: Side) -> WireSide:
    given = side.given
    said = "No answer was given: this is what would have been answered by the model and the rulebook in force"
    return WireSide(
        as_of=clock.iso(side.end.as_of),
        answered_at=None if given is None else clock.iso(given.answered_at),
        text=said if given is None else "The answer that was given",
        model_version=side.end.bundle.version,
        rulebook_version=side.end.rulebook.version,
    )


def _name(cause: Cause) -> CauseName:
    return cause.value


def _points(change: PointChange) -> WirePointChange:
    return WirePointChange(
        before=change.before / HUNDREDTHS,
        after=change.after / HUNDREDTHS,
        parts=tuple(
            WirePointPart(
                cause=_name(one.cause),
                text=f"{HEADINGS[one.cause]}: {signed(one.points)} points",
                effect=one.points / HUNDREDTHS,
                moved=tuple(map(_rule, one.moved)),
                rest=one.rest / HUNDREDTHS,
            )
            for one in change.parts
        ),
    )


def _rule(moved: Moved) -> WireMovedRule:
    interactions = tuple(
        WireMovedInteraction(
            interaction_id=one.interaction_id,
            kind=one.kind,
            occurred_at=clock.iso(one.at),
            effect=one.points / HUNDREDTHS,
        )
        for one in moved.interactions
    )
    return WireMovedRule(code=moved.code, text=moved.text, effect=moved.effect / HUNDREDTHS, interactions=interactions)


def _probability(change: ChanceChange) -> WireProbabilityChange:
    _, _, shown = printed(*change.probabilities, [one.probability for one in change.parts], PERCENT_DECIMALS + 2)
    return WireProbabilityChange(
        target=change.target.value,
        horizon_days_before=change.horizons[0],
        horizon_days_after=change.horizons[1],
        before=change.probabilities[0],
        after=change.probabilities[1],
        log_odds_before=change.log_odds[0],
        log_odds_after=change.log_odds[1],
        parts=tuple(
            WireProbabilityPart(
                cause=_name(one.cause),
                text=f"{HEADINGS[one.cause]}: {signed(percent)} percentage points",
                effect=one.probability,
                log_odds_effect=one.log_odds,
                moved=tuple(
                    WireMovedReason(code=moved.code, text=moved.text, effect=moved.effect * GRID) for moved in one.moved
                ),
                rest=one.rest,
            )
            for one, percent in zip(change.parts, shown, strict=True)
        ),
    )


def signed(count: int, decimals: int = 2) -> str:
    """Write a number given in units of its last decimal, with its sign.

    >>> signed(1400), signed(-205), signed(0)
    ('+14.00', '-2.05', '0.00')
    """
    return f"{Decimal(count).scaleb(-decimals):{'+' if count else ''}.{decimals}f}"
