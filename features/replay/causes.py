"""What it means when a feature row comes out otherwise than it was logged: told by which features differ, and how."""

from collections.abc import Iterator
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from features.catalogue import Catalogue
from features.kernel.arrays import Floats

Flags = NDArray[np.bool_]
_OF_INTERACTIONS = ("signals", "sums", "trends", "contact", "rhythm", "variety", "latest")
_QUARTERS = 4 * 24  # quarters of an hour in a day: no time zone is off by less
_HALF_DAYS = 14 / 24  # the farthest zone
_MICROSECOND = 1 / 86_400_000_000


class Cause(Enum):
    """What is likely to be behind a row that differs."""

    EXPORT = (
        "The moment lies after the export was taken (exported_at): what happened in between is not in it. Replay "
        "against a newer export."
    )
    MORE = (
        "The export has more interactions before the moment than the request had: they arrived after it was scored, "
        "or were not sent. Map received_at, so that what came late does not count, or send all that was known."
    )
    FEWER = (
        "The request had more interactions than the export has: they were deleted, or moved to another lead, since; "
        "or the request repeated some under other ids."
    )
    SHIFTED = (
        "As many interactions, all moved by the same hours: times are in another time zone in the request than in "
        "the export. Look at timezone in crm.toml."
    )
    OTHER = (
        "As many interactions, but of other times, kinds, directions or channels: they were corrected since, or the "
        "request names them otherwise than crm.toml does."
    )
    VALUES = "The same interactions with other values: a value or amount was changed, or is in another unit."
    ATTRIBUTES = (
        "Attributes changed without a date: the export gives today's value for a moment when another was known. "
        "Map dated values with known_at, or leave the attribute out."
    )
    STAGES = "Stages were entered or corrected later, with a time before the moment; or the request left them out."
    CREATED = "created_at is another than it was in the request."
    ACCOUNT_UNSENT = "The request did not send the interactions of the account's other leads, which the export has."
    ACCOUNT_UNKNOWN = "The request sent interactions of the account's others; the export has no account for the lead."
    ACCOUNT = (
        "The account's other leads did more, or less, than the request said: others have joined or left the account, "
        "or what they did arrived later."
    )
    ROUNDING = "The last digits alone: another processor, or another version of the compiled code, computed them."


def causes(
    catalogue: Catalogue, logged: Floats, recomputed: Floats, different: Flags, later: Flags
) -> Iterator[tuple[Cause, Flags]]:
    """Yield causes and the rows in which they show; a row may have several.

    Arrays are [rows, features]; `later` [rows] tells which rows are of moments after the export was taken.
    """
    rounding = _any(different) & ~_any(different & ~_close(logged, recomputed))
    yield Cause.ROUNDING, rounding
    yield Cause.EXPORT, _any(different) & ~rounding & later
    seen = {block: flags & ~rounding & ~later for block, flags in _by_block(catalogue, different).items()}
    yield from _of_interactions(catalogue, logged, recomputed, seen)
    yield Cause.ATTRIBUTES, seen["attributes"]
    yield Cause.STAGES, seen["stages"]
    yield Cause.CREATED, seen["lead"]
    before, after = (np.isnan(one[:, _place(catalogue, "account_others_count_all")]) for one in (logged, recomputed))
    yield Cause.ACCOUNT_UNSENT, seen["account"] & before & ~after
    yield Cause.ACCOUNT_UNKNOWN, seen["account"] & ~before & after
    yield Cause.ACCOUNT, seen["account"] & (before == after)


def _of_interactions(
    catalogue: Catalogue, logged: Floats, recomputed: Floats, seen: dict[str, Flags]
) -> Iterator[tuple[Cause, Flags]]:
    other = np.logical_or.reduce([seen[block] for block in _OF_INTERACTIONS])
    values = other & ~np.logical_or.reduce([seen[block] for block in _OF_INTERACTIONS if block != "sums"])
    count = _place(catalogue, "interactions_count_all")
    more = other & (recomputed[:, count] > logged[:, count])
    fewer = other & (recomputed[:, count] < logged[:, count])
    shifted = other & ~more & ~fewer & _shifted(catalogue, logged, recomputed)
    yield Cause.MORE, more
    yield Cause.FEWER, fewer
    yield Cause.SHIFTED, shifted
    yield Cause.VALUES, values
    yield Cause.OTHER, other & ~(more | fewer | shifted | values)


def _shifted(catalogue: Catalogue, logged: Floats, recomputed: Floats) -> Flags:
    """Tell in which rows the first and the latest interaction moved by the same quarters of an hour."""
    first, latest = (
        recomputed[:, place] - logged[:, place]
        for place in (_place(catalogue, f"interactions_{name}_days") for name in ("since_first", "age"))
    )
    whole = np.abs(latest * _QUARTERS - np.round(latest * _QUARTERS)) < _QUARTERS * _MICROSECOND
    moved: Flags = whole & (latest != 0) & (np.abs(latest) <= _HALF_DAYS) & (np.abs(first - latest) < _MICROSECOND)
    return moved


def _any(flags: Flags) -> Flags:
    """Tell in which rows any flag is set."""
    return np.asarray(flags.any(axis=1))


def _close(one: Floats, other: Floats) -> Flags:
    """Tell where two numbers differ by less than a microsecond does in a hundred days."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(one - other) <= 1e-13 * np.maximum(np.abs(one), np.abs(other)))


def _by_block(catalogue: Catalogue, different: Flags) -> dict[str, Flags]:
    found: dict[str, Flags] = {}
    start = 0
    for name, block in catalogue.blocks.items():
        found[name] = _any(different[:, start : start + len(block)])
        start += len(block)
    return found


def _place(catalogue: Catalogue, name: str) -> int:
    return catalogue.names.index(name)
