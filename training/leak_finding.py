"""What the leakage audit says of one field, and when a figure is too good to be true."""

from dataclasses import dataclass
from enum import StrEnum

from histories.contract import Target

LOOK, BLOCK = 0.85, 0.95  # an AUC above asks for a look, or stops
LOOK_LOW, BLOCK_LOW = 0.75, 0.85  # and its lower bound must be above these, so that few conversions stop nothing
ATTRIBUTE = "attribute:"
KIND = "kind:"
MODEL = "model"  # the field of what no single field explains


class Verdict(StrEnum):
    """What follows from a finding, the gravest first."""

    BLOCK = "block"
    LOOK = "look"
    NOTE = "note"
    CLEAR = "clear"


class Probe(StrEnum):
    """What was looked at."""

    VALUE = "value"  # does the field alone tell who converts
    FILLED = "filled"  # does it tell by being filled in
    END = "end"  # does an undated field tell how the lead stood when the export was taken
    ONLY = "only"  # do hardly any but those who convert have it
    GAIN = "gain"  # does a small model live on it
    UNDATED = "undated"  # does an undated field look as if it were set later
    AFTER = "after"  # what lies after the outcome
    MODEL = "model"  # is the whole model too good


@dataclass(frozen=True, slots=True)
class Finding:
    """One field under one probe. `field`: an attribute's name, else what the catalogue calls its signal (`kind:call`).

    `target` None: of the export as a whole. `figure`: an AUC for `value`, `filled`, `end` and `model`, what the AUC
    loses without the field for `gain`, a share of leads for `only` and `undated`, a count for `after`; `low`: its lower
    bound, None where it has none. `sentence` says it in words.
    """

    field: str
    probe: Probe
    target: Target | None
    figure: float
    low: float | None
    verdict: Verdict
    sentence: str


def of_auc(auc: float, low: float) -> Verdict:
    """Judge an AUC that one field reaches alone, by itself and by its lower bound."""
    if auc > BLOCK and low > BLOCK_LOW:
        return Verdict.BLOCK
    return Verdict.LOOK if auc > LOOK and low > LOOK_LOW else Verdict.CLEAR


def field_of(signal: str) -> str:
    """Return what a field is called: an attribute by its own name, anything else by the catalogue's signal."""
    return signal.removeprefix(ATTRIBUTE)
