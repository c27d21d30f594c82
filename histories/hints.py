"""What in a check a person should act on, in sentences that say what to do."""

from collections.abc import Iterator, Sequence

from histories.check import AttributeFigures, Check
from histories.clock import iso
from histories.contract import Stage

_FEW_CUSTOMERS = 100


def hints(check: Check) -> tuple[str, ...]:
    """Return what to look at, the gravest first."""
    return (*_outcomes(check), *_rows(check), *_kinds(check), *_leads(check), *_attributes(check))


def _outcomes(check: Check) -> Iterator[str]:
    steps = {one.stage: one for one in check.funnel}
    if not steps[Stage.CUSTOMER].leads:
        yield 'No outcome reaches customer, so nothing can be learnt: add [[outcomes]] with stage = "customer".'
    elif steps[Stage.CUSTOMER].leads < _FEW_CUSTOMERS:
        yield f"Only {_number(steps[Stage.CUSTOMER].leads, 'lead became a customer', 'leads became customers')}: figures will be rough, and points may well do better than a model."
    if not steps[Stage.SQL].recorded:
        yield 'No outcome reaches sql: add [[outcomes]] with stage = "sql", or sql stands for what is known of customers.'
    if not check.lost and check.open:
        yield 'No lead is lost: add [[outcomes]] with stage = "lost", or leads that sales has given up count as open.'
    if check.early_outcomes:
        yield f"{_number(check.early_outcomes, 'outcome lies', 'outcomes lie')} before the lead's creation: is created_at the right column?"


def _rows(check: Check) -> Iterator[str]:
    if not check.exported_at_is_given:
        yield f"exported_at is not given; the newest interaction, {iso(check.exported_at)}, stands for it."
    for one in check.sources:
        if not one.rows:
            yield f"{one.name} has no rows."
        if one.ignored:
            yield f"{one.name}: {one.ignored:,} rows are no arrival at a stage by the map in crm.toml."


def _kinds(check: Check) -> Iterator[str]:
    lonely = [one.kind for one in check.kinds if not one.families]
    if lonely:
        yield f"{_number(len(lonely), 'kind belongs', 'kinds belong')} to no family: {_some(lonely)}."
    for family, interactions in check.families.items():
        if not interactions:
            yield f"Family {family} has no interactions: its patterns match no kind."


def _leads(check: Check) -> Iterator[str]:
    if check.leads and check.without_interactions / check.leads >= 0.1:
        share = check.without_interactions / check.leads
        yield f"{share:.0%} of the leads have no interaction: is a source missing?"
    if check.interactions and check.early_interactions / check.interactions >= 0.2:
        share = check.early_interactions / check.interactions
        yield f"{share:.0%} of the interactions lie before their lead's creation: is created_at the right column?"


def _attributes(check: Check) -> Iterator[str]:
    for one in check.attributes:
        share = one.missing / check.leads if check.leads else 0.0
        if share >= 0.95:
            yield f"Attribute {one.name} is empty for {_percent(share)} of the leads."
        elif _is_an_id(one, check.leads):
            yield f"Attribute {one.name} has {one.values:,} values among {check.leads:,} leads: an id tells nothing of the next lead."


def _is_an_id(one: AttributeFigures, leads: int) -> bool:
    return one.values is not None and one.values > 20 and one.values > (leads - one.missing) / 2


def _percent(share: float) -> str:
    """A whole per cent, but never 100% where something is left."""
    return "all" if share == 1 else f"{min(share, 0.99):.0%}"


def _number(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4:,} more"
