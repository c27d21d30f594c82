"""What comes in: kinds that a bundle never saw, and kinds that come in less, on weeks that one can count."""

import numpy as np
import pytest

from features.catalogue import Catalogue
from histories import clock
from histories.assemble import assemble
from histories.clock import DAY
from histories.contract import Families, Histories, Interaction, LeadHistory
from training.monitor import kinds
from training.monitor.findings import of_kinds
from training.monitor.kinds import ALL, Unknown, alarming, by_name, fallen, silent, unknown, volumes

NOW = 1000 * DAY
KNOWN = Catalogue(kinds=("open",), families=Families({}), attributes=(), timezone="UTC", rare_kinds=("call",))


def company(touches: list[tuple[str, str, float]]) -> Histories:
    """`touches`: lead, kind, and how many days ago."""
    leads: dict[str, list[Interaction]] = {}
    for number, (lead, kind, ago) in enumerate(touches):
        leads.setdefault(lead, []).append(Interaction(f"{number}", NOW - int(ago * DAY), kind))
    return assemble(
        [LeadHistory(lead, 0, interactions=tuple(found)) for lead, found in leads.items()],
        exported_at=NOW,
        timezone="UTC",
        families=Families({}),
    )


def weekly(kind: str, *counts: int) -> list[tuple[str, str, float]]:
    """So many a week, the last week first."""
    return [
        ("a", kind, 7 * week + 7 * (one + 0.5) / count) for week, count in enumerate(counts) for one in range(count)
    ]


def test_a_kind_is_unknown_if_it_was_in_no_column_and_not_rare_either() -> None:
    histories = company([("a", "open", 1), ("a", "call", 1), ("a", "fax", 1), ("b", "fax", 2), ("b", "fax", 29)])
    assert unknown(histories, KNOWN) == (Unknown("fax", 2, 2, 2 / 4),)


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (Unknown("fax", 60, 50, 0.001), True),
        (Unknown("fax", 60, 49, 0.049), False),
        (Unknown("fax", 3, 1, 0.05), True),
    ],
)
def test_an_unknown_kind_calls_a_person_where_it_would_get_a_column_or_is_a_large_share(
    one: Unknown, told: bool
) -> None:
    assert bool(alarming((one,))) is told


def test_a_source_that_broke_is_told_by_its_kind_and_not_by_the_others() -> None:
    histories = company(weekly("open", *[70] * 9) + weekly("call", 0, *[21] * 8))
    found = volumes(histories)
    assert [one.kind for one in found] == [ALL, "open", "call"]
    assert (by_name(found)["call"].a_day, by_name(found)["call"].before) == (0, 3)
    assert [one.kind for one in fallen(found)] == ["call"]


def test_a_week_of_half_as_many_is_told_where_weeks_are_steady_and_not_where_they_swing() -> None:
    steady = company(weekly("open", 35, 70, 72, 69, 71, 70, 68, 73, 70))
    swings = company(weekly("open", 35, 90, 40, 110, 50, 70, 30, 95, 75))
    assert [one.kind for one in fallen(volumes(steady))] == [ALL, "open"]
    assert fallen(volumes(swings)) == ()


def test_a_kind_that_comes_too_seldom_tells_nothing_when_it_stays_away() -> None:
    found = by_name(volumes(company(weekly("open", *[70] * 9) + weekly("fax", 0, *[4] * 8))))
    assert (found["fax"].told, found["fax"].p) == (False, 1.0)


def test_a_store_of_a_fortnight_tells_nothing_of_weeks_before() -> None:
    assert volumes(company(weekly("open", 10, 10))) == ()
    assert len(volumes(company(weekly("open", 10, 10, 10)))) == 2


def test_the_last_week_holds_what_was_up_to_seven_days_ago_and_nothing_older() -> None:
    edge = [("a", "open", 1 / DAY), ("a", "open", 7.0), ("a", "open", 7.0 + 1 / DAY)]
    found = volumes(company([*edge, ("a", "open", 14.0), ("a", "open", 20.0)]))
    assert by_name(found)["open"].a_day * 7 == 2
    assert by_name(found)["open"].before * 7 == (2 + 1) / 2


@pytest.mark.parametrize("burst", [1, 4])
def test_luck_calls_a_person_less_than_once_in_a_hundred_looks(burst: int) -> None:
    """600 looks at ten kinds of 14 to 140 a week, that come one by one or in bursts of four."""
    random, alarms = np.random.default_rng(3), 0
    for _ in range(600):
        counts = burst * random.poisson(np.linspace(14, 140, 10)[:, None] / burst, (10, 9))
        alarms += bool(fallen(tuple(kinds.of_weeks(f"kind {n}", one) for n, one in enumerate(counts.astype(float)))))
    assert alarms / 600 <= 0.01


def test_a_source_that_died_calls_a_person_until_a_model_learns_without_it() -> None:
    """`open` came ten times a week, until five weeks ago; `call` now and then; `fax` goes on."""
    touches = weekly("open", 0, 0, 0, 0, 0, *[10] * 20) + weekly("call", 0, 0, 0, 0, 0, *[0, 40] * 10)
    histories = company(touches + weekly("fax", *[10] * 25))
    known = Catalogue(kinds=("open", "call", "fax"), families=Families({}), attributes=(), timezone="UTC")
    (found,) = silent(histories, known, NOW - 6 * 7 * DAY)
    assert (found.kind, found.before) == ("open", pytest.approx(10 / 7))
    assert found.last == NOW - int((35 + 0.35) * DAY)
    assert silent(histories, known, NOW) == ()  # trained since: it is regular no more
    assert silent(histories, KNOWN, NOW - 6 * 7 * DAY) == (found,)
    (told,) = of_kinds((), volumes(histories), (found,))
    assert (told.code, told.subject) == ("silent_kind", "open")
    assert (
        told.what
        == f"Nothing came for four weeks of what the model learnt from: open (last on {clock.date(found.last)})."
    )


def test_a_kind_that_came_in_the_last_four_weeks_is_not_silent_however_seldom() -> None:
    histories = company(weekly("open", 0, 0, 0, 1, *[10] * 20))
    assert silent(histories, KNOWN, NOW - 10 * 7 * DAY) == ()
