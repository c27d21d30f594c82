"""What single features say, on histories that one can count by hand."""

import math

import pytest
from feature_histories import CATALOGUE, CUTOFF, FAMILIES

from features import one
from features.catalogue import AttributeSpec, Catalogue
from histories.clock import DAY, HOUR, MINUTE, parse
from histories.contract import (
    Attribute,
    AttributeType,
    Direction,
    Interaction,
    LeadHistory,
    Outcome,
    Stage,
)

WINDOWS = (1, 3, 7, 14, 30, 90)


def features(cutoff: int = CUTOFF, catalogue: Catalogue = CATALOGUE, **history: object) -> dict[str, float]:
    lead = LeadHistory("a", CUTOFF - 100 * DAY, **history)  # type: ignore[arg-type]
    return dict(zip(catalogue.names, one.row(lead, cutoff, catalogue).tolist(), strict=True))


def events(*ages: int, kind: str = "pricing", direction: Direction | None = None) -> tuple[Interaction, ...]:
    return tuple(
        Interaction(f"{kind}:{n}", CUTOFF - age, kind, direction=direction, value=2.5) for n, age in enumerate(ages)
    )


@pytest.mark.parametrize("days", WINDOWS)
def test_a_window_takes_its_first_microsecond_and_leaves_the_cutoff(days: int) -> None:
    def count(age: int, aggregate: str = "count") -> float:
        return features(interactions=events(age))[f"pricing_{aggregate}_{days}d"]

    assert [count(days * DAY + late) for late in (1, 0, -1)] == [0, 1, 1]
    assert [count(late) for late in (1, 0, -1)] == [1, 0, 0]
    assert [count(days * DAY + late, "sum") for late in (1, 0, -1)] == [0, 2.5, 2.5]


@pytest.mark.parametrize("days", WINDOWS)
def test_a_decayed_count_is_a_half_after_its_half_life(days: int) -> None:
    assert features(interactions=events(days * DAY))[f"pricing_decayed_{days}d"] == 0.5
    assert features(interactions=events(days * DAY, 2 * days * DAY))[f"pricing_decayed_{days}d"] == 0.75


def test_a_late_arrival_counts_from_the_moment_it_arrives() -> None:
    late = (Interaction("1", CUTOFF - DAY, "pricing", received_at=CUTOFF + 5),)
    assert [features(CUTOFF + wait, interactions=late)["pricing_count_all"] for wait in (4, 5)] == [0, 1]
    assert features(CUTOFF + 5, interactions=late)["pricing_age_days"] == (DAY + 5) / DAY


def test_without_interactions_counts_are_0_and_ages_missing() -> None:
    row = features()
    assert [name for name, value in row.items() if "_count_" in name and "account" not in name and value != 0] == []
    ages = [value for name, value in row.items() if name.endswith("_age_days") and name != "lead_age_days"]
    assert all(map(math.isnan, ages))
    assert row["lead_age_days"] == 100


def test_a_kind_that_training_never_saw_is_other_and_keeps_its_families() -> None:
    row = features(interactions=events(DAY, kind="demo_of_the_future"))
    assert (row["other_count_7d"], row["intent_count_7d"], row["interactions_count_7d"]) == (1, 1, 1)
    assert row["latest_kind_1"] == len(CATALOGUE.kinds)


def test_sessions_end_after_thirty_minutes() -> None:
    minutes = [1, 30, 60 - 1 / 60e6, 89]
    row = features(interactions=events(*(int(age * MINUTE) for age in minutes)))
    assert row["sessions_count_all"] == 1
    assert features(interactions=events(MINUTE, 31 * MINUTE))["sessions_count_all"] == 2


def test_active_days_are_calendar_days_of_the_zone_and_not_moments() -> None:
    """22:30 and 23:30 in Amsterdam are one day, 00:30 is the next; in UTC all three are one."""
    times = [parse(f"2024-01-10T{clock}:30:00", "Europe/Amsterdam") for clock in ("22", "23")]
    times += [parse("2024-01-11T00:30:00", "Europe/Amsterdam"), parse("2024-01-11T00:30:00", "Europe/Amsterdam")]
    seen = tuple(Interaction(str(n), time, "mail") for n, time in enumerate(times))
    assert features(parse("2024-01-12"), interactions=seen)["active_days_all"] == 2


