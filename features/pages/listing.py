"""The catalogue as plain text for a terminal: by what is counted, the windows of a column on one line."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from features.catalogue import Catalogue, Feature
from features.declaration import span
from features.pages.description import MONOTONE, sources
from histories.contract import AttributeType
from histories.errors import listed

_WINDOWED = re.compile(r"(.+)_(\d+d|all)")
_OF_SIGNALS = ("signals", "sums", "trends")
TITLES = {
    "contact": "Who answers whom",
    "rhythm": "Rhythm",
    "variety": "Variety",
    "latest": "The latest interactions",
    "lead": "The lead",
    "stages": "Stages",
    "attributes": "Attributes",
    "account": "The account's other leads",
    "own": "Own features",
}
_NEWS = {1: "; good news for sales", -1: "; bad news for sales", 0: ""}


def text(catalogue: Catalogue, width: int = 100) -> str:
    """Return the whole catalogue in lines of at most `width` characters, but where a name is longer."""
    parts = [_summary(catalogue, width)]
    by_signal = {
        signal.key: [one for block in _OF_SIGNALS for one in catalogue.blocks[block] if one.signal == signal.key]
        for signal in catalogue.signals
    }
    for signal in catalogue.signals:
        title = f"{signal.name}: {signal.what}{_NEWS[signal.favour]}"
        parts.append(_section(title, by_signal[signal.key], catalogue, width))
    parts += [_section(title, catalogue.blocks[block], catalogue, width) for block, title in TITLES.items()]
    return "\n".join(part for part in parts if part) + "\n"


def _summary(catalogue: Catalogue, width: int) -> str:
    rare = (
        f" {len(catalogue.rare_kinds):,} rarer kinds count as other: {listed(catalogue.rare_kinds)}."
        if catalogue.rare_kinds
        else ""
    )
    return _filled(
        f"{len(catalogue.names):,} features, of {len(catalogue.kinds)} kinds with columns of their own, "
        f"{len(catalogue.families.patterns)} families and {len(catalogue.attributes)} attributes; calendar days are those "
        f"of {catalogue.timezone}.{rare} In brackets: the unit; what a column holds where nothing was seen; the direction "
        "that sales would defend, where there is one.",
        width,
        "",
    )


def _section(title: str, features: Iterable[Feature], catalogue: Catalogue, width: int) -> str:
    lines = list(_entries(features, catalogue, width))
    return "\n".join(["", *textwrap.wrap(title, width), *lines]) if lines else ""


def _entries(features: Iterable[Feature], catalogue: Catalogue, width: int) -> Iterator[str]:
    """Columns that differ by their windows alone are one entry; `from` stands where it is another than before."""
    told: tuple[str, ...] = ()
    for (stem, meaning), group in groupby(features, key=_alike):
        members = list(group)
        one = members[0]
        if sources(one, catalogue) != told:
            told = sources(one, catalogue)
            yield _filled(f"from {listed(told)}", width, "  ")
        yield f"  {_name(stem, members)}"
        facts = "; ".join(filter(None, [one.unit, one.absence, MONOTONE[one.monotone]]))
        said = meaning if len(members) > 1 else one.meaning
        yield _filled(f"{said} [{facts}]{_codes(one, catalogue)}", width, "      ")


def _name(stem: str, members: Sequence[Feature]) -> str:
    windows = [found[2] for found in (_WINDOWED.fullmatch(one.name) for one in members) if found]
    return f"{stem}_{{{','.join(windows)}}}" if len(members) > 1 else members[0].name


def _alike(one: Feature) -> tuple[str, str]:
    """What columns that differ by their windows alone have in common: the name before it, and the meaning of any."""
    found = _WINDOWED.fullmatch(one.name)
    if found is None:
        return one.name, one.meaning
    window = found[2]
    meaning = one.meaning.replace(span(window), "in the window before the cutoff")
    return found[1], meaning.replace(f" {window}", " <half-life>")


def _codes(one: Feature, catalogue: Catalogue) -> str:
    specs = {f"attribute:{spec.name}": spec for spec in catalogue.attributes if spec.type is AttributeType.CATEGORY}
    if one.signal in specs:
        return f" Codes from 0: {listed([*specs[one.signal].categories, 'any other'])}."
    return " Codes from 0: the kinds in the order of their columns, then other." if one.categorical else ""


def _filled(words: str, width: int, indent: str) -> str:
    return textwrap.fill(
        words, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
