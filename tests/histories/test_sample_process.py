"""The simulated process: its rates, what it may and may not do, and that each account is its own."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histories.sample import vocabulary as v
from histories.sample.columns import local, utc
from histories.sample.hazards import RECORDED_ONLY, WITH_INTENT, Hazards
from histories.sample.life import NOBODY, Events, begin, eve, new_sink, simulate
from histories.sample.parameters import Parameters
from histories.sample.population import EVENTS, Population
from histories.sample.simulate import _refresh, advance
from histories.sample.state import COLUMNS, HIDDEN, NOTES, STANDING, TWO_WAY, WARM
from histories.sample.streams import clock, exponential, mix, operational, stream, uniform

LEADS = 20_000
Sample = tuple[Population, Events]


def simulated(leads: int, seed: int, *, recorded_only: bool, months: int = 24) -> Sample:
    parameters = Parameters(leads, months, seed, recorded_only)
    population = parameters.population()
    return population, simulate(population, seed, parameters.ended, parameters.hazards)


@pytest.fixture(scope="module", params=[False, True], ids=["with intent", "recorded only"])
def default(request: pytest.FixtureRequest) -> Sample:
    return simulated(LEADS, 1, recorded_only=request.param)


def reached(events: Events, event: int, leads: int = LEADS) -> np.ndarray:
    """When each lead first came to a stage, in seconds; infinity where it never did."""
    first = np.full(leads, np.inf)
    rows = events.event == event
    np.minimum.at(first, events.lead[rows], events.second[rows])
    return first


def test_the_funnel_is_as_wide_as_promised(default: Sample) -> None:
    _, events = default
    shares = {name: np.isfinite(reached(events, event)).mean() for event, name in v.STAGES.items()}
    assert 0.026 < shares["customer"] < 0.033
    assert 0.09 < shares["sql"] < 0.11
    assert 0.2 < shares["mql"] < 0.33
    assert shares["sql"] > shares["opportunity"] > shares["customer"]


def test_most_recent_leads_are_still_open(default: Sample) -> None:
    population, events = default
    recent = population.created > population.created.max() - 90 * 86400
    ended = np.isfinite(np.minimum(reached(events, v.LOST), reached(events, v.CUSTOMER)))
    assert ended[recent].mean() < 0.15 < ended[~recent].mean()


def test_interactions_are_many_for_few_and_few_for_many(default: Sample) -> None:
    _, events = default
    counts = np.bincount(events.lead[events.event <= v.MEETING], minlength=LEADS)
    assert 20 < counts.mean() < 25
    assert np.median(counts) < counts.mean()
    assert np.percentile(counts, 99) > 2.5 * counts.mean()


def test_mail_is_answered_as_often_as_published(default: Sample) -> None:
    _, events = default
    counts = np.bincount(events.event, minlength=v.EVENTS)
    sent = counts[v.MAIL_SENT]
    assert 0.22 < counts[v.MAIL_OPEN] / sent < 0.33
    assert 0.02 < counts[v.MAIL_CLICK] / sent < 0.045
    assert 0.002 < counts[v.MAIL_UNSUBSCRIBE] / sent < 0.006
    assert 0.004 < counts[v.MAIL_BOUNCE] / sent < 0.012
    assert 0.15 < counts[v.MAIL_MACHINE_OPEN] / sent < 0.3


def test_each_stage_waits_for_the_one_before(default: Sample) -> None:
    _, events = default
    sql, opportunity, customer = (reached(events, event) for event in (v.SQL, v.OPPORTUNITY, v.CUSTOMER))
    assert (sql <= opportunity).all()
    assert (opportunity <= customer).all()


def test_nothing_comes_before_its_lead_or_after_the_export(default: Sample) -> None:
    population, events = default
    assert (events.second >= population.created[events.lead]).all()
    assert events.second.max() < Parameters(1, 24, 1, recorded_only=False).ended * 86400


def test_after_the_end_a_lead_gets_mail_and_meetings_and_does_nothing_that_speaks_of_buying(default: Sample) -> None:
    _, events = default
    ended = np.minimum(reached(events, v.CUSTOMER), reached(events, v.LOST))
    back = reached(events, v.REOPENED)
    after = (events.second > ended[events.lead] + 60) & (events.second < back[events.lead])
    allowed = {
        v.MAIL_SENT,
        v.MAIL_OPEN,
        v.MAIL_MACHINE_OPEN,
        v.MAIL_CLICK,
        v.MAIL_UNSUBSCRIBE,
        v.MAIL_BOUNCE,
        v.MEETING,
    }
    assert set(events.event[after].tolist()) <= allowed
    lost_for_good = after & np.isinf(reached(events, v.CUSTOMER))[events.lead]
    assert v.MEETING not in events.event[lost_for_good]


def test_nobody_opens_or_unsubscribes_without_having_been_written_to(default: Sample) -> None:
    _, events = default
    first_mail = reached(events, v.MAIL_SENT)
    for event in (v.MAIL_OPEN, v.MAIL_MACHINE_OPEN, v.MAIL_CLICK, v.MAIL_REPLY, v.MAIL_UNSUBSCRIBE, v.MAIL_BOUNCE):
        assert (first_mail <= reached(events, event))[np.isfinite(reached(events, event))].all()


def test_no_mail_goes_to_those_who_unsubscribed(default: Sample) -> None:
    _, events = default
    gone = reached(events, v.MAIL_UNSUBSCRIBE)
    assert not ((events.event == v.MAIL_SENT) & (events.second > gone[events.lead])).any()


def test_sales_does_not_call_at_weekends_and_summer_is_quiet(default: Sample) -> None:
    _, events = default
    days = events.second // 86400
    weekday = (days + 3) % 7
    ours = np.isin(events.event, (v.CALL_ANSWERED, v.CALL_UNANSWERED, v.MEETING, v.MAIL_SENT, v.SQL))
    assert not (weekday[ours] >= 5).any()
    assert (weekday[events.event == v.SESSION] >= 5).any()
    of_year = days % 365.2425
    visits = events.event == v.SESSION
    summer, before = ((of_year >= low) & (of_year < low + 45) for low in (191, 140))
    assert (visits & summer).sum() < 0.9 * (visits & before).sum()


def test_hidden_intent_makes_activity_more_uneven() -> None:
    spread = []
    for recorded_only in (False, True):
        _, events = simulated(5_000, 2, recorded_only=recorded_only)
        counts = np.bincount(events.lead[events.event == v.PRICING], minlength=5_000)
        spread.append(counts.std() / counts.mean())
    assert spread[0] > spread[1]


def test_an_account_is_the_same_however_many_leads_follow_it() -> None:
    few, few_events = simulated(300, 4, recorded_only=False)
    many, many_events = simulated(900, 4, recorded_only=False)
    whole = few.first[-2]  # the last account of the smaller sample may be cut short
    np.testing.assert_array_equal(few.created[:whole], many.created[:whole])
    for name in ("lead", "event", "second", "value"):
        one, other = getattr(few_events, name), getattr(many_events, name)
        np.testing.assert_array_equal(one[few_events.lead < whole], other[many_events.lead < whole])


@pytest.mark.parametrize("hazards", [WITH_INTENT, RECORDED_ONLY], ids=["with intent", "recorded only"])
def test_an_account_alone_up_to_a_moment_is_its_whole_life_cut_there(hazards: Hazards) -> None:
    population, events = simulated(400, 6, recorded_only=hazards is RECORDED_ONLY)
    followers = (v.MAIL_MACHINE_OPEN, v.MAIL_CLICK, v.MAIL_BOUNCE)  # some seconds after their cause
    for number in range(0, 60, 7):
        until = float(np.floor(population.created[population.first[number]])) + 40 * 86400.0 + 1234
        until = min(until, Parameters(1, 24, 1, recorded_only=True).ended * 86400.0)
        sink = new_sink(100_000)
        account = begin(population, number, population.first[number + 1] - population.first[number])
        source = stream(6, EVENTS, number, 0)
        advance(account, eve(account), operational(until), source, sink, hazards, NOBODY)
        used = int(sink.used[0])
        rows = (events.lead >= population.first[number]) & (events.lead < population.first[number + 1])
        main = ~np.isin(sink.event[:used], followers)
        rows &= (events.second < until) & ~np.isin(events.event, followers)
        own = sink.second[:used][main] < until
        assert sink.second[:used][main][own].tolist() == events.second[rows].tolist()


def test_recorded_hazards_know_no_hidden_intent() -> None:
    assert (RECORDED_ONLY.shock_rate, RECORDED_ONLY.window_opens, RECORDED_ONLY.window_height) == (0.0, 0.0, 0.0)
    population, _ = simulated(50, 1, recorded_only=True)
    account = begin(population, 0, population.first[1])
    advance(account, eve(account), eve(account) + 100.0, stream(1, EVENTS, 0, 0), new_sink(0), RECORDED_ONLY, NOBODY)
    assert account.state[:, HIDDEN].max() == 0.0
    assert account.window[0] == 0.0


def rate(event: int, *, fit: float = 0.0, standing: int = v.AT_LEAD, **state: float) -> float:
    """One lead's rate of an event on a Tuesday in spring, ten days after it came."""
    columns = {"warm": WARM, "two_way": TWO_WAY, "notes": NOTES, "hidden": HIDDEN}
    population, _ = simulated(1, 1, recorded_only=False)
    account = begin(population, 0, 1)
    moment = 19_828.0  # 2024-04-15 and a day
    account.created[0], account.fit[0] = moment - 10.0, fit
    account.state[0] = np.zeros(COLUMNS)
    account.state[0, STANDING] = standing
    for name, value in state.items():
        account.state[0, columns[name]] = value
    _refresh(account, 0, moment, 0.0, WITH_INTENT, NOBODY)
    return float(account.rates[0, event])


