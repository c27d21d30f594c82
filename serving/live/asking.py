"""Answers from the history store: leads are looked up in one snapshot, and answers are kept before they go out."""

from collections.abc import Iterator, Sequence

from pydantic_core import to_json

from histories.contract import LeadHistory
from histories.store import Store
from histories.store.database.score_row import ScoreRow
from histories.store.kept import answers, artifacts
from histories.store.kept.artifacts import Kind
from histories.store.known.single import Asked, asked
from scoring import archive as packed
from scoring import kept
from scoring.answer import Answer, Status
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from serving.asked import Look, Moments, Told
from serving.live import unavailable
from serving.live.agreed import agreed
from serving.wire import additions, mapping
from serving.wire.additions import Additions
from serving.wire.errors import Problem, RequestError


def archive(store: Store, bundle: Bundle, rulebook: Rulebook, now: int) -> None:
    """Keep a bundle and a rulebook, so that what they answer can be made again from the store alone.

    It must be called before their first answer. Raises StoreUnavailableError.
    """
    artifacts.archive(store, rulebook.version, Kind.RULEBOOK, rulebook.source.encode(), now)
    artifacts.archive(store, bundle.version, Kind.BUNDLE, packed.packed(bundle), now)


class StoredLeads:
    """The leads of a history store, asked for by a predictor of this bundle and rulebook.

    One that has more than `most` interactions in the store, its account's included, is refused: what is read of a lead
    has a bound, as what is told of one has.
    """

    def __init__(self, store: Store, bundle: Bundle, rulebook: Rulebook, most: int) -> None:
        self._store, self._bundle, self._rulebook, self._most = store, bundle, rulebook, most
        self._agreed = agreed(rulebook)

    def look_up(self, told: Sequence[Told]) -> Look:
        """Return the leads as the store knows them, with what was told; one that was told whole is as it was told.

        Raises RequestError where the store does not answer.
        """
        named = [one.lead_id for one in told if isinstance(one, Additions)]
        whole = [one.lead_id for one in told if isinstance(one, LeadHistory)]
        with unavailable.told():
            found = asked(self._store, named, also=whole, most=self._most)
        return Look(tuple(told), tuple(self._lead(one, found) for one in told), found.watermark)

    def keep(self, look: Look, answers_given: Sequence[Answer], moments: Moments) -> frozenset[str]:
        """Keep the answers, and what they cross, in one transaction; those that could not be scored are not.

        Return the leads that were forgotten meanwhile, of which nothing is kept. Raises RequestError where the store
        does not answer.
        """
        rows = tuple(self._rows(look, answers_given, moments))
        with unavailable.told():
            numbers = answers.keep(self._store, rows, moments.now, self._agreed)
        return frozenset(row.lead_id for row, number in zip(rows, numbers, strict=True) if number is None)

    def _lead(self, told: Told, found: Asked) -> LeadHistory | RequestError:
        if told.lead_id in found.suppressed:
            return RequestError(Problem.SUPPRESSED, "is of a lead that has objected to being scored", "lead_id")
        if isinstance(told, LeadHistory):
            return told
        if told.lead_id in found.too_large:
            return too_large(self._most)
        if told.lead_id not in found.leads:
            message = "is of no lead that the history store knows; send the lead first, or its created_at and all of it"
            return RequestError(Problem.UNKNOWN_LEAD, message, "lead_id")
        return additions.added(found.leads[told.lead_id], told)

    def _rows(self, look: Look, answers_given: Sequence[Answer], moments: Moments) -> Iterator[ScoreRow]:
        request_id, as_of, now = moments.request_id, moments.as_of, moments.now
        around = kept.Asked(request_id, as_of, now, look.watermark, self._bundle.version, self._rulebook.version)
        told = [one for one, lead in zip(look.told, look.leads, strict=True) if isinstance(lead, LeadHistory)]
        for one, answer in zip(told, answers_given, strict=True):
            if answer.status is Status.SCORED:
                yield kept.row(answer, around, stored=isinstance(one, Additions), given=_given(one))


def too_large(most: int) -> RequestError:
    """What is said of a lead that has more than `most` interactions in the store."""
    message = (
        f"is of a lead that has more than {most} interactions in the history store, its account's included; the "
        "service's LEAD_SCORING_MAX_INTERACTIONS allows for more"
    )
    return RequestError(Problem.INVALID_LEAD, message, "lead_id")


def _given(told: Told) -> str | None:
    body = additions.request_of(told) if isinstance(told, Additions) else mapping.request_of(told)
    return None if body is None else to_json(body).decode()
