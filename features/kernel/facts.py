"""What is known of a lead apart from interactions: its age, the stages it has reached, its attributes."""

from features.encoding.zone import EVER
from features.kernel.arrays import Encoded, Floats, Plan
from features.kernel.layout import (
    ATTRIBUTE,
    ATTRIBUTE_END,
    ATTRIBUTES,
    CREATED,
    LEAD,
    STAGE_COUNT,
    STAGES,
    STEP,
    STEP_END,
)
from histories.clock import DAY
from histories.compiled import inlined

_NEVER = EVER


@inlined
def emit_facts(out: Floats, lead: int, cutoff: int, encoded: Encoded, plan: Plan) -> None:
    """Write a lead's age, stages and attributes over a blank row."""
    out[plan.layout[LEAD]] = (cutoff - encoded.leads[lead, CREATED]) / DAY
    _stages(out, lead, cutoff, encoded, plan.layout[STAGES])
    at = plan.layout[ATTRIBUTES]
    for place in range(encoded.leads[lead, ATTRIBUTE], encoded.leads[lead, ATTRIBUTE_END]):
        if encoded.attributes[place, 1] < cutoff:
            out[at + encoded.attributes[place, 0]] = encoded.attribute_values[place]


@inlined
def _stages(out: Floats, lead: int, cutoff: int, encoded: Encoded, at: int) -> None:
    for step in range(encoded.leads[lead, STEP_END] - 1, encoded.leads[lead, STEP] - 1, -1):
        if encoded.steps[step, 0] < cutoff:
            for stage in range(STAGE_COUNT):
                reached = encoded.steps[step, 1 + stage]
                if reached != _NEVER:
                    out[at + 2 * stage] = 1.0
                    out[at + 2 * stage + 1] = (cutoff - reached) / DAY
            return
