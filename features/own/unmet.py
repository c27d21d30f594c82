"""Own features that nothing in an export can meet: what they name may be mistyped."""

from collections.abc import Iterable, Iterator, Sequence

from features.census import Census
from features.own.features import Aggregate, Aggregation, OwnFeature
from features.own.predicate import Predicate
from histories.contract import Families
from histories.errors import nearest


def unmet(own: Sequence[OwnFeature], counted: Census, families: Families) -> Iterator[str]:
    """Yield a message for each aggregate that takes no interaction of the leads that were counted.

    Known of these are kinds, channels, and where values occur: a direction, or how large values are, is not looked at.
    """
    for one in own:
        if isinstance(one.formula, Aggregate):
            problem = _problem(one.formula, counted, families)
            if problem is not None:
                yield f"own feature {one.name!r} takes nothing in this export: {problem}"


def _problem(formula: Aggregate, counted: Census, families: Families) -> str | None:
    about = formula.predicate
    if about.channel is not None and about.channel not in counted.channels:
        return f"no interaction has channel {about.channel!r}{nearest(about.channel, counted.channels)}"
    if not _covered(about, ((kind, about.channel) for kind in counted.kinds), families):
        if about.family is not None:
            return f"no interaction is of family {about.family!r}"
        hints = (nearest(kind, counted.kinds) for kind in about.kinds)
        return f"no interaction is of kind {' or '.join(map(repr, about.kinds))}{next(filter(None, hints), '')}"
    needs_values = about.at_least is not None or formula.aggregation is Aggregation.SUM
    if needs_values and not _covered(about, ((kind, channel) for kind, _, channel in counted.valued), families):
        return "no interaction that it takes has a value"
    return None


def _covered(about: Predicate, seen: Iterable[tuple[str, str | None]], families: Families) -> bool:
    return any(about.covers(kind, families.of(kind), channel) for kind, channel in seen)
