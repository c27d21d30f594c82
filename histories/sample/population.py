"""Who the simulated leads are: accounts, the people in them, when each becomes a lead, and how well each fits.

An account is drawn from a stream of its own, so that it is the same whatever the number of leads or months after it.
Further people of an account arrive at random in the year after its first, the larger the company the more: a rate
that depends on what is recorded alone.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from histories.compiled import compiled
from histories.sample.streams import Stream, choose, clock, exponential, operational, stream, uniform

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST = 16  # leads that an account has at most
YEAR = 365.0
PEOPLE, EVENTS, ONWARD = 0, 1, 2  # purposes of an account's streams

INDUSTRIES = ("software", "manufacturing", "finance", "healthcare", "logistics", "retail", "education", "public")
INDUSTRY_SHARES = (0.20, 0.18, 0.12, 0.12, 0.10, 0.12, 0.09, 0.07)
INDUSTRY_FIT = (0.45, 0.30, 0.20, 0.0, 0.10, -0.35, -0.60, -0.45)
SIZE_SHARES = (0.30, 0.38, 0.24, 0.08)
SIZE_FIT = (-0.60, 0.15, 0.55, 0.05)
COLLEAGUES_A_YEAR = (0.15, 0.7, 1.7, 2.6)
COUNTRIES = ("NL", "DE", "BE", "GB", "FR", "US")
REGIONS = ("benelux", "dach", "benelux", "uk_ireland", "france", "north_america")
COUNTRY_SHARES = (0.34, 0.26, 0.13, 0.13, 0.08, 0.06)
COUNTRY_FIT = (0.15, 0.10, 0.05, 0.0, -0.20, -0.35)
SENIORITIES = ("c_level", "vp", "manager", "specialist", "student")
SENIORITY_SHARES = (0.10, 0.13, 0.33, 0.36, 0.08)
SENIORITY_FIT = (0.35, 0.50, 0.20, -0.25, -1.30)
ROLES = ("operations", "it", "finance", "marketing", "procurement")
ROLE_SHARES = (0.32, 0.26, 0.17, 0.15, 0.10)
ROLE_FIT = (0.20, 0.15, 0.0, -0.25, -0.05)
SOURCES = ("organic_search", "paid_search", "content", "webinar", "referral", "event", "outbound_list")
SOURCE_SHARES = (0.22, 0.17, 0.24, 0.11, 0.07, 0.09, 0.10)
SOURCE_FIT = (0.20, -0.10, -0.20, 0.15, 0.75, 0.0, -0.60)
UNKNOWN_SIZE_FIT = -0.10
UNKNOWN_SENIORITY_FIT = -0.10
UNKNOWN_SHARE = 0.09

# Columns of `Population.account_traits` and `Population.lead_traits`; -1 stands for a value that is not recorded.
INDUSTRY, EMPLOYEES, SIZE, COUNTRY, SCANNED = range(5)
SENIORITY, ROLE, SOURCE = range(3)


class Population(NamedTuple):
    """All leads, in the order of their accounts. `first` has, for each account, its first lead's row, and one more."""

    first: Ints  # [accounts + 1]
    account_traits: Ints  # [accounts, 5]
    created: Floats  # [leads], whole seconds since 1970
    lead_traits: Ints  # [leads, 3]
    fit: Floats  # [leads]


def _tables() -> tuple[Floats, Floats]:
    shares = (INDUSTRY_SHARES, SIZE_SHARES, COUNTRY_SHARES, SENIORITY_SHARES, ROLE_SHARES, SOURCE_SHARES)
    fits = (INDUSTRY_FIT, SIZE_FIT, COUNTRY_FIT, SENIORITY_FIT, ROLE_FIT, SOURCE_FIT)
    cumulated, effects = np.ones((6, 8)), np.zeros((6, 8))
    for row, (share, fit) in enumerate(zip(shares, fits, strict=True)):
        cumulated[row, : len(share)] = np.cumsum(share)
        effects[row, : len(fit)] = fit
    return cumulated, effects


_SHARES, _FITS = _tables()
_COLLEAGUES = np.array(COLLEAGUES_A_YEAR)


@compiled
def draw_account(source: Stream) -> Ints:
    """Draw a company: industry, employees (-1: not recorded), size class, country, whether its mail is scanned."""
    traits = np.empty(5, np.int64)
    traits[0] = choose(source, _SHARES[0])
    size = choose(source, _SHARES[1])
    low, high = ((2.0, 20.0), (20.0, 200.0), (200.0, 2000.0), (2000.0, 50000.0))[size]
    employees = int(low * (high / low) ** uniform(source))
    unknown = uniform(source) < UNKNOWN_SHARE
    traits[1] = -1 if unknown else employees
    traits[2] = size
    traits[3] = choose(source, _SHARES[2])
    traits[4] = 1 if uniform(source) < 0.15 + 0.15 * size else 0
    return traits


@compiled
def draw_lead(source: Stream) -> Ints:
    """Draw a person: seniority (-1: not recorded), role, source."""
    traits = np.empty(3, np.int64)
    traits[0] = choose(source, _SHARES[3])
    if uniform(source) < UNKNOWN_SHARE:
        traits[0] = -1
    traits[1] = choose(source, _SHARES[4])
    traits[2] = choose(source, _SHARES[5])
    return traits


@compiled
def fit_of(account: Ints, lead: Ints) -> float:
    """Return how well a lead fits: a sum over what is recorded of it, so that the record tells it wholly."""
    fit = _FITS[0, account[0]] + _FITS[2, account[3]] + _FITS[4, lead[1]] + _FITS[5, lead[2]]
    fit += UNKNOWN_SIZE_FIT if account[1] < 0 else _FITS[1, account[2]]
    fit += UNKNOWN_SENIORITY_FIT if lead[0] < 0 else _FITS[3, lead[0]]
    return float(fit)


@compiled
def next_arrival(source: Stream, account: Ints, first: float, now: float) -> float:
    """Return when the account's next lead arrives after `now`, in operational days; infinity: never."""
    size = 1 if account[1] < 0 else account[2]
    arrival = now + exponential(source) / _COLLEAGUES[size] * YEAR
    return arrival if arrival < first + YEAR else np.inf


@compiled
def populate(seed: int, leads: int, start: float, end: float) -> Population:
    """Draw accounts until there are `leads` leads created in [start, end), in operational days.

    The last account may be cut short. Accounts come 30% more often at the end than at the beginning.
    """
    first = np.zeros(leads + 1, np.int64)
    account_traits = np.empty((leads, 5), np.int64)
    created, fit = np.empty(leads), np.empty(leads)
    lead_traits = np.empty((leads, 3), np.int64)
    account, used = 0, 0
    while used < leads:
        source = stream(seed, PEOPLE, account, 0)
        traits = draw_account(source)
        account_traits[account] = traits
        moment, members = start + (end - start) * (np.sqrt(1.0 + 0.69 * uniform(source)) - 1.0) / 0.3, 0
        beginning = operational(np.floor(clock(moment)))
        while moment < end and members < MOST and used < leads:
            created[used] = np.floor(clock(moment))
            lead_traits[used] = draw_lead(source)
            fit[used] = fit_of(traits, lead_traits[used])
            used, members = used + 1, members + 1
            moment = next_arrival(source, traits, beginning, moment)
        account += 1
        first[account] = used
    return Population(first[: account + 1], account_traits[:account], created, lead_traits, fit)
