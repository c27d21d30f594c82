"""Everything that can happen to a simulated lead, numbered: the numbers are the columns of its rates."""

from dataclasses import dataclass

# What the lead does, and what we do. Written to the export as interactions.
(
    MAIL_SENT,
    MAIL_OPEN,
    MAIL_MACHINE_OPEN,
    MAIL_CLICK,
    MAIL_REPLY,
    MAIL_UNSUBSCRIBE,
    MAIL_BOUNCE,
    SESSION,
    PRICING,
    CASE_STUDY,
    COMPARISON,
    NEWSLETTER,
    FORM,
    DOWNLOAD,
    WEBINAR_SIGNUP,
    WEBINAR_ATTENDED,
    DEMO_REQUEST,
    QUOTE_REQUEST,
    FOLLOW,
    CALL_UNANSWERED,
    CALL_ANSWERED,
    DISCOVERY_CALL,
    MEETING,
) = range(23)
# Arrivals at a stage, and what sales notes down. Written as outcomes and as dated attributes.
MQL, SQL, OPPORTUNITY, CUSTOMER, LOST, REOPENED = range(23, 29)
BUDGET, AUTHORITY, NEED, TIMELINE = range(29, 33)
# Hidden: a lead's interest jumps up. Never written.
SHOCK = 33
EVENTS = 34
# Where a lead stands; a number of its own because a lead that was lost can be reopened.
AT_LEAD, AT_MQL, AT_SQL, AT_OPPORTUNITY, AT_CUSTOMER, AT_LOST = range(6)


@dataclass(frozen=True, slots=True)
class Kind:
    """An interaction as the reader of the export will name it."""

    name: str
    channel: str
    direction: str


KINDS = {
    MAIL_SENT: Kind("email_sent", "email", "outbound"),
    MAIL_OPEN: Kind("email_open", "email", "inbound"),
    MAIL_MACHINE_OPEN: Kind("email_open:machine", "email", "inbound"),
    MAIL_CLICK: Kind("email_click", "email", "inbound"),
    MAIL_REPLY: Kind("email_reply", "email", "inbound"),
    MAIL_UNSUBSCRIBE: Kind("email_unsubscribe", "email", "inbound"),
    MAIL_BOUNCE: Kind("email_bounce", "email", "inbound"),
    SESSION: Kind("session:ordinary", "web", "inbound"),
    PRICING: Kind("session:pricing_page", "web", "inbound"),
    CASE_STUDY: Kind("session:case_study", "web", "inbound"),
    COMPARISON: Kind("session:comparison", "web", "inbound"),
    NEWSLETTER: Kind("newsletter_signup", "web", "inbound"),
    FORM: Kind("contact_form", "web", "inbound"),
    DOWNLOAD: Kind("download", "web", "inbound"),
    WEBINAR_SIGNUP: Kind("webinar_signup", "web", "inbound"),
    WEBINAR_ATTENDED: Kind("webinar_attended", "event", "inbound"),
    DEMO_REQUEST: Kind("demo_request", "web", "inbound"),
    QUOTE_REQUEST: Kind("quote_request", "web", "inbound"),
    FOLLOW: Kind("social_follow", "social", "inbound"),
    CALL_UNANSWERED: Kind("call_unanswered", "phone", "outbound"),
    CALL_ANSWERED: Kind("call_answered", "phone", "outbound"),
    DISCOVERY_CALL: Kind("discovery_call", "phone", "outbound"),
    MEETING: Kind("meeting", "meeting", "outbound"),
}
STAGES = {MQL: "mql", SQL: "sql", OPPORTUNITY: "opportunity", CUSTOMER: "customer", LOST: "lost", REOPENED: "lead"}
NOTES = {BUDGET: "budget", AUTHORITY: "authority", NEED: "need", TIMELINE: "timeline"}