def test_a_day_that_clocks_going_back_bring_twice_is_one_day() -> None:
    """In Newfoundland, 2005-10-30 began twice: one minute after midnight it was 23:01 on the 29th again."""
    catalogue = Catalogue((), FAMILIES, (), "America/St_Johns")
    back = parse("2005-10-30T02:31:00Z")
    clocks = [back - 30 * MINUTE, back - MINUTE // 2, back + MINUTE, back + 30 * MINUTE, back + 2 * HOUR]
    seen = tuple(Interaction(str(n), time, "mail") for n, time in enumerate(clocks))
    assert features(back + DAY, catalogue, interactions=seen)["active_days_all"] == 2
    assert features(back + DAY, catalogue, interactions=seen[1:2] + seen[3:])["active_days_all"] == 2


def test_gaps_of_one_and_three_days() -> None:
    row = features(interactions=events(2 * DAY, 3 * DAY, 6 * DAY))
    assert (row["gap_mean_days"], row["gap_spread_days"], row["gap_longest_days"]) == (2, 1, 3)
    assert row["gap_current_ratio"] == 1


def test_one_interaction_has_no_gaps_and_one_instant_no_usual_gap() -> None:
    assert math.isnan(features(interactions=events(DAY))["gap_mean_days"])
    row = features(interactions=events(DAY, DAY))
    assert row["gap_mean_days"] == 0
    assert math.isnan(row["gap_current_ratio"])


def test_time_to_reply_runs_from_the_last_outbound_before_it() -> None:
    ours = events(100 * HOUR, 90 * HOUR, 20 * HOUR, 3 * HOUR, 2 * HOUR, kind="mail", direction=Direction.OUTBOUND)
    theirs = events(84 * HOUR, 80 * HOUR, 18 * HOUR, kind="reply", direction=Direction.INBOUND)
    row = features(interactions=ours + theirs)
    assert (row["answer_mean_hours"], row["answer_latest_hours"]) == (4, 2)
    assert row["outbound_unanswered_count"] == 2
    assert row["inbound_share_all"] == 3 / 8
    assert row["replies_per_outbound_all"] == 3 / 5


def test_families_tell_the_direction_where_the_export_does_not() -> None:
    row = features(interactions=events(DAY, kind="mail") + events(DAY, kind="reply") + events(DAY, kind="call"))
    assert (row["outbound_count_all"], row["inbound_count_all"], row["replies_count_all"]) == (2, 1, 1)


def test_an_answered_call_of_ours_is_two_way_but_no_reply() -> None:
    row = features(interactions=events(DAY, kind="call", direction=Direction.OUTBOUND))
    assert (row["two_way_count_all"], row["replies_count_all"]) == (1, 0)


def test_the_last_three_kinds_of_one_instant_go_by_id() -> None:
    seen = tuple(
        Interaction(name, CUTOFF - 1, kind) for name, kind in (("b", "mail"), ("c", "reply"), ("a", "pricing"))
    )
    row = features(interactions=seen)
    assert [CATALOGUE.kinds[int(row[f"latest_kind_{place}"])] for place in (1, 2, 3)] == ["reply", "mail", "pricing"]


def test_hour_and_weekday_are_local() -> None:
    sunday_night = (Interaction("1", parse("2024-03-31T22:15:00Z"), "mail"),)
    row = features(parse("2024-04-02"), interactions=sunday_night)
    assert (row["latest_hour"], row["latest_weekday"]) == (0, 0)


def test_kinds_and_channels_are_counted_once_each() -> None:
    names = [("mail", "email"), ("mail", "web"), ("odd", "fax"), ("odder", "pigeon"), ("reply", None)]
    seen = tuple(Interaction(str(n), CUTOFF - n * DAY - 1, kind, channel=ch) for n, (kind, ch) in enumerate(names))
    row = features(interactions=seen)
    assert (row["kinds_distinct_all"], row["channels_distinct_all"]) == (3, 3)
    assert (row["kinds_distinct_1d"], row["channels_distinct_1d"]) == (1, 1)
    assert (row["kinds_distinct_3d"], row["channels_distinct_3d"]) == (2, 3)


def test_a_reopened_lead_begins_again() -> None:
    before = (Outcome(Stage.SQL, CUTOFF - 50 * DAY), Outcome(Stage.LOST, CUTOFF - 40 * DAY))
    after = (*before, Outcome(Stage.MQL, CUTOFF - 10 * DAY))
    assert features(outcomes=before)["sql_age_days"] == 50
    row = features(outcomes=after)
    assert (row["sql_reached"], row["mql_reached"], row["mql_age_days"]) == (0, 1, 10)
    assert features(CUTOFF - 20 * DAY, outcomes=after)["sql_age_days"] == 30


def test_a_stage_reached_at_the_cutoff_is_not_reached_yet() -> None:
    reached = (Outcome(Stage.OPPORTUNITY, CUTOFF),)
    assert features(outcomes=reached)["opportunity_reached"] == 0
    row = features(CUTOFF + 1, outcomes=reached)
    assert (row["opportunity_reached"], row["mql_reached"], row["mql_age_days"]) == (1, 1, 1 / DAY)


def test_attributes_are_those_known_before_the_cutoff() -> None:
    known = (Attribute("size", 10.0), Attribute("size", 20.0, CUTOFF - 5), Attribute("size", None, CUTOFF - 1))
    sizes = [features(CUTOFF + wait, attributes=known)["attribute.size"] for wait in (-5, -4, -1)]
    assert sizes == [10, 20, 20]
    assert math.isnan(features(attributes=known)["attribute.size"])


def test_categories_are_codes_and_the_unknown_have_one() -> None:
    def code(value: str | float | None) -> float:
        return features(attributes=(Attribute("industry", value),))["attribute.industry"]

    assert [code("bank"), code("farm"), code("circus")] == [0, 1, 2]
    assert math.isnan(code(None))


def test_the_account_is_missing_where_unknown_and_0_where_nobody_else_acted() -> None:
    assert math.isnan(features()["account_others_count_all"])
    row = features(account_interactions=())
    assert (row["account_others_count_all"], row["account_others_intent_count_7d"]) == (0, 0)
    assert math.isnan(row["account_others_age_days"])


def test_the_account_counts_its_families_only_where_they_are_declared() -> None:
    others = events(DAY) + events(2 * DAY, kind="reply")
    row = features(account_interactions=others)
    assert [row[f"account_others_{family}count_3d"] for family in ("", "intent_", "two_way_")] == [2, 1, 1]
    assert row["account_others_age_days"] == 1
    bare = Catalogue((), type(FAMILIES)({}), (), "UTC")
    assert math.isnan(features(catalogue=bare, account_interactions=others)["account_others_intent_count_3d"])


def test_warnings_name_unknown_kinds_and_missing_attributes() -> None:
    seen = events(DAY, kind="zebra") + events(2 * DAY, kind="mail") + events(3 * DAY, kind="stop")
    later = (Interaction("x", CUTOFF, "future"), Interaction("y", CUTOFF - 1, "late", received_at=CUTOFF + 1))
    lead = LeadHistory("a", 0, None, (Attribute("size", 3.0, CUTOFF), Attribute("industry", "odd")), seen + later)
    assert one.unknown_kinds(lead, CATALOGUE, CUTOFF) == ("zebra",)
    assert one.unknown_kinds(lead, CATALOGUE, CUTOFF + 1) == ("future", "late", "zebra")
    assert one.missing_attributes(lead, CATALOGUE, CUTOFF) == ("size",)
    assert one.missing_attributes(lead, CATALOGUE, CUTOFF + 1) == ()


def test_a_value_of_the_wrong_type_is_missing() -> None:
    catalogue = Catalogue((), FAMILIES, (AttributeSpec("size", AttributeType.NUMBER),), "UTC")
    row = features(catalogue=catalogue, attributes=(Attribute("size", "many"),))
    assert math.isnan(row["attribute.size"])
