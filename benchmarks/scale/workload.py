"""What the generated leads do: kinds and how often they come, families, the columns that are computed of them."""

from dataclasses import dataclass

from features.catalogue import Catalogue
from histories import clock
from histories.contract import Families

START = clock.parse("2025-01-01")
END = clock.parse("2026-01-01")
TIMEZONE = "Europe/Amsterdam"


@dataclass(frozen=True, slots=True)
class Kind:
    """`share`: of all interactions. `inbound`, `outbound`: shares of them; the rest has no direction.

    `mean_value`: of an exponential distribution; 0: the kind has no values.
    """

    name: str
    share: float
    channel: str
    inbound: float = 0.0
    outbound: float = 0.0
    mean_value: float = 0.0


KINDS = (
    Kind("email_sent", 0.27, "email", outbound=1.0),
    Kind("email_open", 0.21, "email", inbound=1.0),
    Kind("session:home", 0.15, "web"),
    Kind("email_click", 0.09, "email", inbound=1.0),
    Kind("session:product_page", 0.08, "web"),
    Kind("session:pricing_page", 0.06, "web"),
    Kind("call", 0.05, "phone", inbound=0.3, outbound=0.7, mean_value=240.0),
    Kind("reply", 0.04, "email", inbound=1.0),
    Kind("webinar", 0.02, "event", inbound=1.0),
    Kind("demo_request", 0.01, "web", inbound=1.0),
    Kind("meeting", 0.01, "phone", inbound=0.5, outbound=0.5, mean_value=2400.0),
    Kind("quote_request", 0.01, "web", inbound=1.0),
)
CHANNELS = ("email", "web", "phone", "event")
FAMILIES = {
    "intent": ("session:pricing_page", "demo_request", "quote_request"),
    "engagement": ("email_open", "email_click", "session:*", "webinar"),
    "two_way": ("reply", "call", "meeting"),
}
# The signals in which values occur.
VALUED = (
    "direction:inbound",
    "direction:outbound",
    "replies",
    "family:two_way",
    "interactions",
    "kind:call",
    "kind:meeting",
)


def catalogue() -> Catalogue:
    """Return the columns that all runs compute; the same for any size."""
    return Catalogue(
        kinds=tuple(kind.name for kind in KINDS),
        families=Families(FAMILIES),
        attributes=(),
        timezone=TIMEZONE,
        channels=CHANNELS,
        valued=VALUED,
    )
