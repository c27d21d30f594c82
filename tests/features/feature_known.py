"""A company in which everything that may go wrong is there: ties, copies, late arrivals, a shared meeting."""

from feature_cases import Case
from feature_histories import CUTOFF, OWNED

from histories.clock import DAY, HOUR
from histories.contract import Attribute, Direction, Interaction, LeadHistory, Outcome, Stage


def _events(prefix: str) -> tuple[Interaction, ...]:
    def event(
        name: str, age: int, kind: str, arrived: int | None = None, direction: Direction | None = None
    ) -> Interaction:
        received_at = None if arrived is None else CUTOFF - arrived
        return Interaction(f"{prefix}:{name}", CUTOFF - age, kind, received_at, "web", direction, age / HOUR)

    return (
        *(event(f"tie-{place}", HOUR, kind) for place, kind in enumerate(("mail", "reply", "pricing", "unseen"))),
        event("three copies", 2 * DAY, "pricing"),
        event("three copies", 40 * DAY, "mail", DAY),
        event("three copies", 10 * DAY, "reply", -DAY),
        event("two copies", 5 * DAY, "pricing", 4 * DAY),
        event("two copies", 6 * DAY, "demo_request", 4 * DAY),
        event("late", 20 * DAY, "reply", -1),
        event("just in time", 20 * DAY, "reply", 0),
        event("ours", 3 * DAY, "mail", None, Direction.OUTBOUND),
        event("theirs", 3 * DAY - HOUR, "demo_unseen", None, Direction.INBOUND),
        event("now", 0, "reply"),
        event("later", -HOUR, "stop"),
        *(event(f"years ago {days}", days * DAY + len(prefix), "mail") for days in (700, 1_400, 3_500, 9_000)),
        Interaction("call now", CUTOFF, "call", CUTOFF),
        Interaction("meeting", CUTOFF - 8 * DAY, "call", CUTOFF - len(prefix) * DAY),
    )


def _lead(lead_id: str, account_id: str | None) -> LeadHistory:
    return LeadHistory(
        lead_id,
        CUTOFF - 50 * DAY,
        account_id,
        (Attribute("industry", "bank"), Attribute("industry", "mine", CUTOFF), Attribute("size", 3.0, CUTOFF - 1)),
        _events(lead_id),
        (Outcome(Stage.MQL, CUTOFF - 9 * DAY), Outcome(Stage.OPPORTUNITY, CUTOFF)),
    )


_STRANGER = LeadHistory(
    "stranger",
    CUTOFF - 77 * DAY,
    None,
    (Attribute("size", 9.0),),
    _events("strange")[::-1],
    (Outcome(Stage.SQL, CUTOFF - DAY),),
)
_SILENT = LeadHistory("silent", CUTOFF - DAY, "quiet")
KNOWN = tuple(
    Case(
        (_lead("a", "acme"), _lead("bb", "acme"), _lead("ccc", "acme"), _lead("dddd", None), _SILENT),
        lead_id,
        CUTOFF,
        OWNED,
        _STRANGER,
        seed,
    )
    for lead_id in ("a", "ccc", "dddd", "silent")
    for seed in range(4)
)
