"""Two answers for a lead of the store, held against each other: those that were given, or would have been."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from histories import clock
from histories.errors import CallError, DataError
from histories.store import Store
from histories.store.database.score_row import ScoreRow
from histories.store.kept import answers
from histories.store.known.single import asked
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.why import End, Why, why
from serving.live.inputs import inputs
from serving.live.replay import Replayer

InForce = Callable[[], tuple[Bundle, Rulebook]]


class UnknownLeadError(DataError):
    """The store knows nothing of the lead."""


class SuppressedError(DataError):
    """The lead has objected: nothing new is said of it."""


class NotYetError(DataError):
    """The lead was not there yet at one of the moments."""


class TooLargeError(DataError):
    """The lead and its account have more interactions than may be read."""


@dataclass(frozen=True, eq=False, slots=True)
class Side:
    """What an answer was made from. `given` None: none was given; it is what would be answered by what is in force."""

    end: End
    given: ScoreRow | None


@dataclass(frozen=True, eq=False, slots=True)
class Compared:
    """Two answers for a lead, the earlier first, and why they differ."""

    lead_id: str
    before: Side
    after: Side
    why: Why


class Comparing:
    """Compares answers. It keeps a few bundles in memory; safe for threads."""

    def __init__(self, store: Store, in_force: InForce, most: int | None = None) -> None:
        """`in_force` gives the bundle and the rulebook by which what was never answered is answered.

        `most`: interactions of a lead and its account that are read for that; None: any number.
        """
        self._store, self._in_force, self._most = store, in_force, most
        self._replayer, self._lock = Replayer(store), Lock()

    def compare(self, lead_id: str, begin: int, until: int, most: int) -> Compared:
        """Return why the answer for a lead at `until` differs from that at `begin` (UTC microseconds).

        An end is the newest answer that was given by then; of what was answered only later, the newest that speaks of
        a moment up to then; without either, or where both ends would be one answer, what would have been answered
        then, by all that the store knows now. What-ifs (answers to which the request added something), and answers of
        which something is forgotten, count as not given. Raises CallError where `begin` is not before `until`,
        UnknownLeadError, SuppressedError, NotYetError, TooLargeError, DataError where what an answer was made from is gone,
        StoreUnavailableError.
        """
        if begin >= until:
            raise CallError(f"{clock.iso(begin)} is not before {clock.iso(until)}; name the earlier moment first")
        given = [
            one
            for one in answers.scores_of(self._store, lead_id)
            if not one.inputs_forgotten and not (one.stored and one.given)
        ]
        first, last = _by(given, begin), _by(given, until)
        if last is not None and first is not None and last.score_id == first.score_id:
            last = None
        before, after = self._side(lead_id, first, begin), self._side(lead_id, last, until)
        if before.end.as_of > after.end.as_of:  # of answers given later for earlier moments
            after = self._side(lead_id, None, until)
        return Compared(lead_id, before, after, why(before.end, after.end, most))

    def _side(self, lead_id: str, given: ScoreRow | None, moment: int) -> Side:
        if given is None:
            return Side(self._now(lead_id, moment), None)
        bundle, rulebook = self._in_force()
        if (bundle.version, rulebook.version) != (given.bundle_version, given.rulebook_version):
            with self._lock:
                scorer = self._replayer.scorer(given)
            bundle, rulebook = scorer.bundle, scorer.rulebook
        return Side(End(inputs(self._store, given), given.as_of, bundle, rulebook), given)

    def _now(self, lead_id: str, moment: int) -> End:
        found = asked(self._store, [lead_id], most=self._most)
        if lead_id in found.suppressed:
            raise SuppressedError(f"lead {lead_id!r} has objected to being scored, and no answer was given then")
        if lead_id in found.too_large:
            raise TooLargeError(f"lead {lead_id!r} and its account have more than {self._most} interactions")
        if lead_id not in found.leads:
            raise UnknownLeadError(f"the store knows no lead {lead_id!r}")
        history = found.leads[lead_id]
        if history.created_at > moment:
            created = clock.iso(history.created_at)
            raise NotYetError(
                f"lead {lead_id!r} was created at {created}, after {clock.iso(moment)}; name a later moment"
            )
        return End(history, moment, *self._in_force())


def _by(given: Sequence[ScoreRow], moment: int) -> ScoreRow | None:
    """Return the newest answer at a moment; None: there is none."""
    spoken = [one for one in given if one.as_of <= moment]
    answered = [one for one in spoken if one.answered_at <= moment]
    return max(answered or spoken, key=lambda one: (one.as_of, one.answered_at, one.score_id or 0), default=None)
