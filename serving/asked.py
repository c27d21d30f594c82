"""Whom a request asks about: leads that it tells whole, and with a history store leads that it names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from histories.contract import LeadHistory
from scoring.answer import Answer
from serving.wire.additions import Additions
from serving.wire.errors import RequestError

Told = LeadHistory | Additions


@dataclass(frozen=True, slots=True)
class Moments:
    """Which request it is, the moment that it asks for, and when it came (UTC microseconds)."""

    request_id: str
    as_of: int
    now: int


@dataclass(frozen=True, slots=True)
class Look:
    """A request's leads, in its order: what was told of each, and the history to score or why there is none.

    `watermark`: what the store knew; 0 without one.
    """

    told: tuple[Told, ...]
    leads: tuple[LeadHistory | RequestError, ...]
    watermark: int = 0

    @property
    def histories(self) -> list[LeadHistory]:
        """Those that can be scored."""
        return [one for one in self.leads if isinstance(one, LeadHistory)]


class Leads(Protocol):
    """Where the leads of a request come from, and where their answers are kept."""

    def look_up(self, told: Sequence[Told]) -> Look:
        """Return all of them in one look. Raises RequestError where they cannot be looked up now."""
        ...

    def keep(self, look: Look, answers: Sequence[Answer], moments: Moments) -> frozenset[str]:
        """Keep the answers, which are those of `look.histories`, for good; return the leads forgotten meanwhile.

        Nothing is to be kept of these, anywhere. Raises RequestError where it fails.
        """
        ...


class ToldLeads:
    """Without a store: a lead is what its request tells, and nothing is kept."""

    def look_up(self, told: Sequence[Told]) -> Look:
        """Return the leads as they were told."""
        return Look(tuple(told), tuple(one for one in told if isinstance(one, LeadHistory)))

    def keep(self, look: Look, answers: Sequence[Answer], moments: Moments) -> frozenset[str]:
        """Keep nothing."""
        del look, answers, moments
        return frozenset()
