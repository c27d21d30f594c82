"""The words and the clock that every room shares."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histories import clock, zones
from histories.contract import FUNNEL, Direction, Families, Interaction, Stage, without_duplicates
from histories.errors import CallError

ZONES = ["Europe/Amsterdam", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "UTC"]
theorem = settings(max_examples=200, deadline=None)


@theorem
@given(st.datetimes(datetime.fromisoformat("1970-01-03"), datetime.fromisoformat("2099-12-30")), st.sampled_from(ZONES))
def test_a_column_of_local_times_is_read_like_one_alone(wall: datetime, zone: str) -> None:
    """Gaps and repeated hours included: the compiled table of offsets is zoneinfo's rule."""
    local = clock.micros(wall, "UTC")
    assert zones.to_utc(np.array([local]), zone).tolist() == [clock.micros(wall, zone)]


@pytest.mark.parametrize("zone", ZONES)
def test_around_every_change_of_the_clock_a_column_is_read_like_one_alone(zone: str) -> None:
    """Each quarter of an hour of every last and first week of the months of 2010 and 2018."""
    hours = [
        datetime.fromisoformat(f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}")
        for year in (2010, 2018)
        for month in range(1, 13)
        for day in (*range(1, 9), *range(12, 29))
        for hour in (0, 1, 2, 3, 23)
        for minute in (0, 15, 30, 59)
    ]
    walls = np.array([clock.micros(one, "UTC") for one in hours])
    assert zones.to_utc(walls, zone).tolist() == [clock.micros(one, zone) for one in hours]


@theorem
@given(st.integers(-(10**15), 4 * 10**15))
def test_iso_is_read_back(moment: int) -> None:
    assert clock.parse(clock.iso(moment)) == moment


def test_a_moment_with_an_offset_needs_no_zone() -> None:
    moment = datetime(2012, 7, 1, 12, tzinfo=ZoneInfo("Europe/Amsterdam"))
    assert clock.iso(clock.micros(moment, "America/Sao_Paulo")) == "2012-07-01T10:00:00Z"
    assert clock.date(clock.parse("2012-07-01T23:30:00-03:00")) == "2012-07-02"


@pytest.mark.parametrize("text", ["", "soon", "2012-13-01", "1e400"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(CallError, match=r"is not a time; write one like 2026-01-31 or 2026-01-31T09:30:00Z$"):
        clock.parse(text)


@pytest.mark.parametrize(
    ("text", "span"), [("0h", 0), ("30m", 30 * clock.MINUTE), ("1.5 d", 36 * clock.HOUR), ("2w", 14 * clock.DAY)]
)
def test_a_span_is_so_many_of_its_unit(text: str, span: int) -> None:
    assert clock.span(text) == span


@pytest.mark.parametrize("text", ["", "1", "d", "-1d", "1 month", "1d 2h"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(CallError, match=r"is not a span; write a number with m, h, d or w, such as 12h or 30d$"):
        clock.span(text)


@pytest.mark.parametrize("text", ["99999999d", "9" * 400 + "d"])
def test_a_span_that_no_lead_lives_is_refused(text: str) -> None:
    with pytest.raises(CallError, match=r"is longer than 100 years; write a shorter span"):
        clock.span(text)


def test_the_funnel_is_ordered_and_lost_lies_beside_it() -> None:
    assert [one.rank for one in FUNNEL] == [0, 1, 2, 3, 4]
    assert Stage.LOST.rank == -1


def test_a_star_alone_is_special_in_a_pattern() -> None:
    """Brackets and question marks are themselves; capitals count; a kind may have several families."""
    families = Families({"intent": ("[*] demo?", "price*"), "reply": ("price reply",)})
    assert families.of("[now] demo?") == {"intent"}
    assert families.of("n demox") == frozenset()
    assert families.of("Price") == frozenset()
    assert families.of("price reply") == {"intent", "reply"}


def test_a_family_must_be_fit_for_a_name_of_a_feature() -> None:
    with pytest.raises(ValueError, match=r"^family 'Two way': a name is lower-case letters, digits and _$"):
        Families({"Two way": ()})


INTERACTIONS = st.lists(
    st.builds(
        Interaction,
        interaction_id=st.sampled_from("abc"),
        occurred_at=st.integers(0, 3),
        kind=st.sampled_from("xy"),
        received_at=st.none() | st.integers(0, 3),
        value=st.none() | st.sampled_from([0.0, 1.0]),
    ),
    max_size=8,
)


@theorem
@given(INTERACTIONS, st.randoms(use_true_random=False))
def test_duplicates_are_removed_alike_in_any_order(interactions: list[Interaction], random: object) -> None:
    once = without_duplicates(interactions)
    shuffled = [*interactions, *once]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert without_duplicates(shuffled) == once
    assert [one.interaction_id for one in sorted(once, key=lambda one: one.interaction_id)] == sorted(
        {one.interaction_id for one in interactions}
    )
    assert once == sorted(once, key=lambda one: (one.occurred_at, one.interaction_id))


def test_the_earliest_received_stays() -> None:
    """One without a received_at was received as it happened."""
    late, early = Interaction("a", 1, "x", received_at=9), Interaction("a", 5, "x")
    assert without_duplicates([late, early]) == [early]


def test_a_direction_is_found_where_its_text_is() -> None:
    assert {"inbound": 1}[Direction.INBOUND] == 1
    assert {Direction.OUTBOUND: 2}.get(Direction("outbound")) == 2


def test_interactions_turn_into_columns_in_the_order_of_their_fields() -> None:
    seen = (Interaction("a", 1, "x"), Interaction("b", 2, "y", 3, "web", Direction.INBOUND, 4.0))
    ids, times, kinds, received, channels, directions, values = zip(*seen, strict=True)
    assert (ids, times, kinds) == (("a", "b"), (1, 2), ("x", "y"))
    assert (received, channels, directions, values) == ((None, 3), (None, "web"), (None, "inbound"), (None, 4.0))
