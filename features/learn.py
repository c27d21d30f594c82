"""What a catalogue freezes of a census: which kinds, channels, categories and values get columns or codes."""

from collections.abc import Mapping

from features.census import Census
from features.encoding.signature import GROUP_SHIFT, KIND_MASK, MOST_CHANNELS, MOST_KINDS, Signatures
from features.feature import AttributeSpec
from histories.contract import AttributeType

KIND_LEADS = 50
CATEGORY_LEADS = 20
MOST_CATEGORIES = 200
_MOST_RARE_KINDS = 1000


def kinds(census: Census) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the kinds with columns of their own, the commonest first, and the others that were seen."""
    ranked = _ranked(census.kinds)
    common = [name for name, leads in ranked if leads >= KIND_LEADS][:MOST_KINDS]
    rare = [name for name, _ in ranked if name not in common][:_MOST_RARE_KINDS]
    return tuple(common), tuple(rare)


def channels(census: Census) -> tuple[str, ...]:
    """Return the channels that are told apart, the commonest first."""
    return tuple(name for name, _ in _ranked(census.channels)[:MOST_CHANNELS])


def attributes(census: Census, types: Mapping[str, AttributeType]) -> tuple[AttributeSpec, ...]:
    """Return the attributes by name, each category with the texts that have a code, the commonest first."""
    return tuple(
        AttributeSpec(name, types[name], _categories(census, name) if types[name] is AttributeType.CATEGORY else ())
        for name in sorted(types)
    )


def valued(census: Census, signatures: Signatures, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of `keys` (one for each signal, in order) in whose interactions values occur."""
    found = set()
    for kind, direction, channel in census.valued:
        signature = signatures.of(kind, direction, channel)
        groups = signature >> GROUP_SHIFT
        found |= {signatures.groups, signatures.groups + 1 + (signature & KIND_MASK)}
        found |= {bit for bit in range(signatures.groups) if groups >> bit & 1}
    return tuple(key for place, key in enumerate(keys) if place in found)


def _categories(census: Census, name: str) -> tuple[str, ...]:
    ranked = _ranked(census.categories.get(name, {}))
    return tuple(text for text, leads in ranked if leads >= CATEGORY_LEADS)[:MOST_CATEGORIES]


def _ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Values with the number of leads that have them, the commonest first, equals by name."""
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))
