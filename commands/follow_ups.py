"""What marketing and sales agreed, and what came of it: `lead-scoring follow-ups`."""

from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import now
from commands.stores import StoreUrl, opened
from commands.terminal import out
from histories.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serving.live.follow_ups import FollowUp, FollowUps, Week


def follow_ups(
    weeks: Annotated[int, typer.Option(min=1, max=520, help="Crossings of so many weeks up to now.")] = 12,
    most: Annotated[int, typer.Option(min=1, help="Leads of each table that are printed; --json has all.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for a scheduler.")] = False,
    store: StoreUrl = None,
) -> None:
    """List whom to follow up: who is overdue, who is due next, and how many were met in time."""
    from histories.clock import DAY
    from histories.store.crossing.following import OUTBOUND
    from serving.live import follow_ups as following

    present = now()
    with opened(store) as kept:
        found = following.follow_ups(kept, present - weeks * 7 * DAY, present)
    if as_json:
        import json

        out.print(json.dumps(_document(found)), soft_wrap=True, markup=False)
        return
    _leads("Overdue", "late", found.overdue, found.now, most)
    _leads("Due next", "left", found.due, found.now, most)
    _weeks(found.weeks)
    if found.weeks and OUTBOUND in found.contact:
        said = (
            "Any outbound interaction counts as contact, mass mail too; a family follow_up in crm.toml says which do."
        )
        out.print(said, style="dim", soft_wrap=True)


def _leads(heading: str, head: str, found: "Sequence[FollowUp]", present: int, most: int) -> None:
    from rich.table import Table

    out.print(f"{heading}: {len(found):,} {'lead' if len(found) == 1 else 'leads'}", style="bold")
    if not found:
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("lead", overflow="fold")
    for name in ("stage", "reached", "by"):
        table.add_column(name, no_wrap=True)
    for name in (head, "score", "points"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found[:most]:
        clock = one.clock
        span = _span(abs(clock.follow_up_by - present))
        moments = _minute(one.since), _minute(clock.follow_up_by)
        table.add_row(
            _plain(clock.lead_id), clock.kind, *moments, span, _number(clock.score), _number(clock.rule_points)
        )
    out.print(table)
    if len(found) > most:
        out.print(f"and {len(found) - most:,} more; --most shows them", style="dim")


def _weeks(found: "Sequence[Week]") -> None:
    from rich.table import Table

    if not found:
        told = "Nothing was to be followed up: no lead crossed to mql or sql in these weeks, or the rulebook has no [follow_up]."
        out.print(told, soft_wrap=True, markup=False)
        return
    out.print("By the week in which the agreed time ends", style="bold")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("week of", "stage"):
        table.add_column(name, no_wrap=True)
    for name in ("met", "missed", "overdue", "due", "ended", "share met"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found:
        counts = (one.met, one.missed, one.overdue, one.due, one.ended)
        share = "–" if one.share_met is None else f"{one.share_met:.0%}"
        table.add_row(one.begins.isoformat(), one.kind, *(f"{count:,}" for count in counts), share)
    out.print(table)


def _document(found: "FollowUps") -> dict[str, object]:
    from histories.clock import iso

    return {
        "now": iso(found.now),
        "contact": list(found.contact),
        "overdue": [_entry(one) for one in found.overdue],
        "due": [_entry(one) for one in found.due],
        "weeks": [
            {
                "week": one.begins.isoformat(),
                "stage": one.kind,
                "met": one.met,
                "missed": one.missed,
                "overdue": one.overdue,
                "due": one.due,
                "ended": one.ended,
                "share_met": one.share_met,
            }
            for one in found.weeks
        ],
    }


def _entry(one: "FollowUp") -> dict[str, object]:
    from histories.clock import iso

    return {
        "lead_id": one.clock.lead_id,
        "stage": one.clock.kind,
        "reached_at": iso(one.since),
        "follow_up_by": iso(one.clock.follow_up_by),
        "score": one.clock.score,
        "rule_points": one.clock.rule_points,
    }


def _minute(moment: int) -> str:
    from histories.clock import iso

    return iso(moment)[:16].replace("T", " ")


def _span(micros: int) -> str:
    """A span in its two largest units."""
    from histories.clock import MINUTE

    minutes = micros // MINUTE
    days, hours = minutes // 1_440, minutes // 60 % 24
    return f"{days:,}d {hours}h" if days else f"{hours}h {minutes % 60}m"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(printable(text))
