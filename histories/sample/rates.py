"""How likely each event is, given a lead's state: rates a working day, which hold until the account's next event or day."""

import math

import numpy as np

from histories.compiled import compiled
from histories.sample import vocabulary as v
from histories.sample.hazards import Hazards
from histories.sample.state import (
    ASKED,
    BOUNCED,
    INTENT,
    INVITED,
    MAILED,
    NOTED,
    NOTES,
    OPTED_OUT,
    STANDING,
    STREAK,
    TWO_WAY,
    WARM,
    Floats,
)

_LN2 = math.log(2.0)
_WEB = np.array([v.SESSION, v.CASE_STUDY, v.NEWSLETTER, v.FORM, v.DOWNLOAD, v.WEBINAR_SIGNUP, v.FOLLOW])
_WEB_RATES = np.array([0.050, 0.008, 0.0025, 0.0012, 0.0045, 0.0025, 0.0015])
_INTENT = np.array([v.PRICING, v.COMPARISON, v.DEMO_REQUEST, v.QUOTE_REQUEST])
_INTENT_RATES = np.array([0.0062, 0.0030, 0.00055, 0.0003])


@compiled
def fading(age: float, least: float, h: Hazards) -> float:
    """Return what is left of a new lead's rates at an age (days): half of what lies above `least` every `fade_half_life`."""
    return least + (1.0 - least) * math.exp(-_LN2 * age / h.fade_half_life)


@compiled
def web_rates(rates: Floats, state: Floats, fit: float, age: float, hidden: float, theirs: float, h: Hazards) -> None:
    """Visits and forms: a base rate that fades with age, excited by recent acts, raised by fit and hidden intent."""
    activity = theirs * h.acts * fading(age, h.quiet, h) * (1.0 + h.excitement * min(state[WARM], 10.0))
    activity *= math.exp(0.15 * fit + h.intent_on_acts * hidden)
    for index in range(len(_WEB)):
        rates[_WEB[index]] = activity * _WEB_RATES[index]
    keen = activity * (1.0 + 0.3 * min(state[INTENT], 4.0)) * math.exp(0.15 * fit + h.intent_on_intent_acts * hidden)
    for index in range(len(_INTENT)):
        rates[_INTENT[index]] = keen * _INTENT_RATES[index]
    rates[v.WEBINAR_ATTENDED] = 0.08 * theirs * state[INVITED]


@compiled
def mail_rates(rates: Floats, state: Floats, age: float, hidden: float, theirs: float, ours: float) -> None:
    """Marketing's mails, more of them to new leads; what is answered to them comes while they are fresh."""
    if state[OPTED_OUT] == 0.0 and state[BOUNCED] == 0.0:
        after_the_end = state[STANDING] >= v.AT_CUSTOMER
        rates[v.MAIL_SENT] = ours * (0.008 if after_the_end else 0.085 * math.exp(-_LN2 * age / 45.0) + 0.016)
    fresh = state[MAILED]
    if fresh > 0.01:
        rates[v.MAIL_OPEN] = 0.125 * theirs * fresh * math.exp(0.2 * min(hidden, 3.0))
        rates[v.MAIL_UNSUBSCRIBE] = 0.0018 * theirs * fresh
        if state[STANDING] < v.AT_CUSTOMER:
            warmth = 0.15 * min(state[WARM], 6.0) + 0.5 * min(state[TWO_WAY], 2.0) + 0.3 * min(hidden, 3.0)
            rates[v.MAIL_REPLY] = 0.0045 * theirs * fresh * math.exp(warmth)


@compiled
def sales_rates(rates: Floats, state: Floats, fit: float, ours: float) -> None:
    """Sales calls whom a rulebook would send it to, tires of those who never answer, and notes what it hears."""
    priority = fit + 0.5 * min(state[WARM], 4.0) + 0.9 * min(state[INTENT], 4.0) + 1.5 * min(state[ASKED], 2.0)
    eager = (1.0, 2.5, 3.0, 3.0)[int(state[STANDING])]
    calls = ours * eager * (0.0015 + 0.035 / (1.0 + math.exp(3.0 - priority))) * math.exp(-0.43 * state[STREAK])
    answered = 0.14 + 0.25 * min(state[TWO_WAY], 1.0)
    rates[v.CALL_ANSWERED] = calls * answered
    rates[v.CALL_UNANSWERED] = calls * (1.0 - answered)
    talking = min(state[TWO_WAY], 2.0)
    if state[STANDING] < v.AT_SQL:
        rates[v.DISCOVERY_CALL] = ours * (0.05 * min(state[ASKED], 2.0) + 0.02 * talking)
        rates[v.MEETING] = ours * 0.006 * talking
    else:
        rates[v.MEETING] = ours * (0.035 + 0.02 * talking)
    noting = ours * 0.03 * talking * (0.5 if state[STANDING] == v.AT_LEAD else 1.0)
    noted = int(state[NOTED])
    for note in range(4):
        if not (noted >> note) & 1:
            rates[v.BUDGET + note] = noting


@compiled
def stage_rates(
    rates: Floats, state: Floats, fit: float, hidden: float, colleagues: float, ours: float, eased: float, h: Hazards
) -> None:
    """Proportional hazards of the next stage and of being lost, given what is recorded and the hidden intent.

    `eased` is what drift and, for the early stages, a lead's age leave of them.
    """
    standing, notes = int(state[STANDING]), state[NOTES]
    intent, talking, asked = min(state[INTENT], 4.0), min(state[TWO_WAY], 3.0), min(state[ASKED], 2.0)
    if standing == v.AT_LEAD:
        warmth = 0.25 * min(state[WARM], 6.0) + 0.5 * intent + 1.2 * asked + 0.4 * hidden
        rates[v.MQL] = ours * eased * math.exp(h.mql + 0.5 * fit + warmth)
    if standing <= v.AT_MQL:
        known = h.sql_fit * fit + h.sql_intent * intent + h.sql_two_way * talking + h.sql_asked * asked
        known += (
            h.sql_notes * notes + h.sql_account * min(colleagues, 4.0) + (h.sql_mql if standing == v.AT_MQL else 0.0)
        )
        rates[v.SQL] = ours * eased * math.exp(h.sql + known + h.intent_on_sql * hidden)
        lost = h.lost_lead
    elif standing == v.AT_SQL:
        known = h.opportunity_fit * fit + h.opportunity_two_way * talking + h.opportunity_intent * intent
        known += h.opportunity_notes * notes + h.intent_on_opportunity * hidden
        rates[v.OPPORTUNITY] = ours * eased * math.exp(h.opportunity + known)
        lost = h.lost_sql
    else:
        known = h.customer_fit * fit + h.customer_two_way * talking + h.customer_intent * intent
        known += h.customer_notes * notes + h.intent_on_customer * hidden
        rates[v.CUSTOMER] = ours * eased * math.exp(h.customer + known)
        lost = h.lost_opportunity
    refusal = 1.1 * state[OPTED_OUT] + 0.8 * state[BOUNCED]
    rates[v.LOST] = ours * lost * math.exp(refusal - 0.2 * min(state[WARM], 4.0) - 0.2 * talking - 0.2 * fit)