@pytest.mark.parametrize(
    ("standing", "event"), [(v.AT_MQL, v.SQL), (v.AT_SQL, v.OPPORTUNITY), (v.AT_OPPORTUNITY, v.CUSTOMER)]
)
@pytest.mark.parametrize("more", [{"fit": 1.0}, {"two_way": 1.0}, {"notes": 0.5}, {"hidden": 1.0}])
def test_fit_conversation_good_notes_and_intent_raise_the_next_stage(
    standing: int, event: int, more: dict[str, float]
) -> None:
    assert rate(event, standing=standing, **more) > rate(event, standing=standing) > 0.0


def test_the_effect_of_fit_on_sql_is_the_documented_constant() -> None:
    assert np.log(rate(v.SQL, fit=1.0) / rate(v.SQL)) == pytest.approx(WITH_INTENT.sql_fit)


def test_no_stage_is_skipped() -> None:
    assert rate(v.CUSTOMER, standing=v.AT_SQL) == rate(v.OPPORTUNITY, standing=v.AT_MQL) == 0.0
    assert rate(v.SQL, standing=v.AT_SQL) == rate(v.SQL, standing=v.AT_LOST) == 0.0


@given(st.floats(1.5e9, 2e9))
@settings(max_examples=100, deadline=None)
def test_operational_time_turns_back_to_the_clock_outside_the_dead_hours(moment: float) -> None:
    if moment % 86400 >= 7200:
        assert clock(operational(moment)) == pytest.approx(moment, abs=1e-3)
    else:
        assert operational(moment) == np.floor(moment / 86400)


