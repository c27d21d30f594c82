"""Scores again the leads that something new came of, so that a line is seen to be crossed though nobody asks.

One process at a time does it, by a lease. Which one makes no difference to what comes of it: answers about one lead
take turns where they are kept, so two that do it at once, or one that does it twice, make no crossing twice.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol
from uuid import uuid4

from histories.clock import SECOND
from histories.contract import LeadHistory
from histories.store import Store, StoreUnavailableError
from histories.store.crossing import crossings, touched
from histories.store.crossing.standing import NEWS
from histories.store.database import leases
from histories.store.database.score_row import ScoreRow
from histories.store.kept import answers
from histories.store.known.single import asked
from scoring import kept
from scoring.answer import Status
from scoring.scorer import Scorer
from serving.live.agreed import agreed

_log = logging.getLogger("lead_scoring.rescoring")
NAME = "rescoring"  # of its row in `cursors`
_LEASE = 20 * SECOND
_AT_ONCE = 100  # leads; requests that are scored meanwhile wait for no more
_MOST_REMEMBERED = 200_000  # leads
_LOOK_SECONDS, _PAUSE_SECONDS = 0.5, 5.0


class Listener(Protocol):
    """What hears how far rescoring has come, for the metrics."""

    def rescored(self, leads: int) -> None:
        """Hear that so many leads were scored again."""

    def rescoring_behind(self, batches: int) -> None:
        """Hear how many batches the store has that were not looked at yet."""


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do: leads of new rows up to a watermark, and leads whose standing is to be looked at again."""

    upto: int
    touched: tuple[str, ...]
    ended: tuple[str, ...]


class Rescoring:
    """Rescores in the background, for as long as the process lives. `scorer` gives what answers now."""

    def __init__(
        self,
        store: Store,
        scorer: Callable[[], Scorer],
        now: Callable[[], int],
        listener: Listener,
        most: int,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`most`: interactions of a lead and its account; one that has more is answered for nowhere."""
        self._store, self._scorer, self._now, self._listener, self._pause = store, scorer, now, listener, pause
        self._most, self._warned = most, False
        self._held_until: int | None = None
        # Leads, and what was known when they were scored last: a lead has rows in many batches of an import, and is
        # scored once for all of them. Only what was scored here counts: an answer to a request may speak of an
        # earlier moment, at which some of what the store knew was not visible yet.
        self._scored: dict[str, int] = {}

    def run(self) -> None:
        """Look for what is to be done, again and again. Nothing that goes wrong ends it."""
        while True:
            try:
                self._pause(0 if self.look() else _LOOK_SECONDS)
            except StoreUnavailableError as error:
                _log.error("%s", error)
                self._pause(_PAUSE_SECONDS)
            except Exception as error:  # noqa: BLE001  # a mistake of ours; the cursor stands, so nothing is passed over
                _log.error("rescoring broke off, and begins again: %s", type(error).__name__)
                self._pause(_PAUSE_SECONDS)

    def look(self) -> bool:
        """Do what there is to do, if no other process does; return whether there was any. Raises StoreUnavailableError."""
        work = self._work()
        if work is None or not self._take():
            return False
        for lead_ids in (work.touched, work.ended):
            remaining = iter(lead_ids)
            while part := list(islice(remaining, _AT_ONCE)):
                started = time.monotonic()
                self._rescore(part)
                # Requests come first: half of the time is theirs, whatever has piled up.
                self._pause(time.monotonic() - started)
                if not self._take():
                    return False
        held, self._held_until = self._held_until or 0, None
        self._store.database.written(lambda connection: leases.done(connection, NAME, work.upto, held))
        return True

    def _work(self) -> Work | None:
        with self._store.database.reading() as connection:
            come_to = leases.come_to(connection, NAME)
            new = touched.touched(connection, come_to)
            ended = touched.ended(connection, self._now(), _AT_ONCE)
        self._listener.rescoring_behind(new.newest - come_to)
        if new.watermark == come_to and not ended:
            self._scored.clear()
            return None
        stale = sorted(one for one, watermark in new.leads.items() if self._scored.get(one, -1) < watermark)
        return Work(new.watermark, tuple(stale), tuple(ended))

    def _take(self) -> bool:
        now = self._now()
        until, held = now + _LEASE, self._held_until
        mine = self._store.database.written(lambda connection: leases.taken(connection, NAME, held, now, until))
        self._held_until = until if mine else None
        return mine

    def _rescore(self, lead_ids: Sequence[str]) -> None:
        scorer = self._scorer()
        found = asked(self._store, lead_ids, most=self._most)
        self._warn(len(found.too_large))
        # Read before the moment is taken: what has arrived is visible at it.
        now = self._now()
        wanted = {one.lead_id: one for lead_id, one in found.leads.items() if lead_id not in found.suppressed}
        self._begin(scorer, wanted, now)
        rows = _rows(scorer, wanted.values(), now, now, found.watermark)
        answers.keep(self._store, rows, now, agreed(scorer.rulebook))
        answered = {row.lead_id for row in rows}
        later = {one.lead_id: _next(one, now) for one in wanted.values()}
        again = {one: at for one, at in later.items() if at is not None or one not in answered}
        again |= dict.fromkeys(set(lead_ids) - wanted.keys())
        self._store.database.written(lambda connection: touched.look_again(connection, again))
        if len(self._scored) > _MOST_REMEMBERED:
            self._scored.clear()
        self._scored.update(dict.fromkeys(lead_ids, found.watermark))
        self._listener.rescored(len(rows))

    def _warn(self, too_large: int) -> None:
        """Say once that there are leads of which no crossing is seen."""
        if too_large and not self._warned:
            text = "%d leads have more than %d interactions or colleagues, and are not scored again; %s allows for more"
            _log.warning(text, too_large, self._most, "LEAD_SCORING_MAX_INTERACTIONS")
            self._warned = True

    def _begin(self, scorer: Scorer, leads: dict[str, LeadHistory], now: int) -> None:
        """Let those that were never answered for stand where they stood before: what an export brings is no news."""
        with self._store.database.reading() as connection:
            new = crossings.without_standing(connection, leads.keys())
        then = now - NEWS
        there = [leads[one] for one in sorted(new) if leads[one].created_at <= then]
        rows = _rows(scorer, there, then, now, 0)
        waiting = {one: leads[one].created_at if leads[one].created_at > now else None for one in new}
        if waiting:
            self._store.database.written(lambda connection: crossings.begin(connection, rows, waiting))


def _rows(scorer: Scorer, leads: Iterable[LeadHistory], as_of: int, now: int, watermark: int) -> list[ScoreRow]:
    """The answers about leads, as they are kept; those that cannot be scored are left out."""
    versions = scorer.bundle.version, scorer.rulebook.version
    around = kept.Asked(f"rescoring-{uuid4().hex}", as_of, now, watermark, *versions)
    given = scorer.score(list(leads), as_of, 0)
    return [kept.row(one, around, stored=True, given=None) for one in given if one.status is Status.SCORED]


def _next(lead: LeadHistory, now: int) -> int | None:
    """When something that is known already comes to count: a clock elsewhere is ahead, or it was planned. None: never."""
    moments = [lead.created_at, *(max(one.occurred_at + 1, one.received_at or 0) for one in lead.interactions)]
    moments += [one.known_at for one in lead.attributes if one.known_at is not None]
    moments += [one.reached_at + 1 for one in lead.outcomes]
    return min((one for one in moments if one > now), default=None)
