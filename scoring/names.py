"""Whether what a rulebook names is known where it is to be used."""

from collections.abc import Collection

from histories import toml_file
from histories.contract import Families
from histories.errors import nearest
from histories.toml_file import Table
from scoring.matcher import Matcher
from scoring.rulebook import Rulebook
from scoring.rules import BANT


def check(rulebook: Rulebook, families: Families, attributes: Collection[str], name: str = "rulebook.toml") -> None:
    """Raise CallError, with line and nearest name, where a family or an attribute is not among those that exist.

    `name` stands for the file. A kind that no one has seen yet is no mistake: `silent_rules` finds it.
    """
    table = toml_file.parse(rulebook.source, name)
    conditions = [*table.tables("engagement"), *table.tables("fit")]
    if asked := table.table("qualification"):
        conditions += [part for part in map(asked.table, BANT) if part]
    for condition in conditions:
        _refuse(condition, "family", families.patterns)
        _refuse(condition, "attribute", attributes)
    stages = table.table("stages")
    for part in map(stages.table, ("mql", "sql")) if stages else ():
        if part and part.switch("two_way") and "two_way" not in families.patterns:
            part.fail("two_way", "asks for family two_way, which is not declared; declare it in [families]")


def silent_rules(rulebook: Rulebook, families: Families, kinds: Collection[str]) -> tuple[str, ...]:
    """Return the names of the engagement rules that none of these kinds could ever meet."""
    matcher = Matcher(rulebook, families)
    spoken = {slot for kind in kinds for slot, _ in matcher.slots_of(kind)}
    return tuple(rule.name for slot, rule in enumerate(rulebook.engagement) if slot not in spoken)


def _refuse(table: Table, key: str, known: Collection[str]) -> None:
    name = table.optional_text(key)
    if name is not None and name not in known:
        allowed = ", ".join(sorted(known)) or "none"
        table.fail(key, f"{name!r} is not declared; declared are {allowed}{nearest(name, known)}")