@given(st.floats(1.5e9, 2e9), st.floats(0, 1e6))
@settings(max_examples=100, deadline=None)
def test_operational_time_never_runs_backwards(moment: float, later: float) -> None:
    assert operational(moment) <= operational(moment + later)


def test_nothing_happens_in_the_hours_in_which_clocks_change(default: Sample) -> None:
    _, events = default
    followed = np.isin(events.event, (v.MAIL_MACHINE_OPEN, v.MAIL_CLICK, v.MAIL_BOUNCE))  # some seconds after a cause
    assert (events.second[~followed] % 86400 >= 7200).all()


def test_streams_are_uniform_and_depend_on_every_number() -> None:
    source = stream(1, 2, 3, 4)
    drawn = np.array([uniform(source) for _ in range(20_000)])
    assert abs(drawn.mean() - 0.5) < 0.01
    assert 0.0 < drawn.min() < drawn.max() < 1.0
    assert np.histogram(drawn, 20, (0, 1))[0].min() > 850
    waits = np.array([exponential(source) for _ in range(20_000)])
    assert abs(waits.mean() - 1.0) < 0.03
    firsts = {
        uniform(stream(*numbers)) for numbers in ((1, 2, 3, 4), (0, 2, 3, 4), (1, 0, 3, 4), (1, 2, 0, 4), (1, 2, 3, 0))
    }
    assert len(firsts) == 5


def test_mixing_is_one_to_one() -> None:
    assert len({int(mix(np.uint64(number))) for number in range(5_000)}) == 5_000


@given(st.integers(1_500_000_000, 2_100_000_000))
@settings(max_examples=200, deadline=None)
def test_local_times_are_amsterdams(second: int) -> None:
    moment = datetime.fromtimestamp(second, UTC)
    amsterdam = moment.astimezone(ZoneInfo("Europe/Amsterdam")).replace(tzinfo=None)
    assert local(np.array([second])).to_pylist() == [amsterdam.isoformat(sep=" ")]
    assert utc(np.array([second])).to_pylist() == [moment.isoformat().replace("+00:00", "Z")]


@pytest.mark.parametrize("change", ["2024-03-31T01:00:00", "2025-10-26T01:00:00"])
@pytest.mark.parametrize("off", [-1, 0])
def test_local_times_are_right_to_the_second_where_clocks_change(change: str, off: int) -> None:
    moment = datetime.fromisoformat(change).replace(tzinfo=UTC)
    second = int(moment.timestamp()) + off
    amsterdam = datetime.fromtimestamp(second, ZoneInfo("Europe/Amsterdam")).replace(tzinfo=None)
    assert local(np.array([second])).to_pylist() == [amsterdam.isoformat(sep=" ")]


def test_every_constant_stands_in_the_documentation_with_its_values() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sample.md").read_text(encoding="utf-8")
    for name in Hazards._fields:
        row = f"| `{name}` | {getattr(WITH_INTENT, name):g} | {getattr(RECORDED_ONLY, name):g} |"
        assert row in page, f"docs/sample.md must have the row {row}"
