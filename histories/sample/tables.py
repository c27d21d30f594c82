"""What the CRM's tables hold of the simulated events: one function a file, each returns rows in the order of time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from histories.sample import population as p
from histories.sample import vocabulary as v
from histories.sample.columns import Seconds, ids, local, utc, whole, words
from histories.sample.life import Events

_LANGUAGES = ("nl", "de", "nl", "en", "fr", "en")  # by country
_AGENTS = ("Mozilla/5.0 (Windows NT 10.0)", "Mozilla/5.0 (iPhone)", "SecureMailScanner/2.1")
_MAIL = {
    v.MAIL_SENT: "sent",
    v.MAIL_OPEN: "open",
    v.MAIL_MACHINE_OPEN: "open",
    v.MAIL_CLICK: "click",
    v.MAIL_REPLY: "reply",
    v.MAIL_UNSUBSCRIBE: "unsubscribe",
    v.MAIL_BOUNCE: "bounce",
}
_PAGES = {v.SESSION: "ordinary", v.PRICING: "pricing_page", v.CASE_STUDY: "case_study", v.COMPARISON: "comparison"}
_FORMS = (v.NEWSLETTER, v.FORM, v.DOWNLOAD, v.WEBINAR_SIGNUP, v.DEMO_REQUEST, v.QUOTE_REQUEST)
_CALLS = (v.CALL_UNANSWERED, v.CALL_ANSWERED, v.DISCOVERY_CALL)
_LIFECYCLE = {
    v.MQL: "Marketing Qualified Lead",
    v.SQL: "Sales Qualified Lead",
    v.OPPORTUNITY: "Opportunity",
    v.CUSTOMER: "Customer",
    v.LOST: "Lost",
    v.REOPENED: "Reopened",
}
_LOST_REASONS = ("no_budget", "no_response", "competitor", "timing", "poor_fit")
_AUTHORITIES, _NEEDS = ("decision_maker", "influencer", "none"), ("clear", "vague")


@dataclass(frozen=True, eq=False)
class Simulated:
    """The population, and what happened sorted by time. `ended` is the export's moment, in seconds."""

    population: p.Population
    events: Events
    ended: int
    seed: int

    def only(self, kinds: tuple[int, ...]) -> Events:
        """Return the events of these kinds."""
        kept = np.isin(self.events.event, np.array(kinds, np.int8))
        one = self.events
        return Events(one.lead[kept], one.event[kept], one.second[kept], one.value[kept])


def in_order(events: Events) -> Events:
    """Sort events by time; at one second, by lead."""
    order = np.lexsort((events.event, events.lead, events.second))
    return Events(events.lead[order], events.event[order], events.second[order], events.value[order])


def contacts(simulated: Simulated) -> tuple[pa.Table, Seconds]:
    """One row a lead, as it stands on the day of the export."""
    people, leads = simulated.population, len(simulated.population.created)
    account = np.repeat(np.arange(len(people.first) - 1), np.diff(people.first))
    created = people.created.astype(np.int64)
    country = people.account_traits[account, p.COUNTRY]
    english = _scatter(np.arange(leads), 4) == 0
    standing = standings(simulated.events, leads)
    lost = np.where(standing == v.AT_LOST, _scatter(np.arange(leads) + 7, 5), -1)
    traits = people.lead_traits
    table = pa.table(
        {
            "contact_id": _contact(np.arange(leads)),
            "company_id": ids("A", account + 1),
            "created": local(created),
            "email": _mail_addresses(account, leads),
            "seniority": words(traits[:, p.SENIORITY], p.SENIORITIES),
            "role": words(traits[:, p.ROLE], p.ROLES),
            "source": words(traits[:, p.SOURCE], p.SOURCES),
            "language": words(np.where(english, 6, country), (*_LANGUAGES, "en")),
            "lifecycle_stage": words(standing, ("lead", "mql", "sql", "opportunity", "customer", "other")),
            "lead_status": words(standing, ("new", "nurturing", "working", "deal_open", "won", "unqualified")),
            "lost_reason": words(lost, _LOST_REASONS),
        }
    )
    order = np.argsort(created, kind="stable")
    return table.take(pa.array(order)), created[order]


def _mail_addresses(account: npt.NDArray[np.int64], leads: int) -> pa.Array:
    people, companies = ids("lead-", np.arange(leads) + 1), ids("@company-", account + 1)

    return pc.binary_join_element_wise(people, companies, pa.scalar(".example"), "")


def _contact(leads: npt.NDArray[np.integer]) -> pa.Array:
    return ids("C", leads + 1)


def _scatter(numbers: npt.NDArray[np.integer], into: int) -> npt.NDArray[np.int64]:
    """Spread numbers evenly over 0 ... into - 1, the same on every machine."""
    mixed = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return ((mixed >> np.uint64(33)) % np.uint64(into)).astype(np.int64)


