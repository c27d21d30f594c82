"""What a sample is made from, and the file that keeps it beside the export."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from histories.errors import CallError, DataError
from histories.sample.hazards import RECORDED_ONLY, WITH_INTENT, Hazards
from histories.sample.population import Population, populate

ENDED = datetime(2026, 1, 1, tzinfo=UTC)
PARAMETERS = "sample.json"
MOST_LEADS, MOST_MONTHS = 5_000_000, 120


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a sample is made from; the same parameters give the same bytes."""

    leads: int
    months: int
    seed: int
    recorded_only: bool

    @property
    def hazards(self) -> Hazards:
        """The constants of its process."""
        return RECORDED_ONLY if self.recorded_only else WITH_INTENT

    @property
    def ended(self) -> float:
        """The export's moment, in operational days: a midnight."""
        return ENDED.timestamp() / 86400.0

    @property
    def started(self) -> float:
        """When the first lead may come, in operational days: the first of a month."""
        month = ENDED.year * 12 + ENDED.month - 1 - self.months
        return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp() / 86400.0

    def population(self) -> Population:
        """Draw the leads."""
        return populate(self.seed, self.leads, self.started, self.ended)


def checked(parameters: Parameters) -> Parameters:
    """Return the parameters; raises CallError where one is out of bounds."""
    for name, value, least, most in (
        ("leads", parameters.leads, 1, MOST_LEADS),
        ("months", parameters.months, 1, MOST_MONTHS),
        ("seed", parameters.seed, 0, 2**31 - 1),
    ):
        if not least <= value <= most:
            raise CallError(f"{name} {value} is out of bounds; it must be at least {least} and at most {most}")
    return parameters


def to_json(parameters: Parameters) -> str:
    """Return what `read_parameters` reads."""
    return json.dumps(asdict(parameters), indent=2) + "\n"


def read_parameters(folder: Path) -> Parameters:
    """Return what the sample in a folder was made from. Raises CallError where it holds none, DataError where damaged."""
    path = folder / PARAMETERS
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise CallError(f"{path}: cannot be read; name a folder that `lead-scoring sample` has written") from None
    except ValueError:
        raise DataError(f"{path}: is not JSON; write the sample again") from None
    kinds = {"leads": int, "months": int, "seed": int, "recorded_only": bool}
    if not isinstance(content, dict) or {name: type(value) for name, value in content.items()} != kinds:
        raise DataError(
            f"{path}: must hold leads, months, seed and recorded_only, nothing else; write the sample again"
        )
    return checked(Parameters(**content))
