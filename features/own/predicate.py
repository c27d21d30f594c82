"""Which interactions an own feature counts, in the words of the rulebook: kinds or a family, and what narrows it."""

from dataclasses import dataclass

from histories.contract import Direction, Families
from histories.toml_file import Table

KEYS = ("kinds", "family", "channel", "direction", "at_least")
_LARGEST = 1e300


@dataclass(frozen=True, slots=True)
class Predicate:
    """Interactions of some kinds (`*` allowed) or of a family; None narrows nothing.

    `direction` is meant as in the catalogue's columns: where an interaction does not say its own, the families tell.
    An interaction without a value passes no `at_least`, one without a channel no `channel`.
    """

    kinds: tuple[str, ...] = ()
    family: str | None = None
    channel: str | None = None
    direction: Direction | None = None
    at_least: float | None = None

    def covers(self, kind: str, families: frozenset[str], channel: str | None) -> bool:
        """Tell whether an interaction may count by its kind, that kind's families, and its channel."""
        if self.channel is not None and channel != self.channel:
            return False
        return self.family in families if self.family else bool(Families({"own": self.kinds}).of(kind))

    @property
    def what(self) -> str:
        """What is counted, to complete "How many ..."."""
        kinds = " or ".join(repr(one) for one in self.kinds)
        of = f"family {self.family}" if self.family else f"kind {kinds}"
        return " ".join(
            [
                *([self.direction.value] if self.direction else []),
                f"interactions of {of}",
                *([f"on channel {self.channel!r}"] if self.channel is not None else []),
                *([f"with a value of at least {self.at_least:.12g}"] if self.at_least is not None else []),
            ]
        )


def read(table: Table) -> Predicate:
    """Read the predicate among a block's keys, of own features and of the rulebook.

    Raises CallError where it says neither kinds nor a family, or both.
    """
    kinds, family = table.texts("kinds"), table.optional_text("family")
    if kinds is None and family is None:
        table.missing("kinds", 'write kinds = ["pricing_*"] or family = "intent"; kinds = ["*"] takes all')
    if kinds is not None and family is not None:
        table.fail("family", "stands beside kinds; interactions go by kinds or by a family: leave one of them out")
    direction = table.choice("direction", [one.value for one in Direction])
    return Predicate(
        kinds=kinds or (),
        family=family,
        channel=table.optional_text("channel"),
        direction=Direction(direction) if direction else None,
        at_least=table.number("at_least", -_LARGEST, _LARGEST),
    )