def standings(events: Events, leads: int) -> npt.NDArray[np.int64]:
    """Where each lead stands after all its events (in the order of time): the number of `vocabulary`'s AT_..."""
    standing = np.zeros(leads, np.int64)
    moved = (events.event >= v.MQL) & (events.event <= v.REOPENED)
    after = events.event[moved].astype(np.int64) - v.MQL + v.AT_MQL
    standing[events.lead[moved]] = np.where(after > v.AT_LOST, v.AT_LEAD, after)
    return standing


def companies(simulated: Simulated) -> pa.Table:
    """One row a company."""
    traits = simulated.population.account_traits
    return pa.table(
        {
            "company_id": ids("A", np.arange(len(traits)) + 1),
            "industry": words(traits[:, p.INDUSTRY], p.INDUSTRIES),
            "employees": whole(traits[:, p.EMPLOYEES].astype(float), traits[:, p.EMPLOYEES] < 0),
            "country": words(traits[:, p.COUNTRY], p.COUNTRIES),
            "region": words(traits[:, p.COUNTRY], p.REGIONS),
        }
    )


def email_events(simulated: Simulated) -> tuple[pa.Table, int]:
    """Mails sent and what came of them; with it, how many opens were told late."""
    events = simulated.only(tuple(_MAIL))
    machine = events.event == v.MAIL_MACHINE_OPEN
    number = np.arange(len(events.lead))
    human = np.isin(events.event, (v.MAIL_OPEN, v.MAIL_CLICK, v.MAIL_REPLY, v.MAIL_UNSUBSCRIBE))
    late = np.isin(events.event, (v.MAIL_OPEN, v.MAIL_MACHINE_OPEN)) & (_scatter(number, 6) == 0)
    received = _received(events.second, late, number, simulated.ended)
    table = pa.table(
        {
            "event_id": ids("E", number + 1, 9),
            "contact_id": _contact(events.lead),
            "event_type": words(events.event, tuple(_MAIL[one] for one in range(len(_MAIL)))),
            "occurred_at": utc(events.second),
            "received_at": utc(received),
            "bot": words(machine.astype(np.int64), ("false", "true")),
            "user_agent": words(np.where(machine, 2, np.where(human, _scatter(number, 2), -1)), _AGENTS),
        }
    )
    return table, int(late.sum())


def _received(seconds: Seconds, late: npt.NDArray[np.bool_], number: npt.NDArray[np.integer], ended: int) -> Seconds:
    """When the CRM heard of it: at once, or where late one to 49 hours later, and before the export."""
    delay = np.where(late, 3600 + _scatter(number + 11, 48 * 3600), 0)
    received = seconds + delay
    in_the_hour_twice = (received % 86400 < 7200) & late
    return np.minimum(np.where(in_the_hour_twice, received + 7200, received), np.maximum(seconds, ended - 1))


def web_sessions(simulated: Simulated) -> tuple[pa.Table, int]:
    """Visits of the web site by people who are known; times as Parquet has them, seconds as numbers."""
    events = simulated.only(tuple(_PAGES))
    table = pa.table(
        {
            "session_id": ids("S", np.arange(len(events.lead)) + 1, 9),
            "contact_id": _contact(events.lead),
            "started_at": pa.array(events.second * 1_000_000).cast(pa.timestamp("us", "UTC")),
            "page_type": words(events.event - v.SESSION, tuple(_PAGES.values())),
            "duration_seconds": pa.array(events.value.astype(np.float64)),
        }
    )
    return table, 0


def form_submissions(simulated: Simulated) -> tuple[pa.Table, int]:
    """Forms sent off."""
    events = simulated.only(_FORMS)
    names = tuple(v.KINDS[one].name for one in range(v.NEWSLETTER, v.QUOTE_REQUEST + 1))
    table = pa.table(
        {
            "submission_id": ids("F", np.arange(len(events.lead)) + 1, 8),
            "contact_id": _contact(events.lead),
            "form": words(events.event - v.NEWSLETTER, names),
            "submitted_at": utc(events.second),
        }
    )
    return table, 0


def webinars(simulated: Simulated) -> tuple[pa.Table, int]:
    """Who came to a webinar, without an id; the list is imported some hours or a day later, half of the time."""
    events = simulated.only((v.WEBINAR_ATTENDED,))
    return _imported(events, simulated, "attended_at", {"webinar": ids("W", _scatter(events.lead, 30), 3)}, 2)


def social(simulated: Simulated) -> tuple[pa.Table, int]:
    """Who follows us; imported late a third of the time."""
    events = simulated.only((v.FOLLOW,))
    names = words(_scatter(events.lead, 2), ("linkedin", "youtube"))
    return _imported(events, simulated, "followed_at", {"network": names}, 3)


