"""Who is to be followed up by when, against what marketing and sales agreed, and how often that was kept."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from histories import clock
from histories.contract import Stage
from histories.errors import DataError
from histories.store import Store
from histories.store.crossing.following import Clock, Following, following
from histories.store.kept import artifacts
from histories.store.kept.artifacts import Kind
from scoring import archive
from scoring.rulebook import Rulebook
from serving.live.agreed import agreed


class Outcome(StrEnum):
    """What became of a clock by now.

    `due`: nobody spoke to the lead, and there is time. `overdue`: nobody did, and there was. `met`: somebody did in
    time. `missed`: nobody did in time, somebody did since, or it was decided without. `ended`: it was decided, or a
    deal was made of it, before the time was over.
    """

    DUE = "due"
    OVERDUE = "overdue"
    MET = "met"
    MISSED = "missed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One clock: since when it runs and what became of it. `contacted_at`: the first contact since, None: there was none."""

    clock: Clock
    since: int
    contacted_at: int | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Week:
    """The clocks of one stage that end in one week, which begins on Monday, by what became of them (as `Outcome`)."""

    begins: date
    kind: str
    due: int
    overdue: int
    met: int
    missed: int
    ended: int

    @property
    def share_met(self) -> float | None:
        """Met, of those that were met or not; None: nothing was to be met."""
        judged = self.met + self.missed + self.overdue
        return self.met / judged if judged else None


@dataclass(frozen=True)
class FollowUps:
    """All clocks at a moment, by the moment at which they end.

    `timezone` says when a week begins; `contact`: the families that are contact, as `Following` has them.
    """

    now: int
    timezone: str
    contact: tuple[str, ...]
    all: tuple[FollowUp, ...]

    @cached_property
    def overdue(self) -> tuple[FollowUp, ...]:
        """Leads to whom nobody spoke in time nor since, each once, the longest overdue first."""
        return tuple(_first_of_each(one for one in self.all if one.outcome is Outcome.OVERDUE))

    @cached_property
    def due(self) -> tuple[FollowUp, ...]:
        """Leads to whom nobody spoke yet, and for whom there is time, each once, the next first; none that is overdue."""
        late = {one.clock.lead_id for one in self.overdue}
        open_ = (one for one in self.all if one.outcome is Outcome.DUE and one.clock.lead_id not in late)
        return tuple(_first_of_each(open_))

    @cached_property
    def weeks(self) -> tuple[Week, ...]:
        """Counts by the week in which clocks end and by stage, the newest week first, sql before mql."""
        zone = ZoneInfo(self.timezone)
        counts = Counter((_monday(one.clock.follow_up_by, zone), one.clock.kind, one.outcome) for one in self.all)
        keys = sorted({(begins, kind) for begins, kind, _ in counts}, reverse=True)
        return tuple(Week(*key, *(counts[(*key, one)] for one in Outcome)) for key in keys)


def follow_ups(store: Store, since: int, now: int) -> FollowUps:
    """Return the follow-ups of crossings made since a moment, as they stand now. Raises StoreUnavailableError."""
    found = following(store, since, now)
    books = _books(store, {one.rulebook_version for one in found.clocks if one.rulebook_version})
    judged = tuple(judge(one, found, books, now) for one in found.clocks)
    return FollowUps(now, found.timezone, found.contact, judged)


def judge(one: Clock, found: Following, books: Mapping[str, Rulebook], now: int) -> FollowUp:
    """Say what became of a clock by now. It was met by a contact from its start on, up to the moment at which it ends."""
    since = _since(one, books)
    contacted_at = _first_from(found.contacts.get(one.lead_id, []), since)
    closed_at = _first_from(found.closings.get(one.lead_id, []), since)
    by = one.follow_up_by
    if contacted_at is not None and contacted_at <= by:
        outcome = Outcome.MET
    elif closed_at is not None and closed_at <= by:
        outcome = Outcome.ENDED
    elif contacted_at is not None or closed_at is not None:
        outcome = Outcome.MISSED
    else:
        outcome = Outcome.DUE if now <= by else Outcome.OVERDUE
    return FollowUp(one, since, contacted_at, outcome)


def _since(one: Clock, books: Mapping[str, Rulebook]) -> int:
    """When the line was crossed: the agreed hours before the end; where they are not known, when it was noticed."""
    book = books.get(one.rulebook_version or "")
    if book is None:
        return one.as_of
    hours = agreed(book)
    span = hours.sql if Stage.SQL.value in {one.kind, one.on_record} else hours.mql
    return one.as_of if span is None else min(one.follow_up_by - span, one.as_of)


def _books(store: Store, versions: Iterable[str]) -> dict[str, Rulebook]:
    found = {}
    for version in versions:
        try:
            found[version] = archive.rulebook(artifacts.artifact(store, version, Kind.RULEBOOK), version)
        except DataError:  # of a version of this program whose rulebooks this one cannot read
            continue
    return found


def _first_from(moments: list[int], since: int) -> int | None:
    place = bisect_left(moments, since)
    return moments[place] if place < len(moments) else None


def _first_of_each(found: Iterable[FollowUp]) -> Iterator[FollowUp]:
    seen: set[str] = set()
    for one in found:
        if one.clock.lead_id not in seen:
            seen.add(one.clock.lead_id)
            yield one


def _monday(moment: int, zone: ZoneInfo) -> date:
    day = datetime.fromtimestamp(moment // clock.SECOND, zone).date()
    return day - timedelta(days=day.weekday())
