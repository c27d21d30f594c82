"""What came of making answers again, on a terminal."""

from rich.console import Console
from rich.table import Table

from histories import clock
from histories.printable import printable
from histories.store.database.score_row import ScoreRow
from scoring.kept import SAID, Value, said
from serving.live.replay import Replayed
from serving.live.verify import Verified

_MOMENTS = ("follow_up_by", "valid_until")


def render(replayed: Replayed, console: Console) -> None:
    """Print an answer beside itself, and whether both are the same."""
    given, again = replayed.given, said(replayed.again)
    _tell(console, _heading(given), bold=True)
    _tell(console, _source(given))
    _tell(console, f"  bundle {given.bundle_version}, rulebook {given.rulebook_version}\n")
    table = _table("", "as given", "made again", "")
    differing = {one.field for one in replayed.differences}
    for name in SAID:
        mark = "differs" if name in differing else ""
        table.add_row(name, shown(name, getattr(given, name)), shown(name, again[name]), mark)
    console.print(table)
    if replayed.again.error_message:
        _tell(console, f"It cannot be scored any more: {printable(replayed.again.error_message)}.")
    count = len(replayed.differences)
    _tell(console, "\n" + (_differ(count, " field", " fields") if count else "The same to the last bit."))


def render_verified(found: Verified, seed: int, console: Console) -> None:
    """Print how many answers were made again, and what differs."""
    again = found.drawn - found.forgotten - found.broken
    told = _differ(found.differing, "", "") if found.differing else "none differs."
    _tell(console, f"{again:,} of {found.kept:,} answers made again (seed {seed}): {told}", bold=True)
    if found.forgotten:
        _tell(console, f"{found.forgotten:,} left out: they were made from what is forgotten since.")
    if found.broken:
        _tell(console, f"{found.broken:,} cannot be made again:")
        for number, why in found.complaints:
            _tell(console, f"  answer {number}: {printable(why)}")
    if not found.differing:
        return
    counts = _table("field", "answers", right=1)
    for name, many in found.fields.most_common():
        counts.add_row(name, f"{many:,}")
    console.print(counts)
    examples = _table("answer", "field", "as given", "made again")
    for one in found.examples:
        for each in one.differences:
            values = shown(each.field, each.given), shown(each.field, each.again)
            examples.add_row(str(one.score_id), each.field, *values)
    console.print(examples)


def shown(name: str, value: Value) -> str:
    """Return a value as a reader knows it: a float with all its digits, a moment as a time."""
    if value is None:
        return "–"
    if name in _MOMENTS and isinstance(value, int):
        return clock.iso(value)
    return repr(value) if isinstance(value, float) else printable(str(value))


def _differ(count: int, one: str, many: str) -> str:
    return f"{count:,}{one} differs." if count == 1 else f"{count:,}{many} differ."


def _heading(given: ScoreRow) -> str:
    return f"Answer {given.score_id} for lead {printable(given.lead_id)}, given at {clock.iso(given.answered_at)}"


def _source(given: ScoreRow) -> str:
    told = {
        (True, False): f"from the store at watermark {given.watermark}",
        (True, True): f"from the store at watermark {given.watermark}, and what the request added",
        (False, True): "from what the request told",
    }[bool(given.stored), given.given is not None]
    return f"  as of {clock.iso(given.as_of)}, {told}"


def _table(*heads: str, right: int = 0) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for place, head in enumerate(heads):
        table.add_column(head, justify="right" if right and place == right else "left", overflow="fold")
    return table


def _tell(console: Console, text: str, *, bold: bool = False) -> None:
    console.print(text, style="bold" if bold else "", markup=False, soft_wrap=True)
