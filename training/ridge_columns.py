"""What a ridge looks at, of all columns: what a lead is, where it stands, and what it did, forgotten at two speeds.

Columns that say the same again (counts in windows beside decayed counts, trends, gaps, ratios) are left to the trees: a
ridge shares a weight out among them, and each adds its noise. The account's other leads have counts in windows alone:
those of 30 days. docs/decisions/0037 has what that is worth.
"""

from dataclasses import dataclass

from features.catalogue import Catalogue
from features.feature import Feature

_FORGOTTEN = ("_decayed_7d", "_decayed_30d")
_OTHERS = "_30d"


@dataclass(frozen=True, slots=True)
class RidgeColumns:
    """Numbers of columns, each in one place at most. `names`: of all columns of the matrix.

    `lines`: numbers whose logarithm goes along a line; `codes`: of categories; `ranges`: numbers that need not go along
    one, such as a headcount.
    """

    names: tuple[str, ...]
    lines: tuple[int, ...]
    codes: tuple[int, ...]
    ranges: tuple[int, ...]


def of(catalogue: Catalogue) -> RidgeColumns:
    """Choose from a catalogue's columns. A team's own features are all looked at."""
    blocks = catalogue.blocks
    taken = {
        *(one.name for one in blocks["signals"] if one.name.endswith(_FORGOTTEN)),
        *(one.name for one in blocks["account"] if one.name.endswith(_OTHERS)),
        *(one.name for one in blocks["stages"] if one.unit == "flag"),
        *(one.name for block in ("lead", "own") for one in blocks[block]),
    }
    attributes = {one.name for one in blocks["attributes"]}
    features: list[tuple[int, Feature]] = list(enumerate(catalogue.features))
    return RidgeColumns(
        catalogue.names,
        lines=tuple(place for place, one in features if one.name in taken and not one.categorical),
        codes=tuple(place for place, one in features if one.name in taken | attributes and one.categorical),
        ranges=tuple(place for place, one in features if one.name in attributes and not one.categorical),
    )
