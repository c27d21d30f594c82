"""Whether the rules that a run measures are those that leads are scored with: an edit may have been published since."""

from dataclasses import dataclass

from training.rulebook_in_force import VERSION
from training.tracking import RULEBOOK_PATH, Tracker

# A run's tag: the version of the published rulebook, where the run went by another.
IN_FORCE = "rulebook_in_force"
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class InForce:
    """A rulebook that was published: its version, who published it on which day (UTC), and the run that keeps it.

    All but the run are "unknown" where MLflow no longer has that.
    """

    version: str
    by: str
    day: str
    run_id: str


def other(tracker: Tracker, version: str) -> InForce | None:
    """Return the published rulebook in force where it is another than `version`; None also where none was published."""
    runs = tracker.published()
    if not runs:
        return None
    tags = tracker.run_tags(runs[-1])
    at = tags.get("published_at", _UNKNOWN)
    found = InForce(tags.get(VERSION, _UNKNOWN), tags.get("published_by", _UNKNOWN), at.partition("T")[0], runs[-1])
    return None if found.version == version else found


def sentence(file: str, version: str, in_force: InForce) -> str:
    """Say which rulebook was measured, which is in force, and how to go by that one or to publish this."""
    return (
        f'"the rules" above are {file}, version {version}; leads are scored with the rulebook in force, version '
        f"{in_force.version}, published by {in_force.by} on {in_force.day}. To go by that one, name its file with "
        f"--rulebook ({RULEBOOK_PATH} of run {in_force.run_id} in MLflow); `lead-scoring rules publish {file}` puts this one "
        "in force."
    )
