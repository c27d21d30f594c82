"""The constants of the simulated process. What they do is written beside the formulas in `rates`.

Rates are per working day; effects are on the logarithm of a rate. Two sets: one with a hidden intent, one in which
everything that moves a rate is recorded.
"""

from typing import NamedTuple


class Hazards(NamedTuple):
    """All constants that differ between the two processes, or that calibration moved."""

    # Hidden intent. A lead's own shocks and a buying window that an account's leads share.
    shock_rate: float  # a day; 0: no hidden intent
    shock_size: float  # mean; exponential
    shock_half_life: float  # days
    window_opens: float  # a day
    window_closes: float  # a day
    window_height: float
    intent_on_acts: float
    intent_on_intent_acts: float
    intent_on_sql: float
    intent_on_opportunity: float
    intent_on_customer: float
    # What a lead does on the web.
    acts: float  # all web acts' rates are multiplied by it
    excitement: float  # how much one act makes the next likelier
    quiet: float  # what is left of a lead's activity in the long run
    fade_half_life: float  # days after creation
    # Stages: a constant, then effects.
    stale: float  # what is left of the hazards of mql and sql in the long run
    mql: float
    sql: float
    sql_fit: float
    sql_intent: float
    sql_two_way: float
    sql_asked: float
    sql_mql: float
    sql_notes: float
    sql_account: float
    opportunity: float
    opportunity_fit: float
    opportunity_two_way: float
    opportunity_intent: float
    opportunity_notes: float
    customer: float
    customer_fit: float
    customer_two_way: float
    customer_intent: float
    customer_notes: float
    lost_lead: float  # a working day
    lost_sql: float
    lost_opportunity: float
    # Changes over the years, from 2024-01-01 on, a year.
    drift_stages: float
    drift_machine_opens: float


WITH_INTENT = Hazards(
    shock_rate=0.012,
    shock_size=1.1,
    shock_half_life=14.0,
    window_opens=0.0022,
    window_closes=0.02,
    window_height=1.0,
    intent_on_acts=0.40,
    intent_on_intent_acts=0.40,
    intent_on_sql=0.60,
    intent_on_opportunity=0.25,
    intent_on_customer=0.30,
    acts=0.75,
    excitement=0.5,
    quiet=0.2,
    fade_half_life=60.0,
    stale=0.6,
    mql=-6.45,
    sql=-8.68,
    sql_fit=0.55,
    sql_intent=0.45,
    sql_two_way=0.6,
    sql_asked=0.9,
    sql_mql=0.7,
    sql_notes=0.6,
    sql_account=0.15,
    opportunity=-3.2,
    opportunity_fit=0.15,
    opportunity_two_way=0.25,
    opportunity_intent=0.15,
    opportunity_notes=0.2,
    customer=-5.4,
    customer_fit=0.2,
    customer_two_way=0.25,
    customer_intent=0.15,
    customer_notes=0.25,
    lost_lead=0.0020,
    lost_sql=0.03,
    lost_opportunity=0.035,
    drift_stages=-0.03,
    drift_machine_opens=0.15,
)
RECORDED_ONLY = WITH_INTENT._replace(
    shock_rate=0.0,
    window_opens=0.0,
    window_height=0.0,
    intent_on_acts=0.0,
    intent_on_intent_acts=0.0,
    intent_on_sql=0.0,
    intent_on_opportunity=0.0,
    intent_on_customer=0.0,
    acts=0.9,
    excitement=1.2,
    mql=-6.3,
    sql=-8.1,
    opportunity=-3.1,
    customer=-4.75,
    sql_fit=0.8,
    sql_intent=0.6,
)
