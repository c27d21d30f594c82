"""Why two answers for one lead differ: the points and each probability, split into causes."""

from dataclasses import replace

from scoring.answer import MOST_REASONS
from scoring.why import chances, points, told
from scoring.why.change import ChanceChange, ChancePart, Moved, PointChange, PointPart, Why
from scoring.why.ends import End, Pair


def why(begin: End, end: End, most: int = 3) -> Why:
    """Return what the scores changed by from `begin` to `end`, and which cause by how much.

    `most` (0 to 10) bounds what is told within a cause. The lead must have been there at both moments. Where `begin`
    is the later one, the parts are those of the way back, with the other sign; words still tell the way of time.
    """
    if not 0 <= most <= MOST_REASONS:
        raise ValueError(f"most: {most!r} is out of bounds; it must be 0 to {MOST_REASONS}")
    forward = begin.as_of <= end.as_of
    pair = Pair(begin, end) if forward else Pair(end, begin)
    of_points = points.change(pair, most)
    of_chances, unasked = chances.changes(pair, most)
    if not forward:
        of_points, of_chances = _points_back(of_points), tuple(map(_chance_back, of_chances))
    return Why(of_points, of_chances, unasked, told.facts(pair))


def _points_back(one: PointChange) -> PointChange:
    parts = (PointPart(part.cause, -part.points, _back(part.moved), -part.rest) for part in one.parts)
    return PointChange(one.after, one.before, tuple(parts))


def _chance_back(one: ChanceChange) -> ChanceChange:
    parts = (
        ChancePart(part.cause, 0.0 - part.probability, 0.0 - part.log_odds, _back(part.moved), 0.0 - part.rest)
        for part in one.parts
    )
    return ChanceChange(one.target, one.horizons[::-1], one.probabilities[::-1], one.log_odds[::-1], tuple(parts))


def _back(moved: tuple[Moved, ...]) -> tuple[Moved, ...]:
    return tuple(
        replace(
            one,
            effect=-one.effect,
            interactions=tuple(replace(inner, points=-inner.points) for inner in one.interactions),
        )
        for one in moved
    )
