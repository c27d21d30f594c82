"""Which of a rulebook's conditions an interaction meets."""

from functools import lru_cache

from histories.contract import Families
from scoring.rulebook import Rulebook
from scoring.rules import AttributeCondition, InteractionCondition


class Matcher:
    """Tells which of a rulebook's conditions an interaction meets.

    There is one slot for each engagement rule, one for each part of the qualification (empty where that goes by an
    attribute), and the last two for objections and for contact both ways.
    """

    def __init__(self, rulebook: Rulebook, families: Families) -> None:
        parts = rulebook.qualification.parts if rulebook.qualification else ()
        conditions = [rule.when for rule in rulebook.engagement] + [condition for _, condition in parts]
        self.rulebook = rulebook
        self.first_part = len(rulebook.engagement)
        self.conditions: tuple[InteractionCondition | None, ...] = (
            *(one if isinstance(one, InteractionCondition) else None for one in conditions),
            InteractionCondition(family="negative"),
            InteractionCondition(family="two_way"),
        )
        tests = [rule.when for rule in rulebook.fit] + [one for _, one in parts if isinstance(one, AttributeCondition)]
        self.attributes = frozenset(test.attribute for test in tests)
        self._families = families
        self._globs = Families({f"slot_{n}": one.kinds for n, one in enumerate(self.conditions) if one and one.kinds})
        self.slots_of = lru_cache(maxsize=4096)(self._slots_of)

    def _slots_of(self, kind: str) -> tuple[tuple[int, InteractionCondition | None], ...]:
        """Slots that a kind may fill; with the condition where channel, direction or value narrow it further."""
        families, globs = self._families.of(kind), self._globs.of(kind)
        objection = len(self.conditions) - 2
        return tuple(
            (slot, one if one.channel or one.direction or one.at_least is not None else None)
            for slot, one in enumerate(self.conditions)
            if one and (one.family in families or f"slot_{slot}" in globs)
            # An address that does not work is no wish to be left alone.
            if slot != objection or "bounce" not in kind.lower()
        )
