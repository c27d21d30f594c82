"""Why a lead's scores changed: the difference between two answers, split into causes that add up to it exactly."""

from scoring.why.causes import CAUSES, Cause
from scoring.why.change import ChanceChange, ChancePart, Moved, MovedInteraction, PointChange, PointPart, Unasked, Why
from scoring.why.ends import End
from scoring.why.grid import GRID, printed
from scoring.why.why import why

__all__ = [
    "CAUSES",
    "GRID",
    "Cause",
    "ChanceChange",
    "ChancePart",
    "End",
    "Moved",
    "MovedInteraction",
    "PointChange",
    "PointPart",
    "Unasked",
    "Why",
    "printed",
    "why",
]