def _imported(
    events: Events, simulated: Simulated, time: str, more: dict[str, pa.Array], one_in: int
) -> tuple[pa.Table, int]:
    number = np.arange(len(events.lead))
    late = _scatter(number, one_in) == 0
    received = _received(events.second, late, number, simulated.ended)
    columns = {"contact_id": _contact(events.lead), **more, time: local(events.second), "imported_at": local(received)}
    return pa.table(columns), int(late.sum())


def calls(simulated: Simulated) -> tuple[pa.Table, int]:
    """Calls that sales placed; seconds spoken where somebody answered."""
    events = simulated.only(_CALLS)
    table = pa.table(
        {
            "call_id": ids("K", np.arange(len(events.lead)) + 1, 8),
            "contact_id": _contact(events.lead),
            "result": words(events.event - v.CALL_UNANSWERED, tuple(v.KINDS[one].name for one in _CALLS)),
            "placed_at": local(events.second),
            "seconds": whole(events.value),
        }
    )
    return table, 0


def meetings(simulated: Simulated) -> tuple[pa.Table, int]:
    """Meetings held."""
    events = simulated.only((v.MEETING,))
    table = pa.table(
        {
            "meeting_id": ids("M", np.arange(len(events.lead)) + 1, 8),
            "contact_id": _contact(events.lead),
            "held_at": utc(events.second),
            "seconds": whole(events.value),
        }
    )
    return table, 0


def lifecycle_history(simulated: Simulated) -> tuple[pa.Table, int]:
    """Each change of a contact's lifecycle stage, with its day and time."""
    events = simulated.only(tuple(_LIFECYCLE))
    table = pa.table(
        {
            "contact_id": _contact(events.lead),
            "to_stage": words(events.event - v.MQL, tuple(_LIFECYCLE.values())),
            "changed_at": utc(events.second),
        }
    )
    return table, 0


def qualification(simulated: Simulated) -> tuple[pa.Table, int]:
    """What sales has noted of budget (euro), authority, need and timeline (months)."""
    events = simulated.only(tuple(v.NOTES))
    values = np.full(len(events.lead), None, object)
    for note, name in ((v.AUTHORITY, _AUTHORITIES), (v.NEED, _NEEDS)):
        chosen = events.event == note
        values[chosen] = np.array(name, object)[events.value[chosen].astype(int)]
    numeric = (events.event == v.BUDGET) | (events.event == v.TIMELINE)
    values[numeric] = events.value[numeric].astype(int).astype(str)
    table = pa.table(
        {
            "contact_id": _contact(events.lead),
            "field": words(events.event - v.BUDGET, tuple(v.NOTES.values())),
            "value": pa.array(values, pa.string()),
            "noted_at": local(events.second),
        }
    )
    return table, 0


def deals(simulated: Simulated) -> tuple[pa.Table, int]:
    """One row a deal: opened when its lead became an opportunity, closed when it became a customer or was lost."""
    opened, moves = simulated.only((v.OPPORTUNITY,)), simulated.only((v.OPPORTUNITY, v.CUSTOMER, v.LOST))
    order = np.lexsort((moves.second, moves.lead))
    lead, event, second = moves.lead[order], moves.event[order], moves.second[order]
    at = np.flatnonzero(event == v.OPPORTUNITY)
    after = np.minimum(at + 1, len(lead) - 1)
    closed = (after > at) & (lead[after] == lead[at]) & (event[after] != v.OPPORTUNITY)
    back = np.lexsort((opened.second, opened.lead)).argsort()
    closed, after = closed[back], after[back]
    stage = np.where(closed, np.where(event[after] == v.CUSTOMER, 1, 2), 0)
    closing = local(second[after])
    table = pa.table(
        {
            "deal_id": ids("D", np.arange(len(opened.lead)) + 1),
            "contact_id": _contact(opened.lead),
            "opened_at": local(opened.second),
            "deal_stage": words(stage, ("open", "closed_won", "closed_lost")),
            "amount": whole(opened.value),
            "closed_at": pa.array(closing.to_pylist(), pa.string(), mask=~closed),
        }
    )
    return table, 0


MAKERS: dict[str, tuple[Callable[[Simulated], tuple[pa.Table, int]], str]] = {
    "email_events.csv.gz": (email_events, "occurred_at"),
    "web_sessions.parquet": (web_sessions, "started_at"),
    "form_submissions.jsonl": (form_submissions, "submitted_at"),
    "webinars.csv": (webinars, "attended_at"),
    "social.csv": (social, "followed_at"),
    "calls.csv": (calls, "placed_at"),
    "meetings.csv": (meetings, "held_at"),
}
